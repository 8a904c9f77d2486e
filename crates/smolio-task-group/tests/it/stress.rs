//! Everything at once on several threads: wakes, spawns, cancels and ends at random. Then all is counted.
//!
//! Each runs for a third of a second; `SMOLIO_STRESS_SECONDS=20` is for a longer look, `SMOLIO_STRESS_SEED` for the same again
//! (as far as threads let it be the same).

use std::{
    future::{Future, pending, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use fastrand::Rng;
use smolio_executor::{Runner, spawn, yield_now};
use smolio_task_group::{ChildError, ReadySignal, Spawner, Supervisor, TaskGroup};
use smolio_timer::timeout;

use crate::support::{Counter, rounds_for, yields};

/// A lost wake-up shows as a program that does not end. This long is enough for one on any machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Wakers that other threads use and drop, in any order.
#[derive(Clone, Default)]
struct Foreign(Arc<Mutex<Vec<Waker>>>);

impl Foreign {
    /// Pending for some wakes that come from elsewhere.
    fn wakes(&self, mut times: usize) -> impl Future<Output = ()> + Send + use<> {
        let foreign = self.clone();
        poll_fn(move |cx| {
            if times == 0 {
                return Poll::Ready(());
            }
            times -= 1;
            let mut wakers = foreign.0.lock().unwrap();
            // Some are woken twice.
            for _ in 0..1 + times % 2 {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }

    /// Uses wakers until it is over; keeps some, and uses them again much later.
    fn thread(&self, over: &Arc<AtomicBool>, seed: u64) -> thread::JoinHandle<()> {
        let (foreign, over) = (self.clone(), over.clone());
        thread::spawn(move || {
            let mut random = Rng::with_seed(seed);
            let mut kept = Vec::new();
            while !over.load(SeqCst) {
                let waker = {
                    let mut wakers = foreign.0.lock().unwrap();
                    let count = wakers.len();
                    (count > 0).then(|| wakers.swap_remove(random.usize(..count)))
                };
                match waker {
                    Some(waker) if random.bool() => {
                        waker.wake_by_ref();
                        kept.push(waker);
                    }
                    Some(waker) => waker.wake(),
                    None => thread::yield_now(),
                }
                if kept.len() > 50 {
                    kept.drain(..25).for_each(Waker::wake);
                }
            }
            kept.into_iter().for_each(Waker::wake);
        })
    }
}

/// Runs `program` on three workers, beside two threads that wake.
fn with_foreign_threads<F: Future<Output = ()>>(seed: u64, program: impl FnOnce(Foreign) -> F) {
    let (foreign, over) = (Foreign::default(), Arc::new(AtomicBool::new(false)));
    let threads = [seed, !seed].map(|seed| foreign.thread(&over, seed));
    let runner = Runner::builder().workers(3).build().unwrap();
    let result = runner.run(async { timeout(LIMIT, program(foreign)).await });
    drop(runner);
    over.store(true, SeqCst);
    for thread in threads {
        thread.join().unwrap();
    }
    result.expect("a wake-up was lost");
}

#[test]
fn stress_wakes_from_other_threads() {
    rounds_for(|seed| {
        with_foreign_threads(seed, |foreign| async move {
            let done = Counter::new();
            let group = TaskGroup::infallible();
            let body = async {
                for number in 0..200 {
                    let (wakes, done) = (foreign.wakes(number % 5), &done);
                    group.spawn(async move {
                        wakes.await;
                        done.add();
                    });
                    if number % 10 == 0 {
                        yield_now().await;
                    }
                }
                foreign.wakes(3).await;
            };
            group.run_value(body).await.unwrap();
            assert_eq!(done.get(), 200);
        });
    });
}

/// Two children of a group that wait for each other in turn.
struct Pair {
    turn: Mutex<(usize, Option<Waker>)>,
}

impl Pair {
    /// Waits until it is this one's turn, and passes it on.
    async fn play(&self, mine: usize, times: usize) {
        for _ in 0..times {
            poll_fn(|cx| {
                let mut state = self.turn.lock().unwrap();
                if state.0 != mine {
                    state.1 = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                state.0 = 1 - mine;
                let other = state.1.take();
                drop(state);
                other.into_iter().for_each(Waker::wake);
                Poll::Ready(())
            })
            .await;
        }
    }
}

#[test]
fn stress_a_group_moves_between_workers_while_its_children_wake_each_other() {
    rounds_for(|seed| {
        with_foreign_threads(seed, |foreign| async move {
            let tasks = (0..8).map(|_| {
                let foreign = foreign.clone();
                spawn(async move {
                    let pairs = Vec::from_iter((0..10).map(|_| Pair {
                        turn: Mutex::default(),
                    }));
                    let group = TaskGroup::infallible();
                    let body = async {
                        for pair in &pairs {
                            for mine in 0..2 {
                                let wakes = foreign.wakes(mine);
                                group.spawn(async move {
                                    pair.play(mine, 20).await;
                                    wakes.await;
                                    pair.play(mine, 20).await;
                                });
                            }
                        }
                        // Each of these may be the point where the task goes to another worker.
                        yields(20).await;
                    };
                    group.run_value(body).await.unwrap();
                })
            });
            for task in Vec::from_iter(tasks) {
                task.await;
            }
        });
    });
}

/// What the spawners of one group have seen.
#[derive(Default)]
struct Books {
    made: Counter,
    dropped: Counter,
    finished: Counter,
}

async fn spawn_at_random(
    spawner: Spawner<'static, &'static str>,
    books: Arc<Books>,
    foreign: Foreign,
    mut random: Rng,
) {
    for _ in 0..random.u32(0..30) {
        books.made.add();
        let guard = books.dropped.guard();
        let wakes = foreign.wakes(random.usize(0..3));
        let (theirs, number) = (books.clone(), random.u32(0..100));
        let future = async move {
            let _guard = guard;
            wakes.await;
            if number == 7 {
                return Err("unlucky");
            }
            theirs.finished.add();
            Ok(number)
        };
        let is_tried = random.u32(0..3) == 0;
        let child = match is_tried {
            true => match spawner.try_spawn(future) {
                Ok(child) => child,
                Err(refused) => {
                    drop(refused.into_inner());
                    continue;
                }
            },
            false => spawner.spawn(future),
        };
        match random.u32(0..10) {
            0 => child.cancel(),
            1 => spawner.cancel(),
            2..=6 => match child.join().await {
                Ok(value) => assert_eq!(value, number),
                Err(ChildError::Failed) => assert_eq!(number, 7),
                Err(ChildError::Cancelled) => {}
                // Whoever was let in is not refused afterwards.
                Err(ChildError::Refused) => assert!(!is_tried),
                Err(other) => panic!("{other}"),
            },
            _ => yields(random.usize(0..3)).await,
        }
    }
}

#[test]
fn stress_spawners_on_other_threads_while_the_group_ends() {
    let hook = crate::support::Hook::install();
    rounds_for(|seed| {
        with_foreign_threads(seed, |foreign| async move {
            let mut random = Rng::with_seed(seed);
            let books = Arc::<Books>::default();
            let group = TaskGroup::<&str>::new();
            let spawner = |random: &mut Rng| {
                let (spawner, books) = (group.spawner(), books.clone());
                spawn(spawn_at_random(
                    spawner,
                    books,
                    foreign.clone(),
                    random.fork(),
                ))
            };
            let tasks = Vec::from_iter((0..4).map(|_| spawner(&mut random)));
            let end = random.u32(0..3);
            let wakes = foreign.wakes(random.usize(0..10));
            let run = group.run(async {
                wakes.await;
                match end {
                    0 => Err("the body"),
                    1 => pending().await,
                    _ => Ok(()),
                }
            });
            // The third way: it is dropped.
            let waits = foreign.wakes(random.usize(1..30));
            let limited = async {
                waits.await;
                None
            };
            let finished = futures_lite::future::or(async { Some(run.await) }, limited).await;
            for task in tasks {
                task.await;
            }
            drop(finished);
            assert_eq!(group.stats().alive, 0);
            assert!(!group.stats().is_open);
            assert_eq!(books.made.get(), books.dropped.get());
            assert!(books.finished.get() <= books.made.get());
        });
        // Late spawns and failures are told; their number depends on the threads.
        hook.take();
    });
}

#[test]
fn stress_whoever_is_let_in_at_the_last_moment_runs() {
    let hook = crate::support::Hook::install();
    rounds_for(|seed| {
        let group = TaskGroup::infallible();
        let start = std::sync::Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let spawner = group.spawner();
                    start.wait();
                    loop {
                        let child = spawner.spawn_value(async { 1 });
                        match futures_lite::future::block_on(child.join()) {
                            Ok(value) => assert_eq!(value, 1),
                            Err(end) => return assert_eq!(end, ChildError::Refused),
                        }
                    }
                });
            }
            start.wait();
            let body = yields(seed as usize % 5);
            futures_lite::future::block_on(group.run_value(body)).unwrap();
        });
    });
    // The threads find the door closed, which is a mistake of theirs.
    hook.take();
}

#[test]
fn stress_a_child_that_is_tried_runs_or_is_given_back() {
    rounds_for(|seed| {
        let group = TaskGroup::infallible();
        let start = std::sync::Barrier::new(3);
        let (runs, polled) = (Counter::new(), Counter::new());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let spawner = group.spawner();
                    start.wait();
                    loop {
                        let polled = polled.clone();
                        match spawner.try_spawn(async move { polled.add() }) {
                            Ok(child) => {
                                runs.add();
                                let end = futures_lite::future::block_on(child.join());
                                assert_eq!(end, Ok(()));
                            }
                            Err(refused) => return drop(refused.into_inner()),
                        }
                    }
                });
            }
            start.wait();
            let body = yields(seed as usize % 5);
            futures_lite::future::block_on(group.run_value(body)).unwrap();
        });
        assert_eq!(runs.get(), polled.get());
    });
}

#[test]
fn stress_a_child_fails_at_the_moment_in_which_its_start_is_dropped() {
    let hook = crate::support::Hook::install();
    rounds_for(|_| {
        let moment = std::sync::Barrier::new(2);
        let group = TaskGroup::<&str>::new();
        let mut started = crate::support::Manual::new(group.start(|ready: ReadySignal<u8>| {
            let moment = &moment;
            async move {
                let _ready = ready;
                moment.wait();
                Err::<(), _>("port in use")
            }
        }));
        started.poll_pending();
        let result = thread::scope(|scope| {
            scope.spawn(|| {
                moment.wait();
                drop(started);
            });
            futures_lite::future::block_on(group.run(async { Ok(()) }))
        });
        // Either nobody waited for it any more, and it is the group's, or the hook was told.
        let seen = hook.take().len() + result.map_or_else(|error| error.failures().len(), |()| 0);
        assert_eq!(seen, 1);
    });
}

#[test]
fn stress_readers_of_a_supervisor_on_other_threads() {
    rounds_for(|seed| {
        with_foreign_threads(seed, |foreign| async move {
            let read = Arc::new(Counter::new());
            let supervisor = Arc::new(Supervisor::<u32>::new());
            let readers = Vec::from_iter((0..3).map(|number| {
                let (supervisor, read, foreign) =
                    (supervisor.clone(), read.clone(), foreign.clone());
                spawn(async move {
                    loop {
                        // Some give up and come back.
                        let patience = async {
                            foreign.wakes(1 + number).await;
                            None
                        };
                        let next = async { Some(supervisor.next_failure().await) };
                        match futures_lite::future::or(next, patience).await {
                            Some(Some(_)) => read.add(),
                            Some(None) if read.get() == 40 => return,
                            Some(None) | None => yield_now().await,
                        }
                    }
                })
            }));
            let body = async {
                for number in 0..80 {
                    let wakes = foreign.wakes(number as usize % 3);
                    drop(supervisor.spawn(async move {
                        wakes.await;
                        if number % 2 == 0 { Err(number) } else { Ok(()) }
                    }));
                }
                while read.get() < 40 {
                    yield_now().await;
                }
            };
            supervisor.run(body).await.unwrap();
            for reader in readers {
                reader.await;
            }
            assert_eq!(supervisor.stats().failed, 40);
        });
    });
}
