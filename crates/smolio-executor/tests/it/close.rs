//! Closing: what is dropped, what is waited for, and what is refused.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use smolio_context::{CleanUp, Instant, UnhandledKind, clean_up_later};
use smolio_executor::{
    Handle, Runner, finally, run, spawn, spawn_local, to_thread, with_cleanup, yield_now,
};
use smolio_timer::sleep;

use crate::support::{Counter, Hook, Latch, Polls, under_100_seeds, virtual_runner, yields};

const GRACE: Duration = Duration::from_secs(1);

/// The whole of the row at once: tasks alive, a clean-up of .5, one that never ends, a thread that never ends, a grace of 1.
#[test]
fn r1_close_with_tasks_alive() {
    let hook = Hook::install();
    under_100_seeds(|| {
        let (begun, never) = ([(); 3].map(|()| Counter::new()), Latch::new());
        let (drops, cleaned) = (Counter::new(), Counter::new());
        let (runner, _clock) = virtual_runner(GRACE);
        let start = Instant::now();
        let cleaned_at = Arc::new(Mutex::new(None));
        runner.run(async {
            for _ in 0..3 {
                let guard = drops.guard();
                spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                })
                .detach();
            }
            let (counter, at) = (cleaned.clone(), cleaned_at.clone());
            let half = async move {
                sleep(GRACE / 2).await;
                *at.lock().unwrap() = Some(start.elapsed());
                counter.add();
            };
            spawn(finally(Polls::new(&begun[0], pending::<()>()), half)).detach();
            let guard = drops.guard();
            let endless = async move {
                let _guard = guard;
                pending::<()>().await;
            };
            spawn(finally(Polls::new(&begun[1], pending::<()>()), endless)).detach();
            let blocked = never.clone();
            let inside = begun[2].clone();
            spawn(to_thread(move || {
                inside.add();
                blocked.block();
            }))
            .detach();
            // The thread begins when it begins, so this one waits without a bound.
            while begun.iter().any(|one| one.get() == 0) {
                yield_now().await;
            }
            assert_eq!((drops.get(), start.elapsed()), (0, Duration::ZERO));
        });
        runner.close();
        assert_eq!(start.elapsed(), GRACE);
        assert_eq!((drops.get(), cleaned.get()), (4, 1));
        assert_eq!(*cleaned_at.lock().unwrap(), Some(GRACE / 2));
        let mut told = hook.take_messages();
        told.sort_by(|a, b| a.1.cmp(&b.1));
        let given_up = |what: &str| (UnhandledKind::GivenUp, what.to_string());
        assert_eq!(
            told,
            [
                given_up("a clean-up that did not end within 1s"),
                given_up("a to_thread closure that did not return within 1s"),
            ]
        );
        // Come late, it is harmless.
        never.open();
    });
    hook.assert_silent();
}

/// Nothing takes longer than it must: the loop closes as soon as the last clean-up has ended.
#[test]
fn r1_the_grace_is_not_used_up_for_nothing() {
    let (runner, _clock) = virtual_runner(GRACE);
    let start = Instant::now();
    runner.run(async {
        spawn(finally(pending::<()>(), sleep(GRACE / 4))).detach();
        yields(2).await;
    });
    runner.close();
    assert_eq!(start.elapsed(), GRACE / 4);

    let (runner, _clock) = virtual_runner(GRACE);
    let start = Instant::now();
    runner.run(async { spawn(pending::<()>()).detach() });
    runner.close();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

/// A clean-up that never ends, and leaves another such when it is dropped: all are reported, and the close comes to an end.
#[test]
fn r1_clean_ups_that_leave_clean_ups() {
    let hook = Hook::install();
    let (runner, _clock) = virtual_runner(GRACE);
    let drops = Counter::new();
    runner.run(async {
        let endless = || {
            let guard = drops.guard();
            async move {
                let _guard = guard;
                pending::<()>().await;
            }
        };
        let nested = finally(endless(), finally(endless(), endless()));
        spawn(nested).detach();
        yields(3).await;
    });
    runner.close();
    assert_eq!(drops.get(), 3);
    let told = hook.take();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|one| one.kind() == UnhandledKind::GivenUp));
}

#[test]
fn r1_the_loop_keeps_turning_for_clean_ups() {
    under_100_seeds(|| {
        let done = Counter::new();
        let counter = done.clone();
        run(async move {
            let clean_up = async move {
                // All that a loop has to offer: yields, timers, threads and tasks.
                yields(10).await;
                sleep(Duration::from_micros(1)).await;
                let value = to_thread(|| 20).await;
                let task = spawn(async {
                    yield_now().await;
                    22
                });
                let local = spawn_local(async { 0 });
                assert_eq!(value + task.await + local.await, 42);
                counter.add();
            };
            spawn(finally(pending::<()>(), clean_up)).detach();
            yields(2).await;
        });
        assert_eq!(done.get(), 1);
    });
}

/// Clean-ups of clean-ups are waited for as well.
#[test]
fn r1_nested_clean_ups_run_to_their_end() {
    under_100_seeds(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let step = |name: &'static str| {
            let order = order.clone();
            async move {
                yields(2).await;
                order.lock().unwrap().push(name);
            }
        };
        run(async {
            let inner = finally(pending::<()>(), step("inner"));
            let outer = finally(inner, finally(step("outer"), step("the outer's own")));
            spawn(outer).detach();
            yields(2).await;
        });
        let mut order = order.lock().unwrap().clone();
        assert_eq!(order.len(), 3);
        order.retain(|name| *name != "inner");
        assert_eq!(order, ["outer", "the outer's own"]);
    });
}

#[test]
fn tasks_are_refused_while_the_loop_closes() {
    /// Spawns in its destructor, which runs while the loop closes.
    struct Spawns {
        polls: Counter,
        drops: Counter,
        handle: Handle,
    }
    impl Drop for Spawns {
        fn drop(&mut self) {
            for _ in 0..2 {
                let guard = self.drops.guard();
                let task = spawn(Polls::new(&self.polls, async move { drop(guard) }));
                assert!(task.is_finished());
                let guard = self.drops.guard();
                spawn_local(Polls::new(&self.polls, async move { drop(guard) })).detach();
            }
            let guard = self.drops.guard();
            let refused = self
                .handle
                .spawn(Polls::new(&self.polls, async move { drop(guard) }));
            let future = refused.unwrap_err().into_inner();
            drop(future);
        }
    }
    let hook = Hook::install();
    under_100_seeds(|| {
        let (polls, drops) = (Counter::new(), Counter::new());
        run(async {
            let handle = Handle::current().unwrap();
            let spawns = Spawns {
                polls: polls.clone(),
                drops: drops.clone(),
                handle,
            };
            spawn_local(async move {
                let _spawns = spawns;
                pending::<()>().await;
            })
            .detach();
            yields(2).await;
        });
        assert_eq!((polls.get(), drops.get()), (0, 5));
    });
    hook.assert_silent();
}

/// What a destructor leaves goes to the loop, before the close and while it closes.
#[test]
fn clean_ups_of_destructors_are_taken() {
    struct Farewell(Counter);
    impl Drop for Farewell {
        fn drop(&mut self) {
            let counter = self.0.clone();
            clean_up_later(CleanUp::new("a farewell", async move {
                yields(3).await;
                counter.add();
            }));
        }
    }
    let hook = Hook::install();
    let done = Counter::new();
    run(async {
        drop(Farewell(done.clone()));
        assert_eq!(done.get(), 0);
        let at_close = Farewell(done.clone());
        spawn(async move {
            let _at_close = at_close;
            pending::<()>().await;
        })
        .detach();
        let in_task = Farewell(done.clone());
        spawn(async move { drop(in_task) }).await;
    });
    assert_eq!(done.get(), 3);
    hook.assert_silent();
    // Without a loop the hook is told.
    drop(Farewell(done.clone()));
    let told = hook.take_one();
    assert_eq!(
        told.message(),
        "a farewell that was dropped where no loop runs"
    );
    assert_eq!(done.get(), 3);
}

/// A clean-up that began before the close keeps the tasks that it has spawned.
#[test]
fn a_clean_up_keeps_its_tasks_when_the_loop_closes() {
    for workers in [1, 2] {
        for turns in 0..20 {
            let done = Counter::new();
            let counter = done.clone();
            Runner::builder().workers(workers).run(async move {
                let clean_up = async move {
                    spawn(yields(10)).await;
                    spawn_local(yields(10)).await;
                    counter.add();
                };
                drop(finally(pending::<()>(), clean_up));
                yields(turns).await;
            });
            assert_eq!(done.get(), 1, "closed after {turns} turns");
        }
    }
}

/// The order of the close: tasks first, then the clean-ups that they leave; a clean-up does not see its task's future alive.
#[test]
fn the_future_is_gone_before_its_clean_up_begins() {
    under_100_seeds(|| {
        let drops = Counter::new();
        let counter = drops.clone();
        run(async {
            let guard = drops.guard();
            let body = async move {
                let _guard = guard;
                pending::<()>().await;
            };
            spawn(finally(body, async move { assert_eq!(counter.get(), 1) })).detach();
            yields(2).await;
        });
        assert_eq!(drops.get(), 1);
    });
}

/// A handle that was dropped cancels; the close waits for the clean-ups of that, too.
#[test]
fn a_resource_is_closed_at_the_close() {
    struct Connection(Counter);
    let closed = Counter::new();
    run(async {
        let connection = Connection(closed.clone());
        spawn(with_cleanup(
            connection,
            async |_| pending::<()>().await,
            |connection| async move {
                yields(5).await;
                connection.0.add();
            },
        ))
        .detach();
        yields(2).await;
    });
    assert_eq!(closed.get(), 1);
}

#[test]
fn dropping_the_runner_closes_it() {
    let drops = Counter::new();
    let runner = Runner::new();
    let handle = runner.handle();
    let guard = drops.guard();
    runner.run(async {
        spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })
        .detach();
    });
    assert!(!handle.is_closed());
    drop(runner);
    assert!(handle.is_closed());
    assert_eq!(drops.get(), 1);
}

/// A closure that is on its thread is waited for: what it does is not cut off by the end of the process.
#[test]
fn closures_on_threads_are_waited_for() {
    let hook = Hook::install();
    let done = Counter::new();
    let (entered, go_on) = (Latch::new(), Latch::new());
    run(async {
        let (inside, free, counter) = (entered.clone(), go_on.clone(), done.clone());
        spawn(to_thread(move || {
            inside.open();
            free.block();
            counter.add();
        }))
        .detach();
        yields(2).await;
        entered.block();
        // Opened by a destructor, when the loop is closing already.
        struct Opens(Latch);
        impl Drop for Opens {
            fn drop(&mut self) {
                self.0.open();
            }
        }
        let opens = Opens(go_on.clone());
        spawn(async move {
            let _opens = opens;
            pending::<()>().await;
        })
        .detach();
        yields(2).await;
    });
    assert_eq!(done.get(), 1);
    hook.assert_silent();
}
