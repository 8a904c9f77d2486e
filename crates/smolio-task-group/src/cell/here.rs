//! The queue of the set that a thread is polling: its own wakes reach it without a lock.
//!
//! The queue belongs to the set, which lends it for the length of one turn. Where it is stands in a thread-local meanwhile,
//! for the wakers that are called within the turn. It is plain memory: nothing is to be initialised at the first use on a
//! thread, and nothing to be dropped with it.

use std::{
    cell::{Cell, UnsafeCell},
    collections::VecDeque,
    ptr,
};

use smolio_context::ReadyOrder;

use crate::ready::Ready;

/// What is ready in the set that this thread polls, as the wakers see it: lent, and so not to be sent anywhere.
pub(crate) struct Here<'a>(&'a UnsafeCell<VecDeque<u32>>);

#[derive(Clone, Copy)]
struct Polled {
    /// The set, by the address of its shared half. Compared, never followed.
    ready: *const Ready,
    queue: *const UnsafeCell<VecDeque<u32>>,
}

thread_local! {
    static POLLED: Cell<Polled> = const { Cell::new(Polled { ready: ptr::null(), queue: ptr::null() }) };
}

/// Puts back what was being polled before: the set around this one, or nothing.
struct Restore(Polled);

impl Drop for Restore {
    fn drop(&mut self) {
        POLLED.set(self.0);
    }
}

impl Here<'_> {
    /// Runs `turn`. While it goes on, wakes on this thread of futures that belong to `ready` are pushed to `queue`.
    #[inline]
    pub(crate) fn lend<R>(
        ready: &Ready,
        queue: &mut VecDeque<u32>,
        turn: impl FnOnce(Here<'_>) -> R,
    ) -> R {
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
            unsafe { (*(*queue).get()).push_back(seat) };
        }
        true
    }

    /// The seat that is to be polled next, in first-in-first-out order or as the seed of a test has it.
    #[inline]
    pub(crate) fn next(&self) -> Option<u32> {
        // SAFETY: as in `push`.
        let queue = unsafe { &mut *self.0.get() };
        match queue.len() {
            0 => None,
            length => match ReadyOrder::pick(length) {
                0 => queue.pop_front(),
                // In a random order anyway: whatever fills the gap costs nothing then.
                other => queue.swap_remove_front(other),
            },
        }
    }

    /// Takes over all of `seats`, in their order.
    pub(crate) fn append(&self, seats: &mut Vec<u32>) {
        // SAFETY: as in `push`; draining a vector of numbers runs no code of others.
        unsafe { (*self.0.get()).extend(seats.drain(..)) };
    }

    /// How many are ready.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: as in `push`.
        unsafe { (*self.0.get()).len() }
    }
}
