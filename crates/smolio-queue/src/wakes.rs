//! The wakers that are to be called when the lock is free.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

use smolio_context::{Unhandled, report_unhandled};

/// Calls its wakers, in their order, when it is dropped.
#[derive(Default)]
pub(crate) struct Wakes(Wakers);

// The tag is written and asked for in each change, so it is not hidden in a length.
#[derive(Default)]
#[repr(u8)]
enum Wakers {
    /// By far the most frequent, and the next most frequent needs no allocation.
    #[default]
    None,
    One(Waker),
    Many(Vec<Waker>),
}

impl Wakes {
    #[inline]
    pub(crate) fn push(&mut self, waker: Waker) {
        if matches!(self.0, Wakers::None) {
            // Nothing is forgotten, which the compiler would make sure of each time.
            mem::forget(mem::replace(&mut self.0, Wakers::One(waker)));
        } else {
            self.push_another(waker);
        }
    }

    #[cold]
    fn push_another(&mut self, waker: Waker) {
        self.0 = match mem::take(&mut self.0) {
            Wakers::None => Wakers::One(waker),
            Wakers::One(first) => Wakers::Many(vec![first, waker]),
            Wakers::Many(mut wakers) => {
                wakers.push(waker);
                Wakers::Many(wakers)
            }
        };
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.0, Wakers::None) {
            self.wake();
        }
    }
}

impl Wakes {
    // By itself, so that the rest of the drop is small enough to stand where it happens.
    #[inline(never)]
    fn wake(&mut self) {
        match mem::take(&mut self.0) {
            Wakers::None => {}
            Wakers::One(waker) => wake(waker),
            Wakers::Many(wakers) => wakers.into_iter().for_each(wake),
        }
    }
}

/// A waker is somebody else's code. One that panics must neither take an item with it that was just got, nor the wake-ups
/// of those behind it.
#[inline]
fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        report(payload);
    }
}

#[cold]
fn report(payload: Box<dyn Any + Send>) {
    report_unhandled(Unhandled::panic(None, &*payload));
    // It may panic when dropped, too.
    mem::forget(payload);
}
