//! Asking a task of the workers to end: from any thread, before its first poll or after.

use std::task::{Context, Waker};

use crate::sync::{AtomicBool, OnceLock, Ordering, fence};

pub(crate) struct CancelRequest {
    made: AtomicBool,
    polled: AtomicBool,
    // Set when the first poll leaves the task pending; it keeps its waker for life.
    waker: OnceLock<Waker>,
}

impl CancelRequest {
    pub(crate) fn new() -> Self {
        Self {
            made: AtomicBool::new(false),
            polled: AtomicBool::new(false),
            waker: OnceLock::new(),
        }
    }

    /// For the one who asks: the task is woken, if it waits.
    pub(crate) fn make(&self) {
        self.made.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Whether there was no request and no poll yet.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.made.load(Ordering::Relaxed) && !self.polled.load(Ordering::Relaxed)
    }

    /// Whether the task was asked to end.
    pub(crate) fn is_made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    /// For the task, before each poll: whether it has been asked to end.
    pub(crate) fn was_made(&self) -> bool {
        self.polled.store(true, Ordering::Relaxed);
        self.made.load(Ordering::Acquire)
    }

    /// For the task, after each poll that leaves it pending: leaves the waker the first time, and then says whether it was asked to
    /// end meanwhile. Many tasks are done with their first poll, and need not pay for it.
    ///
    /// Either we see the request, or it sees our waker: the two fences forbid that both miss.
    pub(crate) fn was_made_meanwhile(&self, cx: &Context<'_>) -> bool {
        if self.waker.get().is_some() {
            return false;
        }
        self.waker.set(cx.waker().clone()).ok();
        fence(Ordering::SeqCst);
        self.made.load(Ordering::Acquire)
    }
}
