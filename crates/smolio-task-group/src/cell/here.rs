//! The queue of the set that a thread is polling: its own wakes reach it without a lock.
//!
//! The queue belongs to the set, which lends it for the length of one turn. Where it is stands in a thread-local meanwhile,
//! for the wakers that are called within the turn. It is plain memory: nothing is to be initialised at the first use on a
//! thread, and nothing to be dropped with it.

use std::{
    cell::{Cell, UnsafeCell},
    ptr,
};

use super::slab::give_back_kept;
use crate::{queue::Queue, ready::Ready};

/// What is ready in the set that this thread polls, as the wakers see it: lent, and so not to be sent anywhere.
pub(crate) struct Here<'a>(&'a UnsafeCell<Queue>);

#[derive(Clone, Copy)]
struct Polled {
    /// The set, by the address of its shared half. Compared, never followed.
    ready: *const Ready,
    queue: *const UnsafeCell<Queue>,
}

thread_local! {
    static POLLED: Cell<Polled> = const { Cell::new(Polled { ready: ptr::null(), queue: ptr::null() }) };
}

/// Puts back what was being polled before: the set around this one, or nothing.
struct Restore(Polled);

impl Drop for Restore {
    fn drop(&mut self) {
        POLLED.set(self.0);
        give_back_kept();
    }
}

impl Here<'_> {
    /// Whether this thread polls a set.
    #[inline]
    pub(super) fn is_any() -> bool {
        !POLLED.get().ready.is_null()
    }

    /// Runs `turn`. While it goes on, wakes on this thread of futures that belong to `ready` are pushed to `queue`.
    #[inline]
    pub(crate) fn lend<R>(ready: &Ready, queue: &mut Queue, turn: impl FnOnce(Here<'_>) -> R) -> R {
        let queue = UnsafeCell::from_mut(queue);
        let _restore = Restore(POLLED.replace(Polled { ready, queue }));
        turn(Here(queue))
    }

    /// Pushes `seat()` if `ready` is being polled on this thread, and says whether it is. `None` pushes nothing.
    #[inline]
    pub(crate) fn push(ready: &Ready, seat: impl FnOnce() -> Option<u32>) -> bool {
        let Polled {
            ready: polled,
            queue,
        } = POLLED.get();
        if !ptr::eq(polled, ready) {
            return false;
        }
        if let Some(seat) = seat() {
            // SAFETY: a set is polled here, so `lend` is further up on this stack, and borrows the queue mutably. Of that
            // borrow there are only this pointer and the `Here`, both on this thread. Each uses the queue for the length
            // of one call that runs no code of others, so the two never do at the same time.
            unsafe { (*(*queue).get()).push(seat) };
        }
        true
    }

    /// The seat that is to be polled next.
    #[inline]
    pub(crate) fn next(&self) -> Option<u32> {
        // SAFETY: as in `push`.
        unsafe { (*self.0.get()).pop() }
    }

    /// Takes over all of `seats`, in their order.
    pub(crate) fn append(&self, seats: &mut Vec<u32>) {
        // SAFETY: as in `push`.
        unsafe { (*self.0.get()).append(seats) };
    }

    /// How many are ready.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: as in `push`.
        unsafe { (*self.0.get()).len() }
    }
}
