//! Waiting until all items are done with.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    place::{Attempt, Place},
    shared::Shared,
    state::{Side, State},
};

/// The future of [`Queue::join`](crate::Queue::join).
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Join<'q, T> {
    shared: &'q Shared<T>,
    place: Place,
    // How many times the work had been done when this began to wait.
    completions: Option<u64>,
}

impl<'q, T> Join<'q, T> {
    pub(crate) fn new(shared: &'q Shared<T>) -> Self {
        Self {
            shared,
            place: Place::default(),
            completions: None,
        }
    }
}

impl<T> Future for Join<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            shared,
            place,
            completions,
        } = &mut *self;
        place.poll(shared, Side::Join, cx, AllDone { completions })
    }
}

struct AllDone<'a> {
    completions: &'a mut Option<u64>,
}

impl<T> Attempt<T> for AllDone<'_> {
    type Output = ();

    fn attempt(&mut self, state: &mut State<T>) -> Poll<()> {
        let now = state.completions();
        let before = *self.completions.get_or_insert(now);
        if state.unfinished() == 0 || now != before {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn wants(&self) -> usize {
        0
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        self.place.leave(self.shared, Side::Join);
    }
}

impl<T> fmt::Debug for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Join", f)
    }
}
