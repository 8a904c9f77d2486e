//! `to_thread`: closures that block, on threads of their own.

use std::{future::pending, thread, time::Duration};

use futures_lite::future::{block_on, poll_once};
use smolio_context::{Instant, UnhandledKind, current_task, observe, waits_of};
use smolio_executor::{Runner, ThreadLimit, run, spawn, to_thread, to_thread_with, yield_now};

use crate::support::{Counter, Hook, Latch, dropped_after, panic_of, until, yields};

#[test]
fn the_value_comes_back() {
    for workers in [1, 2] {
        Runner::builder().workers(workers).run(async {
            let here = thread::current().id();
            let there = to_thread(|| thread::current().id()).await;
            assert_ne!(here, there);
            let sum: usize = spawn(async {
                let mut sum = 0;
                for n in 0..20 {
                    sum += to_thread(move || n).await;
                }
                sum
            })
            .await;
            assert_eq!(sum, 190);
        });
    }
    // Under executors that are not ours, too.
    assert_eq!(block_on(to_thread(|| 42)), 42);
}

#[test]
fn a_panic_resumes() {
    let hook = Hook::install();
    assert_eq!(
        panic_of(|| run(to_thread(|| panic!("over there")))),
        "over there"
    );
    hook.assert_silent();
}

#[test]
fn the_closure_knows_who_it_is() {
    run(async {
        let me = current_task().unwrap().id();
        let line = line!() + 1;
        let task = to_thread(|| current_task().unwrap()).await;
        assert_eq!((&*task.name(), task.parent()), ("to_thread", Some(me)));
        assert_eq!(task.location().line(), line);
    });
}

/// The clock of a test is the clock of its closures.
#[test]
fn virtual_time_goes_along() {
    smolio_test::run(async {
        let start = Instant::now();
        smolio_timer::sleep(Duration::from_secs(1000)).await;
        let there = to_thread(move || start.elapsed()).await;
        assert_eq!(there, Duration::from_secs(1000));
    });
}

#[test]
fn at_most_so_many_at_once() {
    run(async {
        let limit = ThreadLimit::new(3);
        let (running, begun, go_on) = (Counter::new(), Counter::new(), Latch::new());
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let (ended, begun) = (running.clone(), begun.clone());
                let free = go_on.clone();
                spawn(to_thread_with(&limit.clone(), move || {
                    begun.add();
                    assert!(begun.get() - ended.get() <= 3);
                    free.block();
                    ended.add();
                }))
            })
            .collect();
        while begun.get() < 3 {
            yield_now().await;
        }
        yields(1000).await;
        assert_eq!(begun.get(), 3);
        go_on.open();
        for call in calls {
            call.await;
        }
        assert_eq!((begun.get(), running.get()), (10, 10));
    });
}

/// Dropped while it waits for its turn, the closure never runs; the turn goes to the next.
#[test]
fn dropped_before_it_began() {
    let hook = Hook::install();
    run(async {
        let limit = ThreadLimit::new(1);
        let (calls, drops, go_on, entered) =
            (Counter::new(), Counter::new(), Latch::new(), Latch::new());
        let (free, inside) = (go_on.clone(), entered.clone());
        let first = spawn(to_thread_with(&limit, move || {
            inside.open();
            free.block();
        }));
        while !entered.is_open() {
            yield_now().await;
        }
        for polls in 0..=1 {
            let (counter, guard) = (calls.clone(), drops.guard());
            let call = to_thread_with(&limit, move || {
                drop(guard);
                counter.add();
            });
            assert!(dropped_after(polls, call).await.is_none());
            assert_eq!(drops.get(), polls + 1);
        }
        let last = spawn(to_thread_with(&limit, || 42));
        go_on.open();
        first.await;
        assert_eq!(last.await, 42);
        assert_eq!((calls.get(), drops.get()), (0, 2));
    });
    hook.assert_silent();
}

/// Dropped while it runs, it is left to its thread; the loop does not wait, and the value is dropped there.
#[test]
fn dropped_while_it_runs() {
    let hook = Hook::install();
    run(async {
        let (entered, go_on, drops) = (Latch::new(), Latch::new(), Counter::new());
        let (inside, free, guard) = (entered.clone(), go_on.clone(), drops.guard());
        let mut call = Box::pin(to_thread(move || {
            inside.open();
            free.block();
            guard
        }));
        while !entered.is_open() {
            assert!(poll_once(&mut call).await.is_none());
            yield_now().await;
        }
        drop(call);
        yields(100).await;
        assert_eq!(drops.get(), 0);
        go_on.open();
        until("the value is dropped", || {
            thread::yield_now();
            drops.get() == 1
        })
        .await;
    });
    hook.assert_silent();
}

#[test]
fn a_panic_after_it_was_abandoned_goes_to_the_hook() {
    let hook = Hook::install();
    run(async {
        let (entered, go_on) = (Latch::new(), Latch::new());
        let (inside, free) = (entered.clone(), go_on.clone());
        let mut call = Box::pin(to_thread(move || {
            inside.open();
            free.block();
            panic!("nobody listens");
        }));
        while !entered.is_open() {
            assert!(poll_once(&mut call).await.is_none());
            yield_now().await;
        }
        drop(call);
        go_on.open();
        // The close waits for the closure.
    });
    let told = hook.take_one();
    assert_eq!(
        (told.kind(), told.message()),
        (UnhandledKind::Panic, "nobody listens")
    );
    assert_eq!(told.task().unwrap().name(), "to_thread");
}

/// A closure that outlives the grace, and panics or gives its value when the loop has long been gone, harms nobody.
#[test]
fn after_the_loop_is_gone() {
    let hook = Hook::install();
    let (entered, go_on, drops) = (Latch::new(), Latch::new(), Counter::new());
    let runner = Runner::builder().grace(Duration::ZERO).build().unwrap();
    runner.run(async {
        let (inside, free, guard) = (entered.clone(), go_on.clone(), drops.guard());
        spawn(to_thread(move || {
            inside.open();
            free.block();
            guard
        }))
        .detach();
        while !entered.is_open() {
            yield_now().await;
        }
    });
    runner.close();
    let told = hook.take_one();
    assert_eq!(told.kind(), UnhandledKind::GivenUp);
    assert_eq!(
        told.message(),
        "a to_thread closure that did not return within 0ns"
    );
    go_on.open();
    while drops.get() == 0 {
        thread::yield_now();
    }
    hook.assert_silent();
}

#[test]
fn an_observer_sees_the_wait() {
    let _observing = observe();
    let (entered, go_on) = (Latch::new(), Latch::new());
    run(async {
        let (inside, free) = (entered.clone(), go_on.clone());
        let task = spawn(to_thread(move || {
            inside.open();
            free.block();
        }));
        while !entered.is_open() {
            yield_now().await;
        }
        let waits = waits_of(task.id());
        assert_eq!(waits.len(), 1);
        // Said once, though the closure is a task inside.
        assert!(waits[0].what().contains("to_thread"), "{waits:?}");
        go_on.open();
        let id = task.id();
        task.await;
        // Forgotten at the end.
        assert_eq!(waits_of(id), []);
        let gone = spawn(to_thread(|| ()));
        let id = gone.id();
        gone.cancel().await;
        assert_eq!(waits_of(id), []);
        spawn(pending::<()>()).detach();
    });
}
