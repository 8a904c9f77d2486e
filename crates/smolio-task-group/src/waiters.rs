//! A line of wakers, first in, first out; whoever is dropped leaves the line from its midst.

use std::{
    collections::BTreeMap,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

use crate::error::report_panic;

#[derive(Default)]
pub(crate) struct Waiters {
    next: u64,
    /// `None`: woken, and not polled again yet; it keeps its place.
    line: BTreeMap<u64, Option<Waker>>,
}

/// A place in the line; `None` until the first [`Waiters::wait`].
pub(crate) type Ticket = Option<u64>;

impl Waiters {
    /// Stays in the line, or joins its end. What it gives is to be dropped once no lock is held.
    #[must_use = "a waker must not be dropped under a lock"]
    pub(crate) fn wait(&mut self, ticket: &mut Ticket, waker: Waker) -> Option<Waker> {
        let place = *ticket.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.line.insert(place, Some(waker)).flatten()
    }

    #[must_use = "a waker must not be dropped under a lock"]
    pub(crate) fn leave(&mut self, ticket: &mut Ticket) -> Option<Waker> {
        self.line.remove(&ticket.take()?).flatten()
    }

    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }

    /// Whether fewer than `count` wait in front of the holder of `ticket`, who may not have joined yet.
    pub(crate) fn is_among_first(&self, count: usize, ticket: Ticket) -> bool {
        let line_before = match ticket {
            Some(place) => self.line.range(..place).take(count).count(),
            None => self.line.len(),
        };
        line_before < count
    }

    /// The waker of the `count`-th in the line, counted from 1, if it has not been woken yet.
    pub(crate) fn take_nth(&mut self, count: usize) -> Option<Waker> {
        self.line.values_mut().nth(count.checked_sub(1)?)?.take()
    }

    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        mem::take(&mut self.line).into_values().flatten()
    }
}

/// A waker is somebody else's code. One that panics must not take the wake-ups of those behind it along, nor the destructor
/// that it is called in.
pub(crate) fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        report_panic(None, payload);
    }
}
