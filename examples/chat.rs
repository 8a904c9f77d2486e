//! A chat server over TCP. Guests come and go, one that does not listen is shown out, and Ctrl-C closes it in good order: all
//! hear the last line, and have two seconds to do so.
//!
//! `cargo run --release --example chat` plays a session of three guests against itself;
//! `cargo run --release --example chat -- 127.0.0.1:8000` serves, for `nc 127.0.0.1 8000` in other terminals.
//!
//! In asyncio: `asyncio.start_server(handle, ...)`, a `TaskGroup` in it, and `loop.add_signal_handler(SIGINT, stop.set)`.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use anyhow::{Context, bail};
use async_net::{TcpListener, TcpStream};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt, StreamExt, io::BufReader, io::Lines};
use smolio::{
    CancelScope, Or2, Queue, Supervisor, TaskGroup, queue::TryPutError, race, shutdown_signal,
    sleep,
};

/// How long guests may take to hear the last line.
const GRACE: Duration = Duration::from_secs(2);

/// How many lines a guest may be behind.
const PATIENCE: usize = 100;

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        return play().await;
    };
    let listener = TcpListener::bind(&address).await;
    let listener = listener.with_context(|| format!("could not listen on {address}"))?;
    println!("listening on {}", listener.local_addr()?);
    let stop = async {
        match shutdown_signal().await {
            Ok(signal) => println!("{signal}"),
            Err(error) => eprintln!("closing, for want of signals: {error}"),
        }
    };
    serve(listener, stop).await;
    Ok(())
}

/// Serves until `stop` is done, and then until the guests have gone.
async fn serve(listener: TcpListener, stop: impl Future<Output = ()>) {
    let room = Room::default();
    let guests = Supervisor::<Infallible>::new();
    let accept = async {
        let mut stop = pin!(stop);
        loop {
            match race((&mut stop, listener.accept())).await {
                Or2::A(()) => break,
                Or2::B(Ok((stream, address))) => {
                    guests.spawn(host(stream, address, &room));
                }
                Or2::B(Err(error)) => {
                    // Too many open files, perhaps. Somebody may leave.
                    eprintln!("could not let somebody in: {error}");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
        println!("closing, {} inside", room.state().inboxes.len());
        room.close();
        guests.cancel_with_grace(sleep(GRACE));
    };
    match guests.run(accept).await {
        Ok(()) => println!("closed"),
        Err(_) => println!("closed; somebody had not heard"),
    }
}

async fn host(stream: TcpStream, address: SocketAddr, room: &Room) {
    if let Err(error) = talk(stream, room).await {
        println!("{address}: {error:#}");
    }
}

/// One guest's stay.
async fn talk(mut stream: TcpStream, room: &Room) -> anyhow::Result<()> {
    let mut lines = BufReader::new(stream.clone()).lines();
    stream.write_all(b"your name?\n").await?;
    let Some(name) = lines.next().await.transpose()? else {
        return Ok(());
    };
    let seat = match room.enter(name) {
        Ok(seat) => seat,
        Err(refusal) => {
            stream
                .write_all(format!("* {refusal}\n").as_bytes())
                .await?;
            return Ok(());
        }
    };
    let say = async {
        while let Some(line) = lines.next().await.transpose()? {
            room.tell_others(&seat.name, &format!("{}: {line}", seat.name));
        }
        Ok(()) // the guest has hung up
    };
    let hear = async {
        while let Some(line) = seat.inbox.lines.next().await {
            stream.write_all(line.as_bytes()).await?;
            stream.write_all(b"\n").await?;
        }
        Ok(()) // the room has closed
    };
    match race((say, seat.inbox.patience.run(hear))).await {
        Or2::A(end) | Or2::B(Some(end)) => end,
        Or2::B(None) => bail!("{} does not listen", seat.name),
    }
}

#[derive(Default)]
struct Room(Mutex<RoomState>);

#[derive(Default)]
struct RoomState {
    is_closed: bool,
    inboxes: BTreeMap<String, Inbox>,
}

/// What a guest is to hear, and the end of it if it does not listen.
#[derive(Clone)]
struct Inbox {
    lines: Queue<String>,
    patience: CancelScope,
}

impl Room {
    fn state(&self) -> MutexGuard<'_, RoomState> {
        self.0.lock().expect("nothing panics with it")
    }

    fn enter(&self, name: String) -> anyhow::Result<Seat<'_>> {
        let inbox = Inbox {
            lines: Queue::bounded(PATIENCE),
            patience: CancelScope::new(),
        };
        let mut state = self.state();
        if state.is_closed {
            bail!("{name} came too late");
        }
        if state.inboxes.contains_key(&name) {
            bail!("there is somebody called {name} already");
        }
        let others: Vec<&str> = state.inboxes.keys().map(String::as_str).collect();
        let welcome = match others[..] {
            [] => "* you are the first".to_owned(),
            _ => format!("* here: {}", others.join(", ")),
        };
        inbox.lines.try_put(welcome).expect("it is empty");
        state.inboxes.insert(name.clone(), inbox.clone());
        drop(state);
        self.tell_others(&name, &format!("* {name} is here"));
        Ok(Seat {
            room: self,
            name,
            inbox,
        })
    }

    fn tell_others(&self, speaker: &str, line: &str) {
        for (name, inbox) in &self.state().inboxes {
            if name == speaker {
                continue;
            }
            if let Err(TryPutError::Full(_)) = inbox.lines.try_put(line.to_owned()) {
                inbox.patience.cancel();
            }
        }
    }

    /// The last line for everybody.
    fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        for inbox in state.inboxes.values() {
            // Who is so far behind that there is no room for it does without.
            inbox.lines.try_put("* we are closing".to_owned()).ok();
            inbox.lines.shutdown();
        }
    }
}

/// A place in the room, until it is dropped: however the stay ends.
struct Seat<'r> {
    room: &'r Room,
    name: String,
    inbox: Inbox,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let name = &self.name;
        self.room.state().inboxes.remove(name);
        self.room.tell_others(name, &format!("* {name} has left"));
    }
}

/// A session of three guests, who take turns.
async fn play() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let group = TaskGroup::<anyhow::Error>::new();
    let session = group.run(async {
        group.spawn(serve(listener, group.cancelled()));
        let mut ada = Guest::enter(address, "ada").await?;
        let mut bob = Guest::enter(address, "bob").await?;
        ada.hear().await?;
        let mut cyd = Guest::enter(address, "cyd").await?;
        ada.hear().await?;
        bob.hear().await?;

        ada.say("hello, you two").await?;
        bob.hear().await?;
        cyd.hear().await?;
        cyd.say("hello, ada").await?;
        ada.hear().await?;
        bob.hear().await?;

        drop(bob);
        ada.hear().await?;
        cyd.hear().await?;

        group.cancel_with_grace(sleep(GRACE * 2)); // what Ctrl-C would do
        ada.hear().await?;
        ada.hear().await?;
        cyd.hear().await?;
        cyd.hear().await?;
        Ok(())
    });
    Ok(session.await?)
}

struct Guest {
    name: &'static str,
    stream: TcpStream,
    lines: Lines<BufReader<TcpStream>>,
}

impl Guest {
    async fn enter(address: SocketAddr, name: &'static str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let lines = BufReader::new(stream.clone()).lines();
        let mut guest = Self {
            name,
            stream,
            lines,
        };
        guest.hear().await?;
        guest.say(name).await?;
        guest.hear().await?; // from now on it hears what the others say
        Ok(guest)
    }

    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        println!("{} says: {line}", self.name);
        self.stream
            .write_all(format!("{line}\n").as_bytes())
            .await?;
        Ok(())
    }

    async fn hear(&mut self) -> anyhow::Result<()> {
        match self.lines.next().await.transpose()? {
            Some(line) => println!("{} hears: {line}", self.name),
            None => println!("{} hears no more", self.name),
        }
        Ok(())
    }
}
