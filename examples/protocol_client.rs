//! A client of a protocol, redis's: many may ask at the same time over one connection, and none waits for the answer of another
//! before it is sent; that is pipelining. The connection comes back when it breaks, and who waits too long gives up alone.
//!
//! `cargo run --release --example protocol_client` talks to a server of its own, which knows a handful of commands.
//!
//! In asyncio: `reader, writer = await asyncio.open_connection(...)`, a task that reads, and a deque of futures.

use std::{
    collections::HashMap, convert::Infallible, fmt, mem, net::SocketAddr, sync::Mutex,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use futures_lite::AsyncWriteExt;
use smolio::{
    Or2, Queue, TaskGroup,
    net::{StreamReader, TcpConnection, TcpStream, open_connection, start_server},
    race, sleep,
    sync::oneshot,
    time::Backoff,
    timeout, try_gather,
};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// A text may have so many bytes, and a list so many items.
const LIMIT: usize = 1 << 20;
/// So many commands go into one packet, if they are there.
const BATCH: usize = 100;

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let numbers = Mutex::default();
    let server = start_server("127.0.0.1:0", |connection| serve(connection, &numbers)).await?;
    let address = server.local_addresses()[0];
    server.serve_until(play(address)).await.reason
}

async fn play(address: SocketAddr) -> anyhow::Result<()> {
    let client = Client::new();
    let group = TaskGroup::<anyhow::Error>::new();
    let played = group.run(async {
        group.spawn(client.keep_connected(address));
        println!("PING: {}", client.call(&["PING"]).await?);

        let many = (0..1000).map(|_| client.call(&["INCR", "visits"]));
        let answers = try_gather(many).await?;
        println!("INCR, {} at the same time", answers.len());
        println!("GET: {}", client.call(&["GET", "visits"]).await?);

        let slow = client.call(&["LATE"]);
        match timeout(Duration::from_millis(20), slow).await {
            Ok(answer) => println!("LATE: {}", answer?),
            Err(elapsed) => println!("LATE: {elapsed}"),
        }
        // The answer to LATE comes first, and is not taken for the one to this.
        println!("ECHO: {}", client.call(&["ECHO", "hello"]).await?);

        if let Err(error) = client.call(&["HANGUP"]).await {
            println!("HANGUP: {error}");
        }
        println!("INCR: {}", client.call(&["INCR", "visits"]).await?);
        println!("NONSENSE: {}", client.call(&["NONSENSE"]).await?);
        client.close();
        Ok(())
    });
    Ok(played.await?)
}

/// Asks; whoever runs [`keep_connected`](Self::keep_connected) sends and receives.
struct Client {
    commands: Queue<Command>,
}

struct Command {
    bytes: Vec<u8>,
    answer: oneshot::Sender<Reply>,
}

impl Client {
    fn new() -> Self {
        Self {
            // With a limit, so that those who ask faster than the server answers wait.
            commands: Queue::bounded(10_000),
        }
    }

    /// Sends a command and waits for its answer. Dropped before that, for a timeout perhaps, it leaves the answer to be thrown away.
    ///
    /// A command that was on its way when the connection broke is not repeated: it may have been done.
    async fn call(&self, words: &[&str]) -> anyhow::Result<Reply> {
        let (answer, reply) = oneshot::channel();
        let bytes = encode(words);
        let command = Command { bytes, answer };
        let sent = self.commands.put(command).await;
        sent.ok().context("the client is closed")?;
        reply
            .await
            .context("the connection broke before the answer came")
    }

    /// No more commands; those that are there are still sent.
    fn close(&self) {
        self.commands.shutdown();
    }

    /// Connects, again and again if need be, until the client is closed.
    async fn keep_connected(&self, address: SocketAddr) -> anyhow::Result<()> {
        let unused = Backoff::endless().base(Duration::from_millis(10));
        let mut pauses = unused.clone();
        loop {
            match timeout(CONNECT_LIMIT, open_connection(address)).await {
                Ok(Ok(stream)) => {
                    pauses = unused.clone();
                    match self.talk(stream).await {
                        Ok(()) => return Ok(()),
                        Err(error) => println!("connecting again: {error}"),
                    }
                }
                Ok(Err(error)) => println!("connecting again: {error}"),
                Err(elapsed) => println!("connecting again: {elapsed}"),
            }
            sleep(pauses.next().expect("there is no end of them")).await;
        }
    }

    /// Sends and receives on one connection until it breaks, or until there are no more commands and all are answered.
    async fn talk(&self, stream: TcpStream) -> anyhow::Result<()> {
        let mut reader = StreamReader::new(stream.clone());
        // Those who wait, in the order of their commands. Dropped with the connection, so that they learn of its end.
        let waiting = Queue::unbounded();
        let send = async {
            let mut stream = stream;
            loop {
                let Ok(commands) = self.commands.get_many(BATCH).await else {
                    waiting.join().await; // closed: the last answers
                    return anyhow::Ok(());
                };
                let mut bytes = Vec::new();
                for command in commands {
                    bytes.extend(command.bytes);
                    waiting.try_put(command.answer).expect("it has no limit");
                }
                stream.write_all(&bytes).await?;
            }
        };
        match race((send, receive(&mut reader, &waiting))).await {
            Or2::A(end) => end,
            Or2::B(Err(broken)) => Err(broken),
        }
    }
}

/// Passes the answers on, until the connection breaks.
async fn receive(
    reader: &mut StreamReader<TcpStream>,
    waiting: &Queue<oneshot::Sender<Reply>>,
) -> anyhow::Result<Infallible> {
    loop {
        // Also while nobody waits, so that the end of the connection is seen at once.
        let reply = read_reply(reader).await?;
        let first = waiting.try_get();
        let first = first.context("an answer that nobody asked for")?;
        first.send(reply).ok(); // who has given up does not want it
        waiting.task_done()?;
    }
}

/// An answer.
enum Reply {
    Text(String),
    Number(i64),
    Nothing,
    Error(String),
    List(Vec<Reply>),
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Nothing => f.write_str("nothing"),
            Self::Error(message) => write!(f, "the server says: {message}"),
            Self::List(items) => items.iter().try_for_each(|item| write!(f, "{item};")),
        }
    }
}

/// A list of texts: `*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n`.
fn encode(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    bytes.into_bytes()
}

async fn read_reply(reader: &mut StreamReader<TcpStream>) -> anyhow::Result<Reply> {
    let line = reader.read_until("\r\n", LIMIT).await?;
    let line = String::from_utf8(line)?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1).context("an empty line")?;
    Ok(match kind {
        "+" => Reply::Text(rest.to_owned()),
        "-" => Reply::Error(rest.to_owned()),
        ":" => Reply::Number(rest.parse()?),
        "$" | "*" if rest == "-1" => Reply::Nothing,
        "$" => {
            let length = length(rest)?;
            let mut text = reader.read_exactly(length + 2).await?;
            text.truncate(length);
            Reply::Text(String::from_utf8(text)?)
        }
        "*" => {
            let mut items = Vec::new();
            for _ in 0..length(rest)? {
                // A list may hold lists: a future that holds itself must be boxed.
                items.push(Box::pin(read_reply(reader)).await?);
            }
            Reply::List(items)
        }
        _ => bail!("`{line}` is no answer"),
    })
}

/// A length that the peer has announced.
fn length(text: &str) -> anyhow::Result<usize> {
    let length = text.parse()?;
    ensure!(length <= LIMIT, "{length} is too long");
    Ok(length)
}

/// The server: one command after the other, as redis does it.
async fn serve(
    connection: TcpConnection,
    numbers: &Mutex<HashMap<String, i64>>,
) -> anyhow::Result<()> {
    let mut stream = connection.stream.clone();
    let mut reader = StreamReader::new(connection.stream);
    // What LATE is answered, before the next command is.
    let mut owed = "";
    loop {
        let command = match race((connection.closing.clone(), read_reply(&mut reader))).await {
            Or2::A(()) => return Ok(()),
            Or2::B(Ok(Reply::List(words))) => words,
            // The client has gone.
            Or2::B(_) => return Ok(()),
        };
        let words: Vec<String> = command.iter().map(Reply::to_string).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = match words[..] {
            ["PING"] => "+PONG\r\n".to_owned(),
            ["ECHO", text] => format!("${}\r\n{text}\r\n", text.len()),
            ["INCR", name] => {
                let mut numbers = numbers.lock().expect("nothing panics with it");
                let number = numbers.entry(name.to_owned()).or_default();
                *number += 1;
                format!(":{number}\r\n")
            }
            ["GET", name] => {
                let numbers = numbers.lock().expect("nothing panics with it");
                match numbers.get(name) {
                    Some(number) => format!(":{number}\r\n"),
                    None => "$-1\r\n".to_owned(),
                }
            }
            ["LATE"] => {
                owed = "+at last\r\n";
                continue;
            }
            ["HANGUP"] => return Ok(()),
            _ => format!("-ERR unknown command `{}`\r\n", words.join(" ")),
        };
        let answers = [mem::take(&mut owed), &answer].concat();
        stream.write_all(answers.as_bytes()).await?;
    }
}
