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
    // Nearly always there is one or none, and that needs no allocation.
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakes {
    #[inline]
    pub(crate) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.more.push(waker);
        }
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        if let Some(first) = self.first.take() {
            wake(first);
            mem::take(&mut self.more).into_iter().for_each(wake);
        }
    }
}

/// A waker is somebody else's code. One that panics must neither take an item with it that was just got, nor the wake-ups
/// of those behind it.
fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        report_unhandled(Unhandled::panic(None, &*payload));
    }
}
