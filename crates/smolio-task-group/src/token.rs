//! The word that it is time to stop, for those who are not simply dropped.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::waiters::{Ticket, Waiters, wake};

/// Tells that a [`TaskGroup`](crate::TaskGroup) or a [`CancelScope`](crate::CancelScope) was cancelled, or failed.
///
/// Awaiting it waits for that; a loop, or a thread that computes, may ask [`is_cancelled`](Self::is_cancelled) now and then.
/// It is for those who want to end by themselves: a group that is cancelled with a grace period, and work on other threads.
/// Each clone waits for itself.
///
/// # Cancel safety
/// Nothing is lost when it is dropped and a clone of it awaited later.
///
/// ```
/// # use smolio_task_group::TaskGroup;
/// # futures_lite::future::block_on(async {
/// let group = TaskGroup::infallible();
/// let stopped = group
///     .run_value(async {
///         let token = group.cancelled();
///         let server = group.spawn_value(async {
///             token.await; // in real life: until then, accept connections
///             "served to the end"
///         });
///         group.cancel_with_grace(std::future::pending());
///         server.await
///     })
///     .await;
/// assert_eq!(stopped.unwrap(), "served to the end");
/// # });
/// ```
#[must_use = "a token does nothing unless it is awaited or asked"]
pub struct CancelToken {
    state: Arc<State>,
    ticket: Ticket,
}

#[derive(Default)]
struct State {
    is_cancelled: AtomicBool,
    waiters: Mutex<Waiters>,
}

impl CancelToken {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::default(),
            ticket: None,
        }
    }

    /// Whether it is time to stop. Any thread may ask.
    pub fn is_cancelled(&self) -> bool {
        self.state.is_cancelled.load(Ordering::Acquire)
    }

    /// Whether it is time to stop, and how many wait for that.
    pub fn stats(&self) -> CancelTokenStats {
        CancelTokenStats {
            waiting: self.lock().len(),
            is_cancelled: self.is_cancelled(),
        }
    }

    /// Wakes all who wait.
    pub(crate) fn cancel(&self) {
        self.state.is_cancelled.store(true, Ordering::Release);
        // Whoever comes to wait after this looks at the flag with the lock held, and so sees it.
        let waiters = self.lock().take_all();
        waiters.for_each(wake);
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.state
            .waiters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl CancelToken {
    /// As a poll, without regard to the budget: a body that has used it all up must not keep its own scope from ending it.
    pub(crate) fn poll_cancelled(&mut self, cx: &Context<'_>) -> Poll<()> {
        let state = self.state.clone();
        // Before the lock: it is not our code.
        let waker = cx.waker().clone();
        let mut waiters = state.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_cancelled() {
            return Poll::Ready(());
        }
        let before = waiters.wait(&mut self.ticket, waker);
        drop(waiters);
        drop(before);
        waiting_for(|| "a cancellation".to_owned());
        Poll::Pending
    }

    /// Waits no more.
    pub(crate) fn leave(&mut self) {
        if self.ticket.is_some() {
            let mut ticket = self.ticket.take();
            let waker = self.lock().leave(&mut ticket);
            drop(waker);
        }
    }
}

impl Future for CancelToken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(poll_budget(cx));
        ready!(self.poll_cancelled(cx));
        spend_budget();
        Poll::Ready(())
    }
}

impl Clone for CancelToken {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            ticket: None,
        }
    }
}

impl Drop for CancelToken {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What a token is up to, from [`CancelToken::stats`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CancelTokenStats {
    /// Clones of the token that are being awaited, and runs of its scope.
    pub waiting: usize,
    /// Whether it is time to stop.
    pub is_cancelled: bool,
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}
