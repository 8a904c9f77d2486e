//! One value, handed from the one who runs a task to the one who holds its handle.
//!
//! Two parties share the cell: the *runner*, who completes it once, and the *handle*, who may wait, take the value, or
//! leave. The state is three bits, and each field belongs to one party at a time:
//!
//! | bit | set by | meaning |
//! |---|---|---|
//! | `COMPLETE` | runner | `output` is written; it belongs to the handle from now on |
//! | `WAITING` | handle | `waiter` is written; it belongs to the runner as long as the bit is set and `COMPLETE` is not |
//! | `LEFT` | handle | nobody will take the output: it belongs to the runner |
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

/// What the bits are about. Apart from them, because one byte by itself would take a word.
pub(crate) struct JoinSlots<T> {
    output: UnsafeCell<Option<T>>,
    waiter: UnsafeCell<Option<Waker>>,
}

// SAFETY: each slot is touched by one party at a time, as the table above says, and the bits are handed over with acquire
// and release. The output moves from one thread to another only with a handle that is `Send`, which needs `T: Send` (see
// `Task`). When the last owner of the cell drops it there is no output left inside: a handle takes it, or leaves it to the
// runner, who takes it out.
unsafe impl<T> Send for JoinSlots<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for JoinSlots<T> {}

impl<T> JoinSlots<T> {
    pub(crate) fn new() -> Self {
        Self {
            output: UnsafeCell::new(None),
            waiter: UnsafeCell::new(None),
        }
    }
}

/// Bits and slots together.
pub(crate) struct JoinCell<'a, T> {
    state: &'a JoinState,
    slots: &'a JoinSlots<T>,
}

impl<'a, T> JoinCell<'a, T> {
    /// # Safety
    /// The two belong together: these slots are never used with other bits.
    #[inline]
    pub(crate) unsafe fn new(state: &'a JoinState, slots: &'a JoinSlots<T>) -> Self {
        Self { state, slots }
    }

    /// The runner has the result. If nobody will take it, `drop_unwanted` gets it, before anyone is woken.
    ///
    /// `drop_unwanted` must not panic. A waker that does is the caller's to deal with; the cell is complete by then.
    ///
    /// # Safety
    /// Called at most once, by the one who runs the task.
    pub(crate) unsafe fn complete(&self, output: T, drop_unwanted: impl FnOnce(T)) {
        let mut drop_unwanted = Some(drop_unwanted);
        let mut unwanted = |output| {
            if let Some(drop_unwanted) = drop_unwanted.take() {
                drop_unwanted(output);
            }
        };
        if self.state.0.load(Ordering::Acquire) & LEFT == 0 {
            // SAFETY: before `COMPLETE` is set the output is the runner's.
            self.slots
                .output
                .with_mut(|slot| unsafe { *slot = Some(output) });
        } else {
            // Even before anyone can see that the task is gone.
            unwanted(output);
        }
        let before = self.state.0.fetch_or(COMPLETE, Ordering::AcqRel);
        if before & LEFT != 0 {
            // SAFETY: the handle has left, and does not come back to the output, so it is ours again.
            let output = self.slots.output.with_mut(|slot| unsafe { (*slot).take() });
            if let Some(output) = output {
                unwanted(output);
            }
        }
        if before & WAITING != 0 {
            self.slots.waiter.with(|waiter| {
                // SAFETY: the bit was set when the cell became complete, so the handle writes to the waiter no more.
                if let Some(waiter) = unsafe { &*waiter } {
                    waiter.wake_by_ref();
                }
            });
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.state.is_complete()
    }

    /// Ready when the cell is complete; else the waker of `cx` will be woken then.
    ///
    /// # Safety
    /// Called by the one who holds the handle, from one thread at a time.
    pub(crate) unsafe fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.0.load(Ordering::Acquire);
        if state & COMPLETE == 0 && state & WAITING != 0 {
            let same = self.slots.waiter.with(|waiter| {
                // SAFETY: while the bit is set both sides only read the waiter.
                let waiter = unsafe { &*waiter };
                matches!(waiter, Some(waiter) if waiter.will_wake(cx.waker()))
            });
            if same {
                return Poll::Pending;
            }
            state = self.state.0.fetch_and(!WAITING, Ordering::AcqRel);
        }
        if state & COMPLETE != 0 {
            return Poll::Ready(());
        }
        let fresh = cx.waker().clone();
        // SAFETY: the bit is not set, so the waiter is the handle's.
        let former = self
            .slots
            .waiter
            .with_mut(|waiter| unsafe { (*waiter).replace(fresh) });
        let before = self.state.0.fetch_or(WAITING, Ordering::AcqRel);
        drop(former);
        if before & COMPLETE == 0 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// The output of a complete cell, if it was not taken before.
    ///
    /// # Safety
    /// Called by the one who holds the handle, who has not left.
    pub(crate) unsafe fn take(&self) -> Option<T> {
        if !self.is_complete() {
            return None;
        }
        // SAFETY: the cell is complete, so the output is the handle's.
        self.slots.output.with_mut(|slot| unsafe { (*slot).take() })
    }

    /// The handle leaves. Gives the output if it is there; later on it is the runner's.
    ///
    /// # Safety
    /// Called at most once, by the one who holds the handle. [`take`](Self::take) must not be called afterwards.
    pub(crate) unsafe fn leave(&self) -> Option<T> {
        // Most tasks have ended by then, which spares the exchange.
        if !self.is_complete() {
            let before = self.state.0.fetch_or(LEFT, Ordering::AcqRel);
            if before & COMPLETE == 0 {
                return None;
            }
            // The runner completed between the two and has not seen that we leave: the output is still ours.
        }
        // SAFETY: the cell was complete before we left, so the output is the handle's.
        self.slots.output.with_mut(|slot| unsafe { (*slot).take() })
    }
}
