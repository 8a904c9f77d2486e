//! The budget of a poll.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use smolio_context::{Scoped, TaskContext, budget_left, poll_budget, spend_budget, unconstrained};

use crate::{Wakes, panic_of, poll};

const PER_POLL: u32 = 128;

/// A leaf future that is always ready, as a queue that is never empty.
fn always_ready() -> impl Future<Output = ()> {
    poll_fn(|cx| {
        ready!(poll_budget(cx));
        spend_budget();
        Poll::Ready(())
    })
}

/// Counts how often the leaf was ready.
async fn greedy(times: &std::cell::Cell<u32>, limit: u32) {
    while times.get() < limit {
        always_ready().await;
        times.set(times.get() + 1);
    }
}

#[test]
fn there_is_no_limit_under_foreign_executors() {
    assert_eq!(budget_left(), None);
    let times = std::cell::Cell::new(0);
    assert!(poll(pin!(greedy(&times, 100_000))).is_ready());
    assert_eq!(budget_left(), None);
}

#[test]
fn each_poll_of_a_task_has_its_own() {
    let times = std::cell::Cell::new(0);
    let mut task = pin!(Scoped::new(TaskContext::root(), greedy(&times, 1000)));
    for polls in 1..=7 {
        assert!(poll(task.as_mut()).is_pending());
        assert_eq!(times.get(), polls * PER_POLL);
        assert_eq!(budget_left(), None);
    }
    assert!(poll(task.as_mut()).is_ready());
}

#[test]
fn whoever_has_used_it_up_is_woken() {
    let wakes = Arc::<Wakes>::default();
    let waker = Waker::from(wakes.clone());
    let times = std::cell::Cell::new(0);
    let task = pin!(Scoped::new(TaskContext::root(), greedy(&times, 1000)));
    assert!(task.poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(wakes.count(), 1);
}

/// A child has a budget of its own, and takes nothing from its parent's.
#[test]
fn children_have_their_own() {
    TaskContext::root().enter(|| {
        spend_budget();
        assert_eq!(budget_left(), Some(PER_POLL - 1));
        let times = std::cell::Cell::new(0);
        let mut child = pin!(Scoped::new(TaskContext::child(None), greedy(&times, 1000)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(child.as_mut().poll_child(&mut cx).is_pending());
        assert_eq!(times.get(), PER_POLL);
        assert_eq!(budget_left(), Some(PER_POLL - 1));
    });
}

#[test]
fn unconstrained_lifts_it() {
    TaskContext::root().enter(|| {
        spend_budget();
        let times = std::cell::Cell::new(0);
        assert!(poll(pin!(unconstrained(greedy(&times, 10_000)))).is_ready());
        // Back in force, and not touched.
        assert_eq!(budget_left(), Some(PER_POLL - 1));
        panic_of(|| poll(pin!(unconstrained(async { panic!("inside") }))));
        assert_eq!(budget_left(), Some(PER_POLL - 1));
    });
}

#[test]
fn spending_more_than_there_is_stays_at_zero() {
    TaskContext::root().enter(|| {
        for _ in 0..2 * PER_POLL {
            spend_budget();
        }
        assert_eq!(budget_left(), Some(0));
        assert!(poll_budget(&mut Context::from_waker(Waker::noop())).is_pending());
    });
}
