//! The handle's side of a join cell: there is one per task, and it cannot be cloned.

use std::{
    any::Any,
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::NonNull,
    sync::Mutex,
    task::{Context, Poll},
};

use smolio_context::TaskInfo;

use super::{shared::Shared, slab::Notes};

/// How a task ended.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// How a task ended without a value.
pub(crate) enum Failure {
    Cancelled,
    Panicked(Payload),
}

/// What a task panicked with, behind one more pointer: few tasks panic, and each would pay for the second word.
pub(crate) struct Payload(Box<Box<dyn Any + Send>>);

impl Payload {
    pub(crate) fn into_inner(self) -> Box<dyn Any + Send> {
        *self.0
    }
}

impl From<Box<dyn Any + Send>> for Payload {
    fn from(payload: Box<dyn Any + Send>) -> Self {
        Self(Box::new(payload))
    }
}

/// A task as its handle sees it, whatever its future is.
pub(crate) trait Joinable<T>: Completion {
    /// Whether the task has ended.
    fn is_complete(&self) -> bool;

    /// The outcome, once the task has ended; `None` if it was taken before.
    ///
    /// # Safety
    /// As [`JoinCell::poll_complete`](super::join::JoinCell::poll_complete), by a handle that has not left.
    unsafe fn poll_outcome(&self, cx: &mut Context<'_>) -> Poll<Option<Outcome<T>>>;

    /// The outcome, if the task has ended and it was not taken before.
    ///
    /// # Safety
    /// Called by the one who holds the handle, who has not left.
    unsafe fn take_outcome(&self) -> Option<Outcome<T>>;

    /// The handle leaves, and gets the outcome if it is there; later on it is the runner's.
    ///
    /// # Safety
    /// As [`JoinCell::leave`](super::join::JoinCell::leave).
    unsafe fn leave(&self) -> Option<Outcome<T>>;

    /// The owner without the type of its value. (A coercion would do this from Rust 1.86 on.)
    ///
    /// # Safety
    /// `owner` is the address of an owner of this cell, which is given up for this one.
    unsafe fn completion_of(&self, owner: NonNull<()>) -> Shared<dyn Completion>;
}

/// A task of which one wants to know only that it is gone.
pub(crate) trait Completion: Send + Sync {
    fn info(&self) -> &TaskInfo;

    /// Whether the task was neither polled nor asked to end yet. It may be polled on another thread by the time that this is said.
    fn is_untouched(&self) -> bool;

    /// Whether the task was asked to end.
    fn is_cancelled(&self) -> bool;

    /// Asks the task to end: its future is dropped at the next opportunity.
    fn cancel(&self);

    /// Ready once the future is gone.
    ///
    /// # Safety
    /// As [`JoinCell::poll_complete`](super::join::JoinCell::poll_complete).
    unsafe fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<()>;
}

/// The one handle of a task: no more than a pointer, so that it is handed on in registers.
pub(crate) struct Joiner<T> {
    cell: Shared<dyn Joinable<T>>,
    // The cell can be shared with any thread; the value in it cannot. As a mutex: the handle may be sent, and shared, if the
    // value may be sent.
    value: PhantomData<Mutex<T>>,
}

impl<T> Joiner<T> {
    /// # Safety
    /// Called once for each cell.
    pub(super) unsafe fn new(cell: Shared<dyn Joinable<T>>) -> Self {
        Self {
            cell,
            value: PhantomData,
        }
    }

    pub(crate) fn info(&self) -> &TaskInfo {
        self.cell.info()
    }

    /// Whether the outcome was taken.
    #[inline]
    pub(crate) fn is_taken(&self) -> bool {
        self.cell.notes().has(Notes::TAKEN)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.cell.is_complete()
    }

    pub(crate) fn is_untouched(&self) -> bool {
        self.cell.is_untouched()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cell.is_cancelled()
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.cell.notes().has(Notes::AWAITED)
    }

    pub(crate) fn cancel(&self) {
        self.cell.cancel();
    }

    /// The outcome, once the task has ended.
    ///
    /// # Panics
    /// When called again after it was ready.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        assert!(!self.is_taken(), "polled after it was ready");
        // SAFETY: we are the only handle, `&mut self` makes this the only call, and who leaves is consumed.
        let outcome = unsafe { self.cell.poll_outcome(cx) };
        let Poll::Ready(outcome) = outcome else {
            self.cell.notes().add(Notes::AWAITED);
            return Poll::Pending;
        };
        self.cell.notes().add(Notes::TAKEN);
        Poll::Ready(outcome.expect("taken only here"))
    }

    /// The outcome, if the task is complete and it was not taken before.
    pub(crate) fn take(&mut self) -> Option<Outcome<T>> {
        if self.is_taken() {
            return None;
        }
        // SAFETY: we are the only handle, and who leaves is consumed.
        let outcome = unsafe { self.cell.take_outcome() };
        if outcome.is_some() {
            self.cell.notes().add(Notes::TAKEN);
        }
        outcome
    }

    /// Gives up the outcome: what is there already is returned, what comes later is dropped by the one who runs the task.
    pub(crate) fn leave(self) -> (Option<Outcome<T>>, Gone) {
        // SAFETY: we are the only handle, and `self` is consumed.
        let outcome = unsafe { self.cell.leave() };
        let owner = ManuallyDrop::new(self.cell);
        // SAFETY: the owner is given up.
        let completion = unsafe { owner.completion_of(owner.address()) };
        (outcome, Gone(completion))
    }
}

impl<T> fmt::Debug for Joiner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joiner")
            .field("task", self.info())
            .field("complete", &self.is_complete())
            .finish()
    }
}

/// What is left of a handle that left: it can still tell when the task is gone.
pub(crate) struct Gone(Shared<dyn Completion>);

impl Future for Gone {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the handle that we came from is gone, so we stand in its place, and `&mut self` makes this the only call.
        unsafe { self.0.poll_complete(cx) }
    }
}
