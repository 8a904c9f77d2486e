//! One value, handed from the one who runs a task to the one who holds its handle.
//!
//! Two parties share the cell: the *runner*, who completes it once, and the *handle*, who may wait, take the value, or
//! leave. The state is three bits. The output, which lies elsewhere, and the waiter each belong to one party at a time:
//!
//! | bit | set by | meaning |
//! |---|---|---|
//! | `COMPLETE` | runner | the output is written; it belongs to the handle from now on |
//! | `WAITING` | handle | the waiter is written; as long as the bit is set, both sides only read it |
//! | `LEFT` | handle | nobody will take the output: it belongs to the runner |
//!
//! A handle on the thread that runs the task is *alone*: while it looks, the runner does not, so it changes its bits without
//! an exchange. The runner, who does not know where the handle is, needs one.
//!
//! tokio's task state has the same three bits for the same purpose (`runtime/task/state.rs`).

use std::task::{Context, Poll, Waker};

use crate::sync::{AtomicU8, Ordering, UnsafeCell};

const COMPLETE: u8 = 1;
const WAITING: u8 = 2;
const LEFT: u8 = 4;

/// The three bits.
pub(crate) struct JoinState(AtomicU8);

impl JoinState {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Acquire) & COMPLETE != 0
    }
}

/// Whom the handle wants to be woken. Apart from the bits, because one byte by itself would take a word.
pub(crate) struct Waiter(UnsafeCell<Option<Waker>>);

// SAFETY: it is touched by one party at a time, or read by both, as the table above says, and the bits are handed over with
// acquire and release.
unsafe impl Sync for Waiter {}

impl Waiter {
    pub(crate) fn new() -> Self {
        Self(UnsafeCell::new(None))
    }
}

/// Bits and waiter together.
pub(crate) struct JoinCell<'a> {
    state: &'a JoinState,
    waiter: &'a Waiter,
}

impl<'a> JoinCell<'a> {
    /// # Safety
    /// The two belong together: this waiter is never used with other bits.
    #[inline]
    pub(crate) unsafe fn new(state: &'a JoinState, waiter: &'a Waiter) -> Self {
        Self { state, waiter }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.state.is_complete()
    }

    /// The runner has written the output. If nobody will take it, `take_back` is called, before anyone is woken: the output is the
    /// runner's again. Whoever waits is woken by `wake`.
    ///
    /// # Safety
    /// Called at most once, by the one who runs the task.
    #[inline]
    pub(crate) unsafe fn complete(&self, take_back: impl Fn(), wake: impl FnOnce(&Waker)) {
        let left_early = self.state.0.load(Ordering::Acquire) & LEFT != 0;
        if left_early {
            // Even before anyone can see that the task is gone.
            take_back();
        }
        // The bit is not set, so to add it sets it; that is one instruction, where an "or" is a loop.
        let before = self.state.0.fetch_add(COMPLETE, Ordering::AcqRel);
        if before & LEFT != 0 && !left_early {
            take_back();
        }
        if before & WAITING != 0 {
            self.waiter.0.with(|waiter| {
                // SAFETY: the bit was set when the cell became complete, so the handle writes to the waiter no more. It may be
                // looking whether its waker is still the same, so we cannot take it out.
                if let Some(waiter) = unsafe { &*waiter } {
                    wake(waiter);
                }
            });
        }
    }

    /// Ready when the cell is complete; else the waker of `cx` will be woken then.
    ///
    /// # Safety
    /// Called by the one who holds the handle, from one thread at a time. If `alone`, that is the thread of the runner.
    #[inline]
    pub(crate) unsafe fn poll_complete(&self, cx: &mut Context<'_>, alone: bool) -> Poll<()> {
        let mut state = self.state.0.load(Ordering::Acquire);
        if state & COMPLETE == 0 && state & WAITING != 0 {
            let same = self.waiter.0.with(|waiter| {
                // SAFETY: while the bit is set both sides only read the waiter.
                let waiter = unsafe { &*waiter };
                matches!(waiter, Some(waiter) if waiter.will_wake(cx.waker()))
            });
            if same {
                return Poll::Pending;
            }
            state = if alone {
                self.state.0.store(state & !WAITING, Ordering::Relaxed);
                state
            } else {
                self.state.0.fetch_and(!WAITING, Ordering::AcqRel)
            };
        }
        if state & COMPLETE != 0 {
            return Poll::Ready(());
        }
        let fresh = cx.waker().clone();
        // That was foreign code: on the runner's own thread it could even have run the task.
        if alone && self.is_complete() {
            return Poll::Ready(());
        }
        // SAFETY: the bit is not set, so the waiter is the handle's.
        let former = self
            .waiter
            .0
            .with_mut(|waiter| unsafe { (*waiter).replace(fresh) });
        let before = self.add(WAITING, alone);
        drop(former);
        if before & COMPLETE == 0 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// The handle leaves. True: the cell was complete before, and the output is the handle's; else it is the runner's now.
    ///
    /// # Safety
    /// Called at most once, by the one who holds the handle. If `alone`, on the thread of the runner.
    pub(crate) unsafe fn leave(&self, alone: bool) -> bool {
        // Most tasks have ended by then, which spares the exchange. If the runner completes between the two, it has not seen that
        // we leave: the output is still ours.
        self.is_complete() || self.add(LEFT, alone) & COMPLETE != 0
    }

    /// Adds a bit of the handle's; gives those that were there before.
    #[inline]
    fn add(&self, bit: u8, alone: bool) -> u8 {
        if !alone {
            return self.state.0.fetch_or(bit, Ordering::AcqRel);
        }
        let before = self.state.0.load(Ordering::Relaxed);
        self.state.0.store(before | bit, Ordering::Release);
        before
    }
}
