//! The handle of a task: awaiting, joining, and what its errors say.

use std::{
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use smolio_context::{observe, panic_message, waits_of};
use smolio_executor::{JoinError, Runner, TaskBuilder, run, spawn, spawn_local, yield_now};

use crate::support::{Gate, Hook, Wakes, panic_of, under_100_seeds, until, yields};

#[test]
fn awaiting_gives_the_value() {
    under_100_seeds(|| {
        let sum = run(async {
            let tasks: Vec<_> = (0..10).map(|n| spawn(async move { n })).collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await;
            }
            sum + spawn_local(async { 100 }).await
        });
        assert_eq!(sum, 145);
    });
}

#[test]
fn awaiting_resumes_the_panic() {
    let hook = Hook::install();
    under_100_seeds(|| {
        let text = panic_of(|| run(async { spawn(async { panic!("deep down") }).await }));
        assert_eq!(text, "deep down");
        let text = panic_of(|| run(async { spawn_local(async { panic!("deep down") }).await }));
        assert_eq!(text, "deep down");
    });
    hook.assert_silent();
}

#[test]
fn join_gives_the_panic_as_an_error() {
    let hook = Hook::install();
    for workers in [1, 2] {
        Runner::builder().workers(workers).run(async {
            let task = TaskBuilder::new()
                .name("fetch")
                .spawn(async { panic!("no {}", "route") });
            let id = task.id();
            let error: JoinError = task.join().await.unwrap_err();
            assert!(error.is_panic() && !error.is_cancelled());
            assert_eq!(error.task().id(), id);
            let text = error.to_string();
            assert!(text.starts_with("fetch (spawned at "), "{text}");
            assert!(text.ends_with(") panicked: no route"), "{text}");
            assert!(format!("{error:?}").starts_with("Panicked("), "{error:?}");
            let payload = error.into_panic().unwrap();
            assert_eq!(panic_message(&*payload), "no route");
        });
    }
    hook.assert_silent();
}

/// Not only texts can be panicked with.
#[test]
fn join_keeps_the_payload() {
    run(async {
        let task = spawn(async { std::panic::panic_any(42_u8) });
        let error = task.join().await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("a panic whose payload is not a text"),
            "{error}"
        );
        let payload = error.into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<u8>(), Some(&42));
    });
}

/// A handle that outlives its loop learns that the task was cancelled.
#[test]
fn after_the_close_the_task_was_cancelled() {
    under_100_seeds(|| {
        let runner = Runner::new();
        let build = || TaskBuilder::new().name("late");
        let (joined, awaited, local) = runner.run(async {
            let local = build().spawn_local(pending::<()>());
            (
                build().spawn(pending::<()>()),
                build().spawn(pending::<()>()),
                local,
            )
        });
        runner.close();
        assert!(joined.is_finished() && awaited.is_finished() && local.is_finished());
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut joined = joined.join();
        let Poll::Ready(Err(error)) = Pin::new(&mut joined).poll(&mut cx) else {
            panic!("no error");
        };
        assert!(error.is_cancelled() && !error.is_panic());
        assert!(error.to_string().ends_with(") was cancelled"), "{error}");
        assert!(format!("{error:?}").starts_with("Cancelled("), "{error:?}");
        assert!(error.into_panic().unwrap_err().is_cancelled());

        let mut awaited = awaited;
        let text = panic_of(|| Pin::new(&mut awaited).poll(&mut cx));
        assert!(
            text.starts_with("late (spawned at") && text.ends_with("was cancelled"),
            "{text}"
        );
    });
}

/// Whoever polls last is woken, and nobody before.
#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    run(async {
        let gate = Gate::new();
        let mut task = spawn(gate.wait());
        let (first, second) = (Wakes::new(), Wakes::new());
        for waker in [first.waker(), first.waker(), second.waker()] {
            let poll = Pin::new(&mut task).poll(&mut Context::from_waker(waker));
            assert!(poll.is_pending());
        }
        gate.open();
        until("it has ended", || task.is_finished()).await;
        assert_eq!((first.count(), second.count()), (0, 1));
        task.await;
    });
}

/// A task that nobody waits for when it ends can be awaited later, and by somebody else, on another thread too.
#[test]
fn a_value_waits_for_its_reader() {
    let runner = Runner::new();
    let task = runner.run(async {
        let task = spawn(async { String::from("kept") });
        until("it has ended", || task.is_finished()).await;
        task
    });
    runner.close();
    let reader = std::thread::spawn(move || futures_lite::future::block_on(task));
    assert_eq!(reader.join().unwrap(), "kept");
}

/// `&mut task` can be given up and taken up again.
#[test]
fn a_borrowed_task_can_be_awaited_in_pieces() {
    under_100_seeds(|| {
        run(async {
            let mut task = spawn(async {
                yields(5).await;
                "all of it"
            });
            let mut polls = 0;
            let value = loop {
                polls += 1;
                if let Some(value) = futures_lite::future::poll_once(&mut task).await {
                    break value;
                }
                yield_now().await;
            };
            assert_eq!(value, "all of it");
            assert!(polls > 1);
        });
    });
}

#[test]
fn a_task_says_who_it_is() {
    run(async {
        let task = spawn_local(pending::<()>());
        let line = line!() - 1;
        assert_eq!(task.info().name(), format!("task-{}", task.id()));
        assert_eq!(task.info().location().file(), file!());
        assert_eq!(task.info().location().line(), line);
        let text = format!("{task:?}");
        assert!(text.contains("finished: false"), "{text}");
        assert!(!task.is_finished());
        task.cancel().await;
    });
}

#[test]
fn spawning_outside_of_a_loop_says_the_way_out() {
    for text in [
        panic_of(|| spawn(async {})),
        panic_of(|| spawn_local(async {})),
        panic_of(|| TaskBuilder::new().name("x").spawn(async {})),
        panic_of(|| TaskBuilder::new().spawn_local(async {})),
    ] {
        assert!(text.contains("no loop runs on this thread"), "{text}");
        assert!(
            text.contains("`run`") && text.contains("`Handle`"),
            "{text}"
        );
    }
}

/// A future that is handed to the wrong place is not lost without a word, and its destructor runs.
#[test]
fn spawning_outside_of_a_loop_drops_the_future() {
    let drops = crate::support::Counter::new();
    let guard = drops.guard();
    let refused = catch_unwind(AssertUnwindSafe(|| spawn(async move { drop(guard) })));
    assert!(refused.is_err());
    assert_eq!(drops.get(), 1);
}

/// Whoever awaits, joins or cancels a task says which one, to those who look.
#[test]
fn an_observer_sees_who_waits_for_whom() {
    let _observing = observe();
    run(async {
        let gate = Gate::new();
        let fetch = || TaskBuilder::new().name("fetch").spawn(gate.wait());
        let expected = format!("the end of fetch (spawned at {}:", file!());
        let (awaited, joined) = (fetch(), fetch());
        let waiting = [
            spawn(awaited),
            spawn(async move { joined.join().await.unwrap() }),
        ];
        yields(3).await;
        for task in &waiting {
            let [wait] = &*waits_of(task.id()) else {
                panic!("not one wait: {:?}", waits_of(task.id()));
            };
            assert!(wait.what().starts_with(&expected), "{wait}");
        }
        gate.open();
        for task in waiting {
            let id = task.id();
            task.await;
            assert_eq!(waits_of(id), []);
        }
    });
}
