//! Every public future, dropped after its k-th poll, for all k: nothing of it is left, and nobody is woken by a ghost.

use std::{
    future::{Future, pending},
    pin::pin,
    task::{Context, Waker},
};

use smolio_executor::{
    Runner, ThreadLimit, all_tasks, ctrl_c, finally, run, shield, shield_value, shutdown_signal,
    spawn, spawn_local, to_thread, to_thread_with, with_cleanup, yield_now,
};

use crate::support::{Counter, Hook, Wakes, dropped_after, until, yields};

/// More polls than any of the futures here needs.
const POLLS: usize = 12;

/// Drops what `make` makes after each number of polls, on one and on two workers. `make` gets what counts drops: each guard
/// that it makes must be dropped once, and when the loop has closed nothing keeps the waker.
fn at_each_poll<F: Future>(guards: usize, make: impl Fn(&Counter) -> F) {
    let hook = Hook::install();
    for workers in [1, 2] {
        for polls in 0..POLLS {
            let drops = Counter::new();
            let wakes = Wakes::new();
            let runner = Runner::builder().workers(workers).build().unwrap();
            runner.run(async {
                // With the waker of the loop, as it is used.
                dropped_after(polls, make(&drops)).await;
                // And by hand, with a waker that counts its clones.
                by_hand(polls, wakes.waker(), make(&drops)).await;
                until("no task is left", || {
                    std::thread::yield_now();
                    all_tasks().len() == 1
                })
                .await;
            });
            runner.close();
            assert_eq!(drops.get(), 2 * guards, "after {polls} polls");
            assert_eq!(wakes.clones(), 0, "after {polls} polls");
        }
    }
    hook.assert_silent();
}

/// Polls whether it was woken or not, and lets the others run in between.
async fn by_hand<F: Future>(polls: usize, waker: &Waker, future: F) {
    let mut future = pin!(future);
    for _ in 0..polls {
        let mut cx = Context::from_waker(waker);
        if future.as_mut().poll(&mut cx).is_ready() {
            return;
        }
        yield_now().await;
    }
}

/// A body of some awaits that holds a guard.
fn body(drops: &Counter) -> impl Future<Output = ()> + Send + use<> {
    let guard = drops.guard();
    async move {
        let _guard = guard;
        yields(3).await;
        spawn(yields(2)).await;
    }
}

#[test]
fn task() {
    at_each_poll(1, |drops| spawn_lazily(body(drops), |task| task));
}

#[test]
fn local_task() {
    at_each_poll(1, |drops| {
        let body = body(drops);
        async move { spawn_local(body).await }
    });
}

#[test]
fn join() {
    at_each_poll(1, |drops| {
        spawn_lazily(body(drops), smolio_executor::Task::join)
    });
}

#[test]
fn cancel() {
    at_each_poll(1, |drops| {
        spawn_lazily(body(drops), smolio_executor::Task::cancel)
    });
}

/// Spawned at the first poll: a future that is never polled should not have spawned.
async fn spawn_lazily<B, F>(body: B, then: impl FnOnce(smolio_executor::Task<()>) -> F) -> F::Output
where
    B: Future<Output = ()> + Send + 'static,
    F: Future,
{
    then(spawn(body)).await
}

#[test]
fn yielding() {
    at_each_poll(0, |_| yield_now());
}

#[test]
fn finally_and_its_clean_up() {
    at_each_poll(2, |drops| finally(body(drops), body(drops)));
}

#[test]
fn with_a_resource() {
    at_each_poll(2, |drops| {
        let drops = drops.clone();
        let resource = drops.guard();
        with_cleanup(
            resource,
            {
                let body = body(&drops);
                async move |_: &mut _| body.await
            },
            |resource| async move {
                yields(2).await;
                drop(resource);
            },
        )
    });
}

#[test]
fn shielded() {
    at_each_poll(1, |drops| shield(body(drops)));
}

#[test]
fn shielded_value() {
    at_each_poll(1, |drops| {
        let body = body(drops);
        shield_value(async move {
            body.await;
            42
        })
    });
}

#[test]
fn closure_on_a_thread() {
    at_each_poll(2, |drops| {
        let (argument, value) = (drops.guard(), drops.guard());
        to_thread(move || {
            drop(argument);
            value
        })
    });
}

#[test]
fn closure_that_waits_for_its_turn() {
    let limit = ThreadLimit::new(1);
    at_each_poll(2, |drops| {
        let (first, second) = (drops.guard(), drops.guard());
        let first = to_thread_with(&limit, move || drop(first));
        let second = to_thread_with(&limit, move || drop(second));
        async move {
            let mut first = pin!(first);
            let mut second = pin!(second);
            let both = (first.as_mut(), second.as_mut());
            futures_lite::future::zip(both.0, both.1).await
        }
    });
}

/// The signal never comes, so these are polled by hand.
#[cfg(unix)]
#[test]
fn signals() {
    for polls in 0..3 {
        let wakes = Wakes::new();
        run(async {
            by_hand(polls, wakes.waker(), ctrl_c()).await;
            by_hand(polls, wakes.waker(), shutdown_signal()).await;
        });
        assert_eq!((wakes.count(), wakes.clones()), (0, 0));
    }
}

/// All of them at once, in one task, dropped by cancelling it after each number of turns.
#[test]
fn all_of_them_in_a_task() {
    let hook = Hook::install();
    for workers in [1, 2] {
        for turns in 0..30 {
            let drops = Counter::new();
            Runner::builder().workers(workers).run(async {
                let (one, two, three, four) =
                    (body(&drops), body(&drops), body(&drops), body(&drops));
                let guard = drops.guard();
                let task = spawn(async move {
                    yield_now().await;
                    finally(one, two).await;
                    spawn(three).join().await.ok();
                    to_thread(move || drop(guard)).await;
                    shield(four).await;
                    pending::<()>().await;
                });
                yields(turns).await;
                task.cancel().await;
                // What was shielded goes on to its end.
                until("no task is left", || {
                    std::thread::yield_now();
                    all_tasks().len() == 1
                })
                .await;
            });
            assert_eq!(drops.get(), 5, "after {turns} turns, on {workers} workers");
        }
    }
    hook.assert_silent();
}

/// A future that is leaked breaks nothing: its task ends with the loop.
#[test]
fn leaked_handles() {
    let drops = Counter::new();
    run(async {
        let guard = drops.guard();
        std::mem::forget(spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        let guard = drops.guard();
        std::mem::forget(spawn_local(async move { drop(guard) }));
        yields(3).await;
        assert_eq!(drops.get(), 1);
    });
    assert_eq!(drops.get(), 2);
}
