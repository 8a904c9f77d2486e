//! Wakers that panic, when they are used or when they are dropped: others are still woken, and nothing is lost.

use std::{
    future::{pending, poll_fn, ready},
    panic::panic_any,
    sync::{Arc, Mutex},
    task::{Poll, Wake, Waker},
};

use smolio_task_group::{CancelScope, TaskGroup};

use crate::support::{Hook, Log, Manual, panic_of};

/// A waker that panics when it is used.
struct PanicsWhenUsed;

impl Wake for PanicsWhenUsed {
    fn wake(self: Arc<Self>) {
        panic_any("the waker");
    }
}

/// A waker whose last clone panics when it is dropped.
struct PanicsWhenDropped;

impl Wake for PanicsWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_any("the waker's end");
        }
    }
}

#[test]
fn a_waker_of_the_run_that_panics_harms_nobody() {
    let hook = Hook::install();
    let place = Mutex::new(None::<Waker>);
    let group = TaskGroup::infallible();
    let mut polls = 0;
    let mut run = Manual::new(group.run_value(poll_fn(|cx| {
        polls += 1;
        if polls > 1 {
            return Poll::Ready(polls);
        }
        *place.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    })));
    assert!(run.poll_with(Arc::new(PanicsWhenUsed).into()).is_pending());
    place.lock().unwrap().take().unwrap().wake();
    assert_eq!(hook.take_one().message(), "the waker");
    assert_eq!(run.poll_ready(), Ok(2));
}

#[test]
fn a_waker_of_the_run_that_panics_in_its_destructor_loses_nothing() {
    let log = Log::new();
    let group = TaskGroup::<&str>::new();
    let mut run = Manual::new(group.run_until_cancelled(async {
        for number in 0..2 {
            let guard = log.on_drop(format!("child {number}"));
            group.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
        }
        let _guard = log.on_drop("body");
        pending::<Result<(), _>>().await
    }));
    let bad = || Waker::from(Arc::new(PanicsWhenDropped));
    // The run keeps the last clone, and drops it when it is polled again.
    assert!(run.poll_with(bad()).is_pending());
    assert_eq!(panic_of(|| run.poll()), "the waker's end");
    let mut child = Manual::new(group.spawn_value(ready(1)));
    run.poll_pending();
    assert_eq!(child.poll_ready(), 1);

    // Or when it is dropped itself.
    let mut outside = Manual::new(group.spawn(pending::<()>()));
    outside.poll_pending();
    assert!(run.poll_with(bad()).is_pending());
    assert_eq!(panic_of(|| drop(run)), "the waker's end");
    assert_eq!(log.take(), ["body", "child 1", "child 0"]);
    assert_eq!(group.stats().alive, 0);
    assert!(outside.wakes.count() > 0);
    let text = panic_of(|| outside.poll());
    assert!(text.starts_with("awaited a child that was cancelled"));
}

#[test]
fn of_those_who_wait_for_a_token_all_are_woken_whoever_panics() {
    let hook = Hook::install();
    let scope = CancelScope::new();
    let mut before = Manual::new(scope.cancelled());
    let mut panics = Manual::new(scope.cancelled());
    let mut after = Manual::new(scope.cancelled());
    before.poll_pending();
    assert!(
        panics
            .poll_with(Arc::new(PanicsWhenUsed).into())
            .is_pending()
    );
    after.poll_pending();
    scope.cancel();
    assert_eq!((before.wakes.count(), after.wakes.count()), (1, 1));
    assert_eq!(hook.take_one().message(), "the waker");
}

#[test]
fn of_those_who_wait_for_the_end_all_are_woken_whoever_panics() {
    let hook = Hook::install();
    let group = TaskGroup::<&str>::new();
    let mut children = Vec::from_iter((0..3).map(|_| Manual::new(group.spawn(pending::<()>()))));
    let token = group.cancelled();
    let mut run = Manual::new(group.run(async {
        token.await;
        Err::<(), _>("never: it is dropped before")
    }));
    run.poll_pending();
    children[0].poll_pending();
    let bad: Waker = Arc::new(PanicsWhenUsed).into();
    assert!(children[1].poll_with(bad.clone()).is_pending());
    children[2].poll_pending();
    drop(run);
    for (index, child) in children.iter_mut().enumerate() {
        let text = panic_of(|| child.poll());
        assert!(text.starts_with("awaited a child that was cancelled"));
        assert_eq!(child.wakes.count(), usize::from(index != 1));
    }
    // It was told as a panic of a waker, not of the child.
    let told = hook.take_one();
    assert_eq!(told.message(), "the waker");
}

#[test]
fn of_those_who_wait_for_a_place_all_are_served_whoever_panics() {
    let hook = Hook::install();
    let group = TaskGroup::infallible().limit(1);
    let child = group.spawn(pending::<()>());
    let mut run = Manual::new(group.run_value(pending::<()>()));
    run.poll_pending();
    let mut panics = Manual::new(group.ready());
    let mut after = Manual::new(group.ready());
    assert!(
        panics
            .poll_with(Arc::new(PanicsWhenUsed).into())
            .is_pending()
    );
    after.poll_pending();
    child.cancel();
    run.poll_pending();
    assert_eq!(hook.take_one().message(), "the waker");
    drop(panics);
    assert_eq!(after.wakes.count(), 1);
    after.poll_ready();
}
