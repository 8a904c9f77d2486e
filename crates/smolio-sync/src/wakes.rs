//! The wakers that are to be called when the lock is free.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

use smolio_context::{Unhandled, report_unhandled};

/// Calls its wakers, in their order, when it is dropped.
#[derive(Default)]
pub(crate) struct Wakes {
    // By far the most frequent is none, then one: they need no allocation.
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakes {
    pub(crate) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.others.push(waker);
        }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        if let Some(first) = self.first.take() {
            wake(first);
            mem::take(&mut self.others).into_iter().for_each(wake);
        }
    }
}

/// A waker is somebody else's code. One that panics must take neither a guard with it that is just being made, nor the
/// wake-ups of those behind it.
pub(crate) fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        report_unhandled(Unhandled::panic(None, &*payload));
        // It may panic when dropped, too.
        mem::forget(payload);
    }
}
