//! A task of the workers: its future moves from thread to thread, so it must be `Send`, and async-task looks after its
//! wakes. What is ours is the identity, the cancelling and the handle.

use std::{
    cell::UnsafeCell,
    future::Future,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use smolio_context::{Scoped, TaskContext, TaskInfo};

use super::{
    join::{JoinCell, JoinState, Waiter},
    joiner::{Completion, Failure, Joinable, Joiner, Outcome},
    local::{drop_unwanted, report_panic, wake},
    request::CancelRequest,
    shared::{Block, Shared},
};
use crate::pool;

/// What the handle and the pool share.
struct PooledCell<T> {
    info: TaskInfo,
    cancel: CancelRequest,
    state: JoinState,
    waiter: Waiter,
    outcome: OutcomeSlot<T>,
}

/// Belongs to the runner, and then to the handle.
struct OutcomeSlot<T>(UnsafeCell<Option<Outcome<T>>>);

// SAFETY: it is touched by one party at a time: see `join`. It moves to another thread with the task, whose value is `Send`.
unsafe impl<T: Send> Sync for OutcomeSlot<T> {}

impl<T> OutcomeSlot<T> {
    /// # Safety
    /// The caller is the handle of a task that is complete, or the runner of one that is not, or that was left to it.
    unsafe fn replace(&self, outcome: Option<Outcome<T>>) -> Option<Outcome<T>> {
        // SAFETY: it is the caller's alone.
        unsafe { std::mem::replace(&mut *self.0.get(), outcome) }
    }
}

/// Makes a task for the workers: its handle, the way to cancel it, and the future to give to the executor.
///
/// `on_end` is called when the future inside is gone, whichever way.
pub(crate) fn pooled<F>(
    context: TaskContext,
    future: F,
    on_end: impl FnOnce() + Send + 'static,
) -> (
    Joiner<F::Output>,
    Shared<dyn Completion>,
    impl Future<Output = ()> + Send + 'static,
)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (cell, handle) = Shared::pair(
        None,
        PooledCell {
            info: context.info().clone(),
            cancel: CancelRequest::new(),
            state: JoinState::new(),
            waiter: Waiter::new(),
            outcome: OutcomeSlot(UnsafeCell::new(None)),
        },
    );
    // SAFETY: each is for the one owner that it came from, and this is the one handle of a cell that was made just now.
    let (joiner, completion) = unsafe {
        let handle = handle.into_block() as NonNull<Block<dyn Joinable<F::Output>>>;
        let completion = cell.clone().into_block() as NonNull<Block<dyn Completion>>;
        let handle = Shared::from_block(handle);
        (Joiner::new(handle), Shared::from_block(completion))
    };
    let running = PooledFuture {
        cell,
        on_end: Some(on_end),
        future: Some(Scoped::new(context, future)),
    };
    (joiner, completion, running)
}

pin_project! {
    struct PooledFuture<F: Future, E: FnOnce()> {
        cell: Shared<PooledCell<F::Output>>,
        // `None` once the task has ended.
        on_end: Option<E>,
        #[pin]
        future: Option<Scoped<F>>,
    }

    impl<F: Future, E: FnOnce()> PinnedDrop for PooledFuture<F, E> {
        fn drop(this: Pin<&mut Self>) {
            // The executor went away with the task in it.
            if this.on_end.is_some() {
                this.end(Err(Failure::Cancelled));
            }
        }
    }
}

impl<F: Future, E: FnOnce()> PooledFuture<F, E> {
    /// Drops the future, then says how the task ended.
    fn end(self: Pin<&mut Self>, outcome: Outcome<F::Output>) {
        let mut this = self.project();
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            if let Some(scoped) = this.future.as_mut().as_pin_mut() {
                scoped.drop_future();
            }
        }));
        this.future.set(None);
        let outcome = match (outcome, dropped) {
            (Err(Failure::Cancelled), Err(payload)) => Err(Failure::Panicked(payload.into())),
            (outcome, Err(payload)) => {
                report_panic(&this.cell.info, payload);
                outcome
            }
            (outcome, Ok(())) => outcome,
        };
        if let Some(on_end) = this.on_end.take() {
            on_end();
            this.cell.complete(outcome);
        }
    }
}

impl<F: Future, E: FnOnce()> Future for PooledFuture<F, E> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        pool::count_poll();
        if self.cell.cancel.was_made() {
            self.end(Err(Failure::Cancelled));
            return Poll::Ready(());
        }
        let future = self.as_mut().project().future.as_pin_mut();
        let future = future.expect("a task that has ended is not run");
        let outcome = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) if !self.cell.cancel.was_made_meanwhile(cx) => return Poll::Pending,
            Ok(Poll::Pending) => Err(Failure::Cancelled),
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => Err(Failure::Panicked(payload.into())),
        };
        self.end(outcome);
        Poll::Ready(())
    }
}

impl<T> PooledCell<T> {
    fn join(&self) -> JoinCell<'_> {
        // SAFETY: this is the one place where they are brought together.
        unsafe { JoinCell::new(&self.state, &self.waiter) }
    }

    fn complete(&self, outcome: Outcome<T>) {
        let take_back = || {
            // SAFETY: the outcome was left to us.
            if let Some(unwanted) = unsafe { self.outcome.replace(None) } {
                drop_unwanted(&self.info, unwanted);
            }
        };
        // SAFETY: `end` takes `on_end` before it calls us, so this happens once, in the one who runs the task. Before, the outcome is
        // its own.
        unsafe {
            self.outcome.replace(Some(outcome));
            self.join()
                .complete(take_back, |waiter| wake(waiter, &self.info));
        }
    }
}

impl<T: Send + 'static> Completion for PooledCell<T> {
    fn info(&self) -> &TaskInfo {
        &self.info
    }

    fn is_untouched(&self) -> bool {
        self.cancel.is_untouched()
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_made()
    }

    fn cancel(&self) {
        self.cancel.make();
    }

    unsafe fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.join().poll_complete(cx, false) }
    }
}

impl<T: Send + 'static> Joinable<T> for PooledCell<T> {
    fn is_complete(&self) -> bool {
        self.state.is_complete()
    }

    unsafe fn poll_outcome(&self, cx: &mut Context<'_>) -> Poll<Option<Outcome<T>>> {
        // SAFETY: the caller's promise is the same. Once it is complete, the outcome is the handle's.
        unsafe {
            ready!(self.join().poll_complete(cx, false));
            Poll::Ready(self.outcome.replace(None))
        }
    }

    unsafe fn take_outcome(&self) -> Option<Outcome<T>> {
        // SAFETY: it is complete, and the caller is the handle.
        let take = || unsafe { self.outcome.replace(None) };
        self.is_complete().then(take).flatten()
    }

    unsafe fn leave(&self) -> Option<Outcome<T>> {
        // SAFETY: the caller's promise. If it is true the outcome is the handle's.
        unsafe {
            let complete = self.join().leave(false);
            complete.then(|| self.outcome.replace(None)).flatten()
        }
    }

    unsafe fn completion_of(&self, owner: NonNull<()>) -> Shared<dyn Completion> {
        // SAFETY: an owner of this cell, which is given up, the caller says.
        unsafe {
            let owner = ManuallyDrop::into_inner(Shared::<Self>::at(owner));
            Shared::from_block(owner.into_block() as NonNull<Block<dyn Completion>>)
        }
    }
}
