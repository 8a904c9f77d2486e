//! How a server ends: what had been asked is answered, and nothing is left.

use std::{
    convert::Infallible,
    future::{Future, IntoFuture, pending},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{Router, routing::get};
use futures_lite::future::{block_on, yield_now, zip};
use smol::lock::Barrier;
use smolio_executor::{Runner, run};
use smolio_http::serve;
use smolio_net::TcpStream;
use smolio_task_group::{TaskGroup, gather};
use smolio_timer::sleep;

use crate::guest::{Client, GET, app, listen, soon};

#[test]
fn what_runs_is_finished_and_the_client_is_told_that_it_was_the_last() {
    run(async {
        let (listener, address) = listen().await;
        let gate = Arc::new(Barrier::new(2));
        let inside = gate.clone();
        let slow = move || async move {
            inside.wait().await;
            inside.wait().await;
            "finished"
        };
        let app = Router::new()
            .route("/slow", get(slow))
            .route("/", get(|| async {}));
        let (mut idle, mut busy) = (Client::new(address).await, Client::new(address).await);
        let stop = async {
            assert_eq!(idle.ask(GET).await.status, 200);
            // The second one is never begun.
            busy.send(GET.replace("/ ", "/slow ").repeat(2)).await;
            gate.wait().await;
        };
        let server = serve(listener, app).until(stop);
        let waiting = async {
            // It has been told to stop once nobody is let in any more.
            while let Ok(stream) = TcpStream::connect(address).await {
                drop(stream);
                yield_now().await;
            }
            gate.wait().await;
        };
        let (served, ()) = soon(zip(server, waiting)).await;
        assert_eq!((served.stats.requests, served.stats.cut_off), (2, 0));
        assert_eq!((served.stats.open, served.stats.running), (0, 0));
        let answer = busy.answer().await;
        assert_eq!(answer.body, "finished");
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
        assert_eq!(busy.rest().await, "");
        assert_eq!(idle.rest().await, "");
    });
}

#[test]
fn what_has_just_arrived_is_answered() {
    run(async {
        for _ in 0..20 {
            let (listener, address) = listen().await;
            let mut kept = Client::new(address).await;
            let mut other = Client::new(address).await;
            let mut fresh = None;
            let stop = async {
                kept.ask(GET).await;
                other.ask(GET).await;
                // All of it without a pause in which the server could look.
                let mut client = Client::new(address).await;
                client.send(GET).await;
                fresh = Some(client);
                kept.send(GET).await;
            };
            let served = serve(listener, app()).until(stop).await;
            assert_eq!((served.stats.requests, served.stats.cut_off), (4, 0));
            for mut client in [kept, fresh.unwrap()] {
                let answer = client.answer().await;
                assert_eq!(answer.body, "hello");
                assert!(answer.head.contains("connection: close"), "{}", answer.head);
                assert_eq!(client.rest().await, "");
            }
            assert_eq!(other.rest().await, "");
        }
    });
}

/// Asks as fast as it can, and says how often it was answered.
async fn hammer(address: std::net::SocketAddr, answered: &AtomicU64) {
    while let Ok(stream) = TcpStream::connect(address).await {
        let mut client = Client::of(stream);
        loop {
            if client.try_send(GET).await.is_err() {
                break;
            }
            match client.try_answer().await {
                Ok(answer) => {
                    assert_eq!(answer.body, "slow");
                    answered.fetch_add(1, SeqCst);
                }
                Err(_) => break,
            }
        }
    }
}

/// A request that the application has begun with is answered in full. So a client that got nothing knows that nothing was done.
#[test]
fn under_load_each_request_that_was_begun_is_answered() {
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        runner.run(async {
            for _ in 0..5 {
                let (listener, address) = listen().await;
                let begun = Arc::new(AtomicU64::new(0));
                let count = begun.clone();
                let slow = move || async move {
                    count.fetch_add(1, SeqCst);
                    sleep(Duration::from_millis(1)).await;
                    "slow"
                };
                let app = Router::new().route("/", get(slow));
                let answered = AtomicU64::new(0);
                let server = serve(listener, app);
                let handle = server.handle();
                let stop = async {
                    while handle.stats().requests < 500 {
                        yield_now().await;
                    }
                };
                let clients = gather((0..50).map(|_| hammer(address, &answered)));
                let (served, _) = soon(zip(server.until(stop), clients)).await;
                assert_eq!(answered.into_inner(), begun.load(SeqCst));
                assert_eq!(served.stats.requests, begun.load(SeqCst));
                assert_eq!(served.stats.cut_off, 0);
                assert_eq!((served.stats.open, served.stats.running), (0, 0));
            }
        });
    }
}

#[test]
fn what_does_not_end_is_dropped_after_the_grace_and_counted() {
    smolio_test::Test::new().io().run(async {
        let (listener, address) = listen().await;
        let app = Router::new()
            .route("/never", get(pending::<()>))
            .route("/", get(|| async {}));
        let mut client = Client::new(address).await;
        let server = serve(listener, app).grace(Duration::from_secs(3));
        let handle = server.handle();
        let stop = async {
            client.send(GET.replace("/ ", "/never ")).await;
            while handle.stats().running == 0 {
                yield_now().await;
            }
            smolio_context::Instant::now()
        };
        let served = server.until(stop).await;
        let duration = served.reason.elapsed();
        assert!((3..4).contains(&duration.as_secs()), "{duration:?}");
        assert_eq!((served.stats.requests, served.stats.cut_off), (1, 1));
        assert_eq!((served.stats.open, served.stats.running), (0, 0));
        assert_eq!(client.rest().await, "");
    });
}

#[test]
fn it_closes_with_its_group() {
    run(async {
        let (listener, address) = listen().await;
        let group = TaskGroup::<Infallible>::new();
        let closing = group.cancelled();
        let served = group.run_value(async {
            let server = group.spawn_value(serve(listener, app()).until(closing));
            let mut client = Client::new(address).await;
            assert_eq!(client.ask(GET).await.status, 200);
            group.cancel_with_grace(sleep(Duration::from_secs(10)));
            let served = server.await;
            assert_eq!(client.rest().await, "");
            served
        });
        let served = soon(served).await.unwrap();
        assert_eq!((served.stats.requests, served.stats.cut_off), (1, 0));
    });
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Dropped after each number of polls, it has closed all sockets and dropped all handlers.
#[test]
fn dropped_at_any_moment_it_leaves_nothing() {
    for polls in 0..40 {
        block_on(async {
            let (listener, address) = listen().await;
            let alive = Arc::new(AtomicUsize::new(0));
            let count = alive.clone();
            let app = Router::new().route(
                "/",
                get(move || {
                    count.fetch_add(1, SeqCst);
                    let alive = Alive(count.clone());
                    async move {
                        for _ in 0..3 {
                            yield_now().await;
                        }
                        drop(alive);
                    }
                }),
            );
            let mut clients = Vec::new();
            for _ in 0..3 {
                let mut client = Client::new(address).await;
                client.send(GET).await;
                clients.push(client);
            }
            let server = serve(listener, app);
            let handle = server.handle();
            {
                let mut server = Box::pin(server.until(pending::<()>()));
                for _ in 0..polls {
                    let poll = server
                        .as_mut()
                        .poll(&mut Context::from_waker(Waker::noop()));
                    assert!(matches!(poll, Poll::Pending));
                }
            }
            assert_eq!(alive.load(SeqCst), 0);
            assert_eq!((handle.stats().open, handle.stats().running), (0, 0));
            // Answered or not, the connection is closed.
            for mut client in clients {
                client.rest().await;
            }
            assert!(TcpStream::connect(address).await.is_err());
        });
    }
}

#[test]
fn for_ever_means_until_it_is_dropped() {
    run(async {
        let (listener, address) = listen().await;
        let mut server = Box::pin(serve(listener, app()).into_future());
        let mut client = Client::new(address).await;
        client.send(GET).await;
        let answer = async {
            let answer = client.answer().await;
            assert_eq!(answer.status, 200);
        };
        smolio_task_group::race((server.as_mut(), answer)).await;
        drop(server);
        assert_eq!(client.rest().await, "");
    });
}
