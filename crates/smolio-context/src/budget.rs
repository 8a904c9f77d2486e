//! The budget of a poll: how many times the futures of ours may say "ready" before a task must let others run.
//!
//! A task that reads from a queue that is never empty would keep its thread for ever. So each poll of a task or child has
//! a budget, and our leaf futures spend it; at zero they wake themselves and wait for the next poll. The idea and the
//! number are tokio's ("Reducing tail latencies with automatic cooperative task yielding", 2020).

use std::{
    cell::Cell,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::attention;

/// How many times leaf futures may be ready in one poll of a task.
const PER_POLL: u32 = 128;

/// Under executors that are not ours nobody refills the budget, so there is no limit.
const UNLIMITED: u32 = u32::MAX >> 1;

/// In a guard: the end of the poll that ends with it is to be told. A bit that is free anyway costs each poll a third of what another
/// guard would.
const MEASURED: u32 = !UNLIMITED;

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(UNLIMITED) };
}

/// Puts the budget back that was in force when it was made.
pub(crate) struct BudgetGuard(u32);

impl BudgetGuard {
    /// From now on the guard tells of the end of the poll that it stands for.
    #[inline]
    pub(crate) fn measure(&mut self, yes: bool) {
        if yes {
            self.0 |= MEASURED;
        }
    }
}

impl Drop for BudgetGuard {
    #[inline]
    fn drop(&mut self) {
        let mut left = self.0;
        if left & MEASURED != 0 {
            attention::end_poll();
            left &= !MEASURED;
        }
        LEFT.set(left);
    }
}

/// A fresh budget until the guard is dropped.
#[inline]
pub(crate) fn refill() -> BudgetGuard {
    BudgetGuard(LEFT.replace(PER_POLL))
}

/// For leaf futures, before they do their work: pending, and woken again, when the budget is used up.
///
/// To be followed by [`spend_budget`] when the future is ready.
///
/// ```
/// # use std::task::{Context, Poll, ready};
/// # use smolio_context::{poll_budget, spend_budget};
/// # fn try_take() -> Option<u8> { None }
/// fn poll_take(cx: &mut Context<'_>) -> Poll<u8> {
///     ready!(poll_budget(cx));
///     match try_take() {
///         Some(item) => { spend_budget(); Poll::Ready(item) }
///         None => Poll::Pending, // register the waker first
///     }
/// }
/// ```
#[inline]
pub fn poll_budget(cx: &mut Context<'_>) -> Poll<()> {
    if LEFT.get() == 0 {
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(())
}

/// Takes one unit from the budget of the current poll.
#[inline]
pub fn spend_budget() {
    let left = LEFT.get();
    if left != UNLIMITED {
        LEFT.set(left.saturating_sub(1));
    }
}

/// What is left for the current poll; `None` where there is no limit.
pub fn budget_left() -> Option<u32> {
    let left = LEFT.get();
    (left != UNLIMITED).then_some(left)
}

pin_project! {
    /// The future of [`unconstrained`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

/// Lets `future` run without a budget: it may stay ready as often as it likes, at the expense of all others.
///
/// # Cancel safety
/// As cancel safe as `future`.
///
/// ```
/// use smolio_context::{TaskContext, budget_left, unconstrained};
/// # use std::{future::Future, pin::pin, task::{Context, Waker}};
/// let future = unconstrained(async { assert_eq!(budget_left(), None) });
/// # let mut future = pin!(future);
/// # TaskContext::root().enter(|| assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()));
/// ```
pub fn unconstrained<F: IntoFuture>(future: F) -> Unconstrained<F::IntoFuture> {
    Unconstrained {
        future: future.into_future(),
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _guard = BudgetGuard(LEFT.replace(UNLIMITED));
        self.project().future.poll(cx)
    }
}
