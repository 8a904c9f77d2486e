//! Clients that are processes of their own: these can be killed, and have files of their own.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread::{JoinHandle, spawn},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use futures_lite::future::yield_now;
use smolio_executor::{Runner, run, to_thread};
use smolio_http::serve;
use smolio_timer::timeout;

use crate::guest::{GET, app, listen, soon};

const ADDRESS: &str = "SMOLIO_HTTP_GUESTS_OF";
const COUNT: &str = "SMOLIO_HTTP_GUESTS";
const QUESTION: &str = "SMOLIO_HTTP_QUESTION";
const ANSWERED: &str = "all have been answered";

/// This program again, as so many clients. It is killed when it is dropped.
struct Guests(Child);

impl Guests {
    fn start(address: SocketAddr, count: usize, question: &str) -> Self {
        let this = env::current_exe().unwrap();
        let arguments = ["--exact", "server_processes::guests", "--nocapture"];
        let child = Command::new(this)
            .args(arguments)
            .env(ADDRESS, address.to_string())
            .env(COUNT, count.to_string())
            .env(QUESTION, question)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// Once they are all connected they ask, and wait for their answers.
    fn go(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// Waits until all of them have their answers. None has hung up.
    fn have_been_answered(mut self) -> Self {
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        let mut seen = String::new();
        while !seen.contains(ANSWERED) {
            let count = output.read_line(&mut seen).unwrap();
            assert_ne!(count, 0, "they have failed: {seen}");
        }
        self
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        // SIGKILL, where there are signals.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the other half reads it")]
fn guests() {
    let Ok(address) = env::var(ADDRESS) else {
        // Nobody has started it for that.
        return;
    };
    let address: SocketAddr = address.parse().unwrap();
    let count: usize = env::var(COUNT).unwrap().parse().unwrap();
    let question = env::var(QUESTION).unwrap();
    let guests = connect(address, count);
    let mut lines = BufReader::new(std::io::stdin()).lines();
    lines.next().unwrap().unwrap();
    for mut guest in &guests {
        guest.write_all(question.as_bytes()).unwrap();
    }
    for mut guest in &guests {
        let mut answer = Vec::new();
        let mut byte = [0];
        // The answer of `app` ends with these.
        while !answer.ends_with(b"hello") {
            guest.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
    }
    println!("{ANSWERED}");
    // Until the other half has seen enough.
    lines.next();
}

/// By several threads, since each connection takes a moment that is spent waiting.
fn connect(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    const THREADS: usize = 50;
    let share = move |thread: usize| (thread..count).step_by(THREADS);
    let connect = move |_| TcpStream::connect(address).unwrap();
    let threads = (0..THREADS).map(|thread| spawn(move || share(thread).map(connect).collect()));
    let threads: Vec<JoinHandle<Vec<_>>> = threads.collect();
    let joined = threads.into_iter().map(|thread| thread.join().unwrap());
    joined.flatten().collect()
}

/// How many files a process may have here.
fn file_limit() -> Option<u64> {
    let output = Command::new("sh").args(["-c", "ulimit -n"]).output().ok()?;
    match String::from_utf8(output.stdout).ok()?.trim() {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[expect(clippy::print_stdout, reason = "whoever looks at the test shall know")]
fn skip(why: &str) {
    println!("skipped: {why}");
}

/// All of them are there at the same time, and each is answered.
#[test]
fn ten_thousand_connections() {
    const MANY: usize = 10_000;
    // There are those of other tests, too.
    if file_limit().is_none_or(|limit| limit < 15_000) {
        return skip("there may not be so many connections here: see `ulimit -n`");
    }
    Runner::builder().workers(2).build().unwrap().run(async {
        let (listener, address) = listen().await;
        // The first ones wait until the last one is there.
        let server = serve(listener, app()).header_timeout(Duration::from_secs(180));
        let handle = server.handle();
        let client = async {
            let mut guests = Guests::start(address, MANY, GET);
            guests.go();
            let answered = to_thread(move || guests.have_been_answered());
            let guests = timeout(Duration::from_secs(180), answered).await.unwrap();
            assert_eq!(handle.stats().open, MANY);
            drop(guests);
            soon(async {
                while handle.stats().open > 0 {
                    yield_now().await;
                }
            })
            .await;
        };
        let served = server.until(client).await;
        assert_eq!(
            (served.stats.accepted, served.stats.requests),
            (10_000, 10_000)
        );
        assert_eq!((served.stats.open, served.stats.cut_off), (0, 0));
    });
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// A process that is killed says nothing: the system closes its sockets, with what it had not read in them.
#[test]
fn a_client_that_is_killed_half_way_leaves_nothing() {
    let questions = [
        // An answer that it waits for.
        GET.to_owned(),
        // Half of a body, and of a head.
        "POST /body HTTP/1.1\r\nhost: here\r\ncontent-length: 1000\r\n\r\nhalf".to_owned(),
        "GET /stream HTTP/1.1\r\nhost: here\r\n\r\n".to_owned(),
    ];
    for question in questions {
        run(async {
            let (listener, address) = listen().await;
            let alive = Arc::new(AtomicUsize::new(0));
            let count = alive.clone();
            let begin = move || {
                count.fetch_add(1, SeqCst);
                Alive(count.clone())
            };
            let (waits, reads, streams) = (begin.clone(), begin.clone(), begin);
            let app = Router::new()
                .route(
                    "/",
                    get(move || {
                        let alive = waits();
                        async move {
                            std::future::pending::<()>().await;
                            drop(alive);
                        }
                    }),
                )
                .route(
                    "/body",
                    post(move |body: axum::body::Body| {
                        let alive = reads();
                        async move {
                            let body: Result<Bytes, _> = axum::body::to_bytes(body, 1000).await;
                            assert!(body.is_err());
                            drop(alive);
                        }
                    }),
                )
                .route(
                    "/stream",
                    get(move || {
                        let alive = streams();
                        let chunks = futures_lite::stream::repeat_with(move || {
                            let _ = &alive;
                            std::io::Result::Ok(Bytes::from(vec![0; 64 * 1024]))
                        });
                        async { axum::body::Body::from_stream(chunks) }
                    }),
                );
            let server = serve(listener, app);
            let handle = server.handle();
            let client = async {
                let mut guests = Guests::start(address, 10, &question);
                guests.go();
                soon(async {
                    while alive.load(SeqCst) < 10 {
                        yield_now().await;
                    }
                })
                .await;
                drop(guests);
                soon(async {
                    while handle.stats().open > 0 || alive.load(SeqCst) > 0 {
                        yield_now().await;
                    }
                })
                .await;
            };
            let served = server.until(client).await;
            assert_eq!((served.stats.accepted, served.stats.requests), (10, 10));
            assert_eq!((served.stats.running, served.stats.cut_off), (0, 0));
        });
    }
}
