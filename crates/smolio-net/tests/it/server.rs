//! The server, in virtual time, with a listener that is made up: who is let in when, what failures cost, and how it closes.

use std::{collections::VecDeque, future::pending, io, sync::Mutex, time::Duration};

use smolio_context::Instant;
use smolio_net::{Connection, Listener, Server, ServerStats};
use smolio_testing::reports;
use smolio_timer::{sleep, sleep_until, timeout};

type Event = (u64, io::Result<u32>);

/// Gives each connection (a number) or failure at its time, in milliseconds.
struct Script {
    start: Instant,
    events: Mutex<VecDeque<Event>>,
    /// When it was asked.
    asked: Mutex<Vec<u64>>,
}

impl Script {
    fn new(events: impl IntoIterator<Item = Event>) -> Self {
        Self {
            start: Instant::now(),
            events: Mutex::new(events.into_iter().collect()),
            asked: Mutex::default(),
        }
    }

    fn guests(times: &[u64]) -> Self {
        Self::new((1..).zip(times).map(|(number, time)| (*time, Ok(number))))
    }
}

impl Listener for &Script {
    type Stream = u32;
    type Peer = u32;

    async fn accept(&self) -> io::Result<(u32, u32)> {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap();
        self.asked.lock().unwrap().push(now);
        let next = self.events.lock().unwrap().front().map(|event| event.0);
        let Some(time) = next else {
            return pending().await;
        };
        // As a socket, which does not know of budgets, and is ready as often as it is asked.
        if time > now {
            sleep_until(self.start + ms(time)).await;
        }
        let (_, event) = self.events.lock().unwrap().pop_front().unwrap();
        event.map(|number| (number, number))
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

type Guest = Connection<u32, u32>;

fn stats(stats: ServerStats) -> [u64; 3] {
    [stats.accepted, stats.failed, stats.cut_off]
}

/// What happened, with the time.
struct Log(Instant, Mutex<Vec<String>>);

impl Log {
    fn new() -> Self {
        Self(Instant::now(), Mutex::default())
    }

    fn note(&self, what: String) {
        let time = self.0.elapsed().as_millis();
        self.1.lock().unwrap().push(format!("{time} ms: {what}"));
    }

    fn all(self) -> Vec<String> {
        self.1.into_inner().unwrap()
    }
}

#[test]
fn connections_are_handled_side_by_side_and_may_borrow() {
    smolio_test::run(async {
        let script = Script::guests(&[0, 10, 20]);
        let log = Log::new();
        let handler = |guest: Guest| {
            let log = &log;
            async move {
                log.note(format!("{} comes", guest.stream));
                sleep(ms(100)).await;
                log.note(format!("{} goes", guest.stream));
            }
        };
        let served = Server::new(&script, handler)
            .serve_until(sleep(ms(1000)))
            .await;
        assert_eq!(stats(served.stats), [3, 0, 0]);
        let expected = [
            "0 ms: 1 comes",
            "10 ms: 2 comes",
            "20 ms: 3 comes",
            "100 ms: 1 goes",
            "110 ms: 2 goes",
            "120 ms: 3 goes",
        ];
        assert_eq!(log.all(), expected);
    });
}

#[test]
fn what_stopped_it_is_given() {
    smolio_test::run(async {
        let script = Script::guests(&[]);
        let served = Server::new(&script, |_: Guest| async {})
            .serve_until(async { "a signal" })
            .await;
        assert_eq!(served.reason, "a signal");
    });
}

#[test]
fn an_error_of_a_handler_is_reported_and_goes_no_further() {
    reports::listen();
    smolio_test::run(async {
        let script = Script::guests(&[0, 10, 20]);
        let handler = async |number| match number {
            2 => Err(anyhow::anyhow!("the cause").context("guest 2 is a bore")),
            _ => {
                sleep(ms(100)).await;
                Ok(())
            }
        };
        let handler = |guest: Guest| handler(guest.stream);
        let served = Server::new(&script, handler)
            .serve_until(sleep(ms(1000)))
            .await;
        assert_eq!(stats(served.stats), [3, 1, 0]);
    });
    let reports = reports::with("guest 2 is a bore");
    let [report] = &reports[..] else {
        panic!("{reports:?}");
    };
    assert!(report.contains("connection of 2"), "{report}");
    assert!(report.ends_with("guest 2 is a bore: the cause"), "{report}");
}

#[test]
fn a_panic_of_a_handler_costs_that_connection_only() {
    reports::listen();
    smolio_test::run(async {
        let script = Script::guests(&[0, 10, 20, 30]);
        let handler = |guest: Guest| {
            assert!(guest.stream != 3, "the call of the handler panicked");
            async move {
                sleep(ms(5)).await;
                assert!(guest.stream != 2, "the future of the handler panicked");
                sleep(ms(100)).await;
            }
        };
        let served = Server::new(&script, handler)
            .serve_until(sleep(ms(1000)))
            .await;
        assert_eq!(stats(served.stats), [4, 2, 0]);
    });
    assert_eq!(reports::with("the call of the handler panicked").len(), 1);
    assert_eq!(reports::with("the future of the handler panicked").len(), 1);
}

#[test]
fn no_more_than_the_limit_are_let_in() {
    smolio_test::run(async {
        let script = Script::guests(&[0, 0, 0, 0]);
        let log = Log::new();
        let handler = |guest: Guest| {
            let log = &log;
            async move {
                log.note(format!("{} comes", guest.stream));
                sleep(ms(100 * u64::from(guest.stream))).await;
            }
        };
        let server = Server::new(&script, handler).limit(2);
        let served = server.serve_until(sleep(ms(1000))).await;
        assert_eq!(stats(served.stats), [4, 0, 0]);
        let expected = [
            "0 ms: 1 comes",
            "0 ms: 2 comes",
            "100 ms: 3 comes",
            "200 ms: 4 comes",
        ];
        assert_eq!(log.all(), expected);
        // The others are not accepted and then kept waiting.
        assert_eq!(*script.asked.lock().unwrap(), [0, 0, 100, 200, 400]);
    });
}

#[test]
#[should_panic(expected = "a server with a limit of 0 connections would let nobody in")]
fn a_limit_of_nobody_is_refused() {
    smolio_test::run(async {
        let script = Script::guests(&[]);
        let _ = Server::new(&script, |_: Guest| async {}).limit(0);
    });
}

#[test]
fn it_closes_as_soon_as_all_have_ended() {
    smolio_test::run(async {
        // The last one comes too late.
        let script = Script::guests(&[0, 10, 600]);
        let start = Instant::now();
        let handler = |guest: Guest| async move {
            if guest.stream == 1 {
                // One that waits for the next question, until there is none.
                guest.closing.await;
                assert_eq!(start.elapsed(), ms(500));
            } else {
                sleep(ms(1000)).await;
            }
        };
        let served = Server::new(&script, handler)
            .serve_until(sleep(ms(500)))
            .await;
        assert_eq!(start.elapsed(), ms(1010));
        assert_eq!(stats(served.stats), [2, 0, 0]);
    });
}

#[test]
fn with_nobody_inside_it_closes_at_once() {
    smolio_test::run(async {
        let script = Script::guests(&[0]);
        let start = Instant::now();
        let server = Server::new(&script, |_: Guest| async {});
        server.serve_until(sleep(ms(500))).await;
        assert_eq!(start.elapsed(), ms(500));
    });
}

#[test]
fn the_grace_has_an_end() {
    smolio_test::run(async {
        let times = |grace: Option<u64>| async move {
            let script = Script::guests(&[0, 0, 0]);
            let start = Instant::now();
            let handler = |guest: Guest| async move {
                if guest.stream != 2 {
                    pending::<()>().await;
                }
            };
            let mut server = Server::new(&script, handler);
            if let Some(grace) = grace {
                server = server.grace(ms(grace));
            }
            let served = server.serve_until(sleep(ms(500))).await;
            assert_eq!(stats(served.stats), [3, 0, 2]);
            start.elapsed()
        };
        assert_eq!(times(None).await, ms(5500));
        assert_eq!(times(Some(100)).await, ms(600));
        assert_eq!(times(Some(0)).await, ms(500));
    });
}

#[test]
fn a_drop_half_way_drops_all_at_once() {
    struct Note<'l>(&'l Log, u32);
    impl Drop for Note<'_> {
        fn drop(&mut self) {
            self.0.note(format!("{} is dropped", self.1));
        }
    }
    smolio_test::run(async {
        let script = Script::guests(&[0, 0, 0]);
        let log = Log::new();
        let handler = |guest: Guest| {
            let note = Note(&log, guest.stream);
            async move {
                pending::<()>().await;
                drop(note);
            }
        };
        let serving = Server::new(&script, handler).serve_until(pending::<()>());
        assert!(timeout(ms(100), serving).await.is_err());
        assert_eq!(log.all().len(), 3);
    });
}

#[test]
fn when_it_cannot_accept_it_says_so_once_and_tries_again_ever_more_slowly() {
    reports::listen();
    let failure = || Err(io::Error::other("Too many open files in this test"));
    smolio_test::run(async {
        let mut events: Vec<Event> = (0..10).map(|_| (0, failure())).collect();
        events.push((0, Ok(1)));
        events.push((0, failure()));
        let script = Script::new(events);
        let served = Server::new(&script, |_: Guest| async {})
            .serve_until(sleep(Duration::from_secs(10)))
            .await;
        assert_eq!(stats(served.stats), [1, 0, 0]);
        let pauses = [10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000];
        let mut now = 0;
        let mut expected = vec![0];
        for pause in pauses {
            now += pause;
            expected.push(now);
        }
        // The guest is let in, the next failure comes at once, and the pauses are short again.
        expected.extend([now, now + 10]);
        assert_eq!(*script.asked.lock().unwrap(), expected);
    });
    let reports = reports::with("too many open files in this test");
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(
        reports[0].contains("cannot accept a connection, and tries again: too many"),
        "{reports:?}"
    );
}

#[test]
fn a_guest_who_left_before_he_was_let_in_is_no_failure() {
    reports::listen();
    smolio_test::run(async {
        let left = || {
            Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "left early",
            ))
        };
        let script = Script::new([(0, left()), (0, left()), (0, Ok(1))]);
        let served = Server::new(&script, |_: Guest| async {})
            .serve_until(sleep(ms(1)))
            .await;
        assert_eq!(served.stats.accepted, 1);
    });
    assert!(reports::with("left early").is_empty());
}

#[test]
fn a_crowd_at_the_door_starves_nobody() {
    let left = || io::Error::from(io::ErrorKind::ConnectionAborted);
    let guests: Vec<Event> = (0..10_000).map(|number| (0, Ok(number))).collect();
    let passers_by: Vec<Event> = (0..10_000).map(|_| (0, Err(left()))).collect();
    for crowd in [guests, passers_by] {
        smolio_test::run(async {
            let script = Script::new(crowd);
            let beside = smolio_executor::spawn(async {
                for _ in 0..50 {
                    smolio_executor::yield_now().await;
                }
            });
            let server = Server::new(&script, |_: Guest| async {});
            server.serve_until(beside).await;
            assert_eq!(script.start.elapsed(), Duration::ZERO);
            assert!(!script.events.lock().unwrap().is_empty());
        });
    }
}

#[test]
fn a_handler_may_give_its_connections_to_an_executor() {
    smolio_test::run(async {
        let script = Script::guests(&[0, 0]);
        let serving = async move {
            let handler = |guest: Guest| {
                smolio_executor::spawn(async move {
                    guest.closing.await;
                    sleep(ms(100)).await;
                })
            };
            // The server too can be a task.
            let served = Server::new(&script, handler)
                .serve_until(sleep(ms(10)))
                .await;
            assert_eq!(stats(served.stats), [2, 0, 0]);
        };
        smolio_executor::spawn(serving).await;
    });
}
