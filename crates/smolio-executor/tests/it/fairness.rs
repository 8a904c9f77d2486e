//! Whoever is always ready starves nobody: timers and the inbox get their turn after 61 polls at the latest, sockets after
//! 61 polls or 40 µs.

use std::{
    cell::Cell,
    future::poll_fn,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    task::Poll,
    time::Duration,
};

use async_io::Async;
use smolio_context::{Instant, VirtualClock, poll_budget, spend_budget};
use smolio_executor::{Handle, Runner, run, spawn, spawn_local, yield_now};
use smolio_timer::sleep;

use crate::support::{Counter, Polls, yields};

/// What the loop promises.
const TURN: usize = 61;

/// Yields for ever, and counts.
async fn busy(polls: Counter) {
    loop {
        polls.add();
        yield_now().await;
    }
}

#[test]
fn a_timer_is_not_starved() {
    for tasks in [1, 3, 200] {
        let clock = VirtualClock::new();
        let _guard = clock.install();
        let polls = Counter::new();
        let late = run(async {
            for _ in 0..tasks {
                spawn(busy(polls.clone())).detach();
            }
            let second = Duration::from_secs(1);
            let sleeper = spawn(async move { sleep(second).await });
            yields(5).await;
            // The time passes while everybody is busy; nobody goes idle.
            clock.advance(second);
            let before = polls.get();
            sleeper.await;
            polls.get() - before
        });
        // One turn to notice, then a round of the queue for the sleeper, and one for us.
        let bound = TURN + 2 * (tasks + TURN);
        assert!(late <= bound, "{late} polls, with {tasks} tasks");
    }
}

thread_local! {
    /// How many polls of the workers' common work there were on this thread.
    static POLLS_HERE: Cell<usize> = const { Cell::new(0) };
}

/// Generous: what a worker takes on before it lets others on its thread run.
const SHARE: usize = 200;

#[test]
fn a_timer_is_not_starved_by_what_the_workers_share() {
    let clock = VirtualClock::new();
    let _guard = clock.install();
    let runner = Runner::builder().workers(2).build().unwrap();
    let late = runner.run(async {
        for _ in 0..1000 {
            let busy = async {
                loop {
                    POLLS_HERE.set(POLLS_HERE.get() + 1);
                    yield_now().await;
                }
            };
            spawn(busy).detach();
        }
        let second = Duration::from_secs(1);
        // Main is not woken meanwhile: its polls must not be what ends a turn.
        let sleeper = spawn_local(async move {
            let mut latest = 0;
            for _ in 0..5 {
                // The clock moves when the sleep has been armed.
                let mover = spawn_local({
                    let clock = clock.clone();
                    async move {
                        clock.advance(second);
                        POLLS_HERE.get()
                    }
                });
                sleep(second).await;
                latest = latest.max(POLLS_HERE.get() - mover.await);
            }
            latest
        });
        sleeper.await
    });
    // The share that is going on, one until the timer fires, and one until we are polled.
    assert!(late <= 4 * SHARE, "{late} polls");
}

#[test]
fn a_socket_is_not_starved() {
    let polls = Counter::new();
    let late = run(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = Async::new(accepted).unwrap();
        let waiting = Counter::new();
        let reader = spawn(Polls::new(&waiting, async move {
            let mut byte = [0];
            socket
                .read_with(|mut socket| socket.read(&mut byte))
                .await
                .unwrap()
        }));
        for _ in 0..3 {
            spawn(busy(polls.clone())).detach();
        }
        while waiting.get() == 0 {
            yield_now().await;
        }
        peer.write_all(&[1]).unwrap();
        let before = polls.get();
        assert_eq!(reader.await, 1);
        polls.get() - before
    });
    // Loopback is quick, but it is the kernel's business when the byte is there.
    assert!(late <= 200 * TURN, "{late} polls");
}

#[test]
fn the_inbox_is_not_starved() {
    let polls = Counter::new();
    let late = run(async {
        for _ in 0..3 {
            spawn(busy(polls.clone())).detach();
        }
        yields(5).await;
        let handle = Handle::current().unwrap();
        let counter = polls.clone();
        let spawned = std::thread::spawn(move || {
            let before = counter.get();
            (handle.spawn(async {}).unwrap(), before)
        });
        let (task, _) = spawned.join().unwrap();
        let before = polls.get();
        task.await;
        polls.get() - before
    });
    assert!(late <= 3 * TURN, "{late} polls");
}

#[test]
fn main_is_not_starved() {
    let polls = Counter::new();
    run(async {
        for _ in 0..10 {
            spawn(busy(polls.clone())).detach();
        }
        for round in 0..100 {
            let before = polls.get();
            yield_now().await;
            assert!(polls.get() - before <= 10, "in round {round}");
        }
    });
}

/// Tasks take turns: nobody is a whole round ahead of the others.
#[test]
fn tasks_take_turns() {
    run(async {
        let counters: Vec<_> = (0..20).map(|_| Counter::new()).collect();
        for counter in &counters {
            spawn_local(busy(counter.clone())).detach();
        }
        for _ in 0..100 {
            yield_now().await;
            let counts: Vec<_> = counters.iter().map(Counter::get).collect();
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(most - least <= 1, "{counts:?}");
        }
    });
}

#[test]
fn workers_starve_nobody() {
    let runner = Runner::builder().workers(2).build().unwrap();
    let polls = Counter::new();
    runner.run(async {
        for _ in 0..10 {
            spawn(busy(polls.clone())).detach();
        }
        let start = Instant::now();
        let sleeper = spawn(sleep(Duration::from_millis(2)));
        sleep(Duration::from_millis(2)).await;
        sleeper.await;
        // A generous bound: the machine may be busy as well.
        assert!(start.elapsed() < Duration::from_secs(10));
        let handle = Handle::current().unwrap();
        let foreign = std::thread::spawn(move || handle.block_on(async { 42 }).unwrap());
        spawn_local(yields(10)).await;
        while !foreign.is_finished() {
            yield_now().await;
        }
        assert_eq!(foreign.join().unwrap(), 42);
    });
}

/// A leaf future that is always ready spends the budget of the poll; then the others get their turn.
#[test]
fn each_poll_has_a_budget() {
    async fn always_ready() {
        poll_fn(|cx| {
            std::task::ready!(poll_budget(cx));
            spend_budget();
            Poll::Ready(())
        })
        .await;
    }
    for local in [true, false] {
        run(async {
            let (rounds, polls) = (Counter::new(), Counter::new());
            let counter = rounds.clone();
            let greedy = Polls::new(&polls, async move {
                loop {
                    always_ready().await;
                    counter.add();
                }
            });
            let task = if local {
                spawn_local(greedy)
            } else {
                spawn(greedy)
            };
            for _ in 0..10 {
                yield_now().await;
                assert_eq!(rounds.get(), polls.get() * 128);
            }
            task.detach();
        });
    }
}
