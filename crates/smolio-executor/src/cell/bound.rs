//! A future that only its home thread may touch, whoever holds the cell.
//!
//! A waker may be on any thread, and it keeps the cell of its task alive; the future in the cell may be `!Send`. So every
//! access asks which thread it is on: see `Runnable::run`.

use std::{
    cell::{Cell, UnsafeCell},
    num::NonZeroU32,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
};

use super::joiner::Outcome;

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

/// A future that lives, is polled and is dropped on one thread, and then what has come of it, which may be taken to another.
/// Which thread that is, its cell knows.
pub(super) struct Bound<F: Future>(UnsafeCell<Stage<F>>);

pub(super) enum Stage<F: Future> {
    Future(F),
    Ended(Outcome<F::Output>),
    /// The future was dropped, or the outcome taken.
    Empty,
}

// SAFETY: the future is reached through `lend`, whose caller is on its home thread, and through `has_future`, which
// looks no further than that, by the one who has the cell to itself. A future that is sent to its home when it is made is `Send`
// (see `LocalCell::at`). The outcome moves from one thread to another only with a handle that is `Send`, which needs that its
// value is (see `Task`). When the last owner of the cell drops it there is no outcome left inside: a handle takes it, or
// leaves it to the runner, who takes it out.
unsafe impl<F: Future> Send for Bound<F> {}
// SAFETY: as above: whoever shares the cell, only one thread at a time gets at what is inside.
unsafe impl<F: Future> Sync for Bound<F> {}

impl<F: Future> Bound<F> {
    #[inline(always)]
    pub(super) fn new(future: F) -> Self {
        Self(UnsafeCell::new(Stage::Future(future)))
    }

    /// The future, if it is still there.
    ///
    /// # Safety
    /// The caller is on the home thread of the future, the task is not complete, and what was lent before has been given back.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "that there is one at a time is the caller's promise"
    )]
    pub(super) unsafe fn lend(&self) -> Option<Pin<&mut F>> {
        // SAFETY: the caller's promise makes this the only reference. The future never moves: it is only ever lent pinned, and
        // it is dropped in place, by `put` or with the cell.
        match unsafe { &mut *self.0.get() } {
            // SAFETY: as above.
            Stage::Future(future) => Some(unsafe { Pin::new_unchecked(future) }),
            _ => None,
        }
    }

    /// Drops the future in its place, or the outcome, and puts `stage` there.
    ///
    /// # Safety
    /// As [`lend`](Self::lend).
    #[inline]
    pub(super) unsafe fn put(&self, stage: Stage<F>) {
        // SAFETY: the caller's promise makes this the only reference. Where the drop panics, `stage` is put there nevertheless.
        unsafe { *self.0.get() = stage };
    }

    /// The outcome, if the task has ended and it was not taken before.
    ///
    /// # Safety
    /// The caller is the handle of a task that is complete, or its runner to whom the outcome was left.
    #[inline]
    pub(super) unsafe fn take(&self) -> Option<Outcome<F::Output>> {
        // SAFETY: the outcome, and with it the cell, is the caller's alone.
        let stage = unsafe { &mut *self.0.get() };
        match stage {
            Stage::Ended(_) => match std::mem::replace(stage, Stage::Empty) {
                Stage::Ended(outcome) => Some(outcome),
                _ => None,
            },
            // A future is not moved.
            _ => None,
        }
    }

    /// Whether the future is still there.
    pub(super) fn has_future(&mut self) -> bool {
        matches!(self.0.get_mut(), Stage::Future(_))
    }
}
