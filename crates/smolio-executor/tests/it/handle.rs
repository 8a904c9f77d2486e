//! Handles: the way to a loop from other threads.

use std::{future::pending, sync::mpsc, thread};

use futures_lite::future::block_on;
use smolio_executor::{Closed, Handle, Runner, run, spawn, to_thread, yield_now};

use crate::support::{Counter, Hook, Polls, panic_of, until, yields};

fn with_thread<R: Send + 'static>(
    workers: usize,
    f: impl FnOnce(Handle) -> R + Send + 'static,
) -> R {
    let runner = Runner::builder().workers(workers).build().unwrap();
    let handle = runner.handle();
    let thread = thread::spawn(move || f(handle));
    runner
        .run(async move { to_thread(|| thread.join()).await })
        .unwrap()
}

#[test]
fn spawn_and_block_on() {
    for workers in [1, 2] {
        let values = with_thread(workers, |handle| {
            let task = handle.spawn(async {
                yield_now().await;
                spawn(async { 40 }).await
            });
            let value = handle.block_on(async {
                yields(3).await;
                2
            });
            block_on(task.unwrap()) + value.unwrap()
        });
        assert_eq!(values, 42);
    }
}

#[test]
fn block_on_resumes_a_panic() {
    let hook = Hook::install();
    for workers in [1, 2] {
        let text = with_thread(workers, |handle| {
            panic_of(|| handle.block_on(async { panic!("over there") }))
        });
        assert_eq!(text, "over there");
    }
    hook.assert_silent();
}

#[test]
fn block_on_on_the_loops_own_thread_says_the_way_out() {
    for workers in [1, 2] {
        let check = |text: String| {
            assert!(text.contains("for ever"), "{text}");
            assert!(
                text.contains("`.await`") && text.contains("`to_thread`"),
                "{text}"
            );
        };
        let runner = Runner::builder().workers(workers).build().unwrap();
        runner.run(async {
            let handle = Handle::current().unwrap();
            check(panic_of(|| handle.block_on(async {})));
            // On any worker.
            let task = spawn(async move { panic_of(|| handle.block_on(async {})) });
            check(task.await);
            // The way out works.
            let handle = Handle::current().unwrap();
            let value = to_thread(move || handle.block_on(async { 42 }).unwrap()).await;
            assert_eq!(value, 42);
        });
    }
}

#[test]
fn block_on_panics_when_the_loop_closes_meanwhile() {
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        let (handle, polls) = (runner.handle(), Counter::new());
        let count = polls.clone();
        let thread = thread::spawn(move || {
            panic_of(|| handle.block_on(Polls::new(&count, pending::<()>())))
        });
        runner.run(until("it waits", || polls.get() == 1));
        runner.close();
        let text = thread.join().unwrap();
        assert!(text.ends_with("was cancelled"), "{text}");
    }
}

#[test]
fn after_the_close_the_future_comes_back_unpolled() {
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        let handle = runner.handle();
        assert!(!handle.is_closed());
        assert_eq!(format!("{handle:?}"), "Handle { closed: false }");
        runner.close();
        assert!(handle.is_closed());
        let (polls, drops) = (Counter::new(), Counter::new());
        let guard = drops.guard();
        let future = Polls::new(&polls, async move {
            let _guard = guard;
            42
        });
        let refused: Closed<_> = handle.spawn(future).map(|_| ()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the loop has closed and takes no tasks"
        );
        let refused = handle.block_on(refused.into_inner()).unwrap_err();
        assert_eq!((polls.get(), drops.get()), (0, 0));
        // Another loop takes it.
        assert_eq!(run(refused.into_inner()), 42);
        assert_eq!(drops.get(), 1);
    }
}

#[test]
fn there_is_a_current_one_inside_of_loops_only() {
    assert!(Handle::current().is_none());
    for workers in [1, 2] {
        Runner::builder().workers(workers).run(async {
            assert!(Handle::current().is_some());
            assert!(spawn(async { Handle::current().is_some() }).await);
            assert!(!to_thread(|| Handle::current().is_some()).await);
        });
    }
    assert!(Handle::current().is_none());
}

/// Many threads spawn while the loop closes. Each future is run, dropped on the loop, or given back; none is left over, and
/// whoever waits for one learns its end.
#[test]
fn nothing_is_lost_while_the_loop_closes() {
    let hook = Hook::install();
    for round in 0..60 {
        let workers = 1 + round % 3;
        let (drops, given_back) = (Counter::new(), Counter::new());
        let runner = Runner::builder().workers(workers).build().unwrap();
        let (started, starting) = mpsc::channel();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (handle, drops) = (runner.handle(), drops.clone());
                let (given_back, started) = (given_back.clone(), started.clone());
                thread::spawn(move || {
                    let mut accepted = Vec::new();
                    let mut count = 0;
                    loop {
                        count += 1;
                        let guard = drops.guard();
                        let spawned = handle.spawn(async move {
                            let _guard = guard;
                            yield_now().await;
                        });
                        match spawned {
                            Ok(task) => accepted.push(task),
                            Err(closed) => {
                                given_back.add();
                                drop(closed.into_inner());
                                break;
                            }
                        }
                        if count == 10 {
                            started.send(()).unwrap();
                        }
                        if accepted.len() > 64 {
                            // Spawning is quicker than running: without this the queue would grow and grow.
                            block_on(accepted.remove(0).join()).ok();
                        }
                    }
                    // The loop has closed, or is about to: each of them ends. (A handle that hangs would hang this test.)
                    for task in accepted {
                        block_on(task.join()).ok();
                    }
                    count
                })
            })
            .collect();
        runner.run(async {
            for _ in 0..4 {
                starting.recv().unwrap();
            }
            yields(round).await;
        });
        runner.close();
        let spawned: usize = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!((drops.get(), given_back.get()), (spawned, 4));
    }
    hook.assert_silent();
}

#[test]
fn a_refusal_goes_into_anyhow_without_the_future() {
    let handle = Runner::new().handle(); // and the loop has closed
    // Not `Sync`, as most futures.
    let not_sync = std::cell::Cell::new(0);
    let refused = handle.spawn(async move { not_sync.get() }).unwrap_err();
    let error = anyhow::Error::from(refused.without_future());
    assert_eq!(error.to_string(), "the loop has closed and takes no tasks");
}
