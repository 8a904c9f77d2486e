//! Asking a task of the workers to end: from any thread, before its first poll or after.

use std::task::{Context, Waker};

use crate::sync::{AtomicBool, OnceLock, Ordering, fence};

pub(crate) struct CancelRequest {
    made: AtomicBool,
    // Set by the first poll; a task keeps its waker for life.
    waker: OnceLock<Waker>,
}

impl CancelRequest {
    pub(crate) fn new() -> Self {
        Self {
            made: AtomicBool::new(false),
            waker: OnceLock::new(),
        }
    }

    /// For the one who asks: the task is woken, if it has ever been polled.
    pub(crate) fn make(&self) {
        self.made.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }

    /// Whether there was no request and no poll yet.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.made.load(Ordering::Relaxed) && self.waker.get().is_none()
    }

    /// Whether the task was asked to end.
    pub(crate) fn is_made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    /// For the task, before each poll: leaves the waker, and says whether it has been asked to end.
    ///
    /// Either we see the request, or it sees our waker: the two fences forbid that both miss.
    pub(crate) fn was_made(&self, cx: &Context<'_>) -> bool {
        if self.waker.get().is_none() {
            self.waker.set(cx.waker().clone()).ok();
            fence(Ordering::SeqCst);
        }
        self.made.load(Ordering::Acquire)
    }
}
