//! A peer that answers at random: right, wrong, in pieces, or not to the end. Nothing may hang, panic, or be lost.
//!
//! `SMOLIO_STRESS_SECONDS=20` is for a longer look, `SMOLIO_STRESS_SEED` for the same again.

use std::{
    future::{Future, poll_fn},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    panic::catch_unwind,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    task::Poll,
    thread::{JoinHandle, spawn},
    time::Duration,
};

use fastrand::Rng;
use futures_lite::stream;
use smolio_context::Instant;
use smolio_http::{Body, SmolTransport};

use crate::support::{SAFETY, assert_at_rest, block_on};

const WORKERS: u64 = 8;
const EXCHANGES: usize = 200;

/// Answers that are right.
const ANSWERS: [&[u8]; 7] = [
    b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: a\r\n\r\n1;x=y\r\nh\r\n0\r\na: b\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 520 \r\ncontent-length: 3\r\nx: \xff\xfe\r\n\r\nbad",
    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
];

/// What a message is made of, to be put where it does not belong.
const PIECES: [&[u8]; 8] = [
    b"\r\n",
    b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"content-length: 5\r\n",
    b"transfer-encoding: chunked\r\n",
    b"0\r\n\r\n",
    b"\0",
    b"ffffffffffffffff\r\n",
];

/// An answer, and whether it is one after all.
fn answer(random: &mut Rng) -> (Vec<u8>, bool) {
    let mut answer = random.choice(ANSWERS).unwrap().to_vec();
    let is_right = random.bool();
    if !is_right {
        for _ in 0..random.usize(1..4) {
            let at = random.usize(0..=answer.len());
            match random.u8(0..4) {
                0 => answer.truncate(at),
                1 => answer.insert(at, random.u8(..)),
                2 => drop(answer.splice(at..at, random.choice(PIECES).unwrap().iter().copied())),
                _ => {
                    if let Some(byte) = answer.get_mut(at) {
                        *byte ^= 1 << random.u8(0..8);
                    }
                }
            }
        }
    }
    (answer, is_right)
}

/// Answers what looks like a request, until something was wrong.
fn serve(mut socket: TcpStream, mut random: Rng) -> std::io::Result<()> {
    socket.set_read_timeout(Some(SAFETY))?;
    socket.set_nodelay(true)?;
    let mut part = [0; 1024];
    loop {
        if random.u8(..) < 8 || socket.read(&mut part)? == 0 {
            return Ok(());
        }
        let (answer, is_right) = answer(&mut random);
        let mut rest = answer.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(random.usize(1..=rest.len()));
            socket.write_all(now)?;
            rest = later;
        }
        if !is_right {
            return Ok(());
        }
    }
}

struct RandomPeer {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    accepting: JoinHandle<()>,
    closed: Receiver<()>,
}

impl RandomPeer {
    fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::<AtomicBool>::default();
        let over = is_over.clone();
        // Nothing is sent: it is over when the last one who could is gone.
        let (open, closed) = channel::<()>();
        let accepting = spawn(move || {
            for (socket, number) in listener.incoming().zip(0..) {
                if over.load(SeqCst) {
                    return;
                }
                let open = open.clone();
                spawn(move || {
                    // The other side may hang up at any time.
                    let _ = serve(socket.unwrap(), Rng::with_seed(seed ^ number));
                    drop(open);
                });
            }
        });
        Self {
            address,
            is_over,
            accepting,
            closed,
        }
    }

    /// Lets nobody in any more, and waits until all connections are closed: by those who have them, on the other side.
    fn end(self) {
        self.is_over.store(true, SeqCst);
        let _ = TcpStream::connect(self.address);
        self.accepting.join().unwrap();
        // Their own limit ends all of them, later than this.
        let outcome = self.closed.recv_timeout(SAFETY / 2);
        assert_eq!(
            outcome,
            Err(RecvTimeoutError::Disconnected),
            "connections are open that nobody has"
        );
    }
}

fn request(address: SocketAddr, random: &mut Rng) -> http::Request<Body> {
    let method = *random
        .choice(&["GET", "HEAD", "POST", "PUT", "DELETE"])
        .unwrap();
    let body = match random.u8(0..4) {
        0 => "a body".into(),
        1 => Body::stream(stream::iter(["a", "body"].map(|piece| Ok(piece.into())))),
        _ => Body::empty(),
    };
    let request = http::Request::builder().method(method);
    request
        .uri(format!("http://{address}/"))
        .body(body)
        .unwrap()
}

/// One exchange, of which the body may be left.
async fn exchange(transport: &SmolTransport, request: http::Request<Body>, chunks: usize) {
    let Ok(mut answer) = transport.send(request).await else {
        return;
    };
    for _ in 0..chunks {
        match answer.body_mut().next().await {
            Some(Ok(_)) => {}
            Some(Err(_)) => {
                assert!(answer.body_mut().next().await.is_none());
                return;
            }
            None => return,
        }
    }
}

/// Polls a future so many times at the most.
async fn polled(times: usize, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|cx| {
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Pending if left > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

async fn work(transport: SmolTransport, address: SocketAddr, mut random: Rng) {
    for _ in 0..EXCHANGES {
        let request = request(address, &mut random);
        let chunks = *random.choice(&[0, 1, usize::MAX]).unwrap();
        let exchange = exchange(&transport, request, chunks);
        if random.u8(0..4) == 0 {
            polled(random.usize(1..6), exchange).await;
        } else {
            exchange.await;
        }
    }
}

fn run_with(seed: u64) {
    let peer = RandomPeer::start(seed);
    // Fewer places than workers, so that some wait.
    let transport = SmolTransport::builder().connections(5).build();
    block_on(async {
        let mut all = Vec::new();
        for number in 0..WORKERS {
            let random = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(number));
            all.push(Box::pin(work(transport.clone(), peer.address, random)));
        }
        // All of them on this one task: whoever is woken wakes all, which finds more than it hides.
        poll_fn(|cx| {
            all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
            if all.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    });
    assert_at_rest(&transport);
    let stats = transport.stats();
    assert!(stats.open <= 5 && stats.reused > 0, "{stats:?}");
    drop(transport);
    peer.end();
}

#[test]
fn a_peer_that_answers_at_random_breaks_nothing() {
    let variable = |name: &str| std::env::var(name).ok()?.parse().ok();
    let first = variable("SMOLIO_STRESS_SEED").unwrap_or(0);
    let seconds = variable("SMOLIO_STRESS_SECONDS").unwrap_or(0);
    let begun = Instant::now();
    for seed in first.. {
        let outcome = catch_unwind(|| run_with(seed));
        if outcome.is_err() {
            panic!("SMOLIO_STRESS_SEED={seed} shows this again");
        }
        if begun.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
}
