//! A future that only its home thread may touch, whoever holds the cell.
//!
//! A waker may be on any thread, and it keeps the cell of its task alive; the future in the cell may be `!Send`. So every
//! access asks which thread it is on: see `LocalCell::with_future`.

use std::{
    cell::{Cell, UnsafeCell},
    num::NonZeroU32,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
};

/// Tells a thread from all others that ever were in this process (the address of a thread-local would be used again).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Thread(NonZeroU32);

impl Thread {
    #[inline]
    pub(crate) fn current() -> Self {
        thread_local! {
            static CURRENT: Cell<Option<NonZeroU32>> = const { Cell::new(None) };
        }
        match CURRENT.get() {
            Some(number) => Self(number),
            None => {
                static NEXT: AtomicU64 = AtomicU64::new(1);
                let number = u32::try_from(NEXT.fetch_add(1, Ordering::Relaxed));
                let number = number.ok().and_then(NonZeroU32::new);
                let number = number.expect("2^32 threads cannot be told apart");
                CURRENT.set(Some(number));
                Self(number)
            }
        }
    }
}

/// A future that lives, is polled and is dropped on one thread. Which one that is, its cell knows.
pub(super) struct Bound<F>(
    // `None` once the future is gone.
    UnsafeCell<Option<F>>,
);

// SAFETY: the future is reached through `lend`, whose caller is on its home thread, and through `is_gone`, which
// looks no further than that, by the one who has the cell to itself. A future that is sent to its home when it is made is `Send`
// (see `LocalCell::at`).
unsafe impl<F> Send for Bound<F> {}
// SAFETY: as above: whoever shares the cell, only one thread gets at what is inside.
unsafe impl<F> Sync for Bound<F> {}

impl<F> Bound<F> {
    pub(super) fn new(future: F) -> Self {
        Self(UnsafeCell::new(Some(future)))
    }

    /// The future.
    ///
    /// # Safety
    /// The caller is on the home thread of the future, and what was lent before has been given back.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "that there is one at a time is the caller's promise"
    )]
    pub(super) unsafe fn lend(&self) -> Pin<&mut Option<F>> {
        // SAFETY: the caller's promise makes this the only reference. The future never moves: it is only ever lent pinned, and
        // it is dropped in place, by `Pin::set` or with the cell.
        unsafe { Pin::new_unchecked(&mut *self.0.get()) }
    }

    /// Whether the future is gone.
    pub(super) fn is_gone(&mut self) -> bool {
        self.0.get_mut().is_none()
    }
}
