//! A task of a loop: it is polled and dropped on the loop's thread, and woken from anywhere.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_task::{ArcWake, waker_ref};
use smolio_context::{TaskContext, TaskInfo, Unhandled, report_unhandled};

use super::{
    bound::{Bound, Thread},
    join::JoinCell,
    joiner::{Completion, Failure, Joinable, Joiner, Outcome},
};
use crate::wake::WakeTarget;

/// What the loop knows of a task.
pub(crate) trait Runnable: Completion {
    /// Polls the task, or drops its future if that was asked for. `None`: it has ended.
    ///
    /// # Panics
    /// On any other thread than the loop's.
    fn run(self: Arc<Self>) -> Option<Arc<dyn Runnable>>;

    fn wake_target(&self) -> &WakeTarget;
}

pub(crate) struct LocalCell<F: Future> {
    wake_target: WakeTarget,
    context: TaskContext,
    future: Bound<F>,
    join: JoinCell<Outcome<F::Output>>,
}

impl<F: Future + 'static> LocalCell<F> {
    /// A task of the loop of this thread.
    // Built where it is asked for: moving the parts about costs more than the rest of it.
    #[inline(always)]
    pub(crate) fn here(
        wake_target: WakeTarget,
        context: TaskContext,
        future: F,
    ) -> (Arc<Self>, Joiner<F::Output>) {
        Self::start(Arc::new(Self {
            wake_target,
            context,
            future: Bound::here(future),
            join: JoinCell::new(),
        }))
    }

    /// A task that was made elsewhere for the loop that runs on `home`.
    pub(crate) fn at(
        home: Thread,
        wake_target: WakeTarget,
        context: TaskContext,
        future: F,
    ) -> (Arc<Self>, Joiner<F::Output>)
    where
        F: Send,
    {
        Self::start(Arc::new(Self {
            wake_target,
            context,
            future: Bound::new(home, future),
            join: JoinCell::new(),
        }))
    }

    /// To be called once for each cell.
    fn start(cell: Arc<Self>) -> (Arc<Self>, Joiner<F::Output>) {
        // SAFETY: this is the one handle of a cell that was made just now.
        let joiner = unsafe { Joiner::new(cell.clone()) };
        (cell, joiner)
    }

    /// One poll, or the drop that was asked for; `None`: still pending.
    fn step(self: &Arc<Self>) -> Option<Outcome<F::Output>> {
        if self.wake_target.is_cancelled() {
            return Some(Err(match self.drop_future() {
                Ok(()) => Failure::Cancelled,
                Err(payload) => Failure::Panicked(payload),
            }));
        }
        let waker = waker_ref(self);
        let mut cx = Context::from_waker(&waker);
        let poll_it = |mut future: Pin<&mut Option<F>>| {
            let running = future.as_mut().as_pin_mut();
            let result = running
                .expect("a task that has ended is not run")
                .poll(&mut cx);
            if result.is_ready() {
                future.set(None);
            }
            result
        };
        let poll = || self.context.enter_from_loop(|| self.future.with(poll_it));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => None,
            Ok(Poll::Ready(value)) => Some(Ok(value)),
            Err(payload) => {
                // A second panic, from the drop, has nobody left to go to but the hook.
                if let Err(second) = self.drop_future() {
                    report_panic(self.context.info(), second);
                }
                Some(Err(Failure::Panicked(payload)))
            }
        }
    }

    /// Drops the future, if it is still there, as the task that it is.
    fn drop_future(&self) -> Result<(), Box<dyn Any + Send>> {
        let drop_it = || self.future.with(|mut future| future.set(None));
        catch_unwind(AssertUnwindSafe(|| self.context.enter(drop_it)))
    }

    fn complete(&self, outcome: Outcome<F::Output>) {
        self.context.forget_waits();
        let complete = || {
            self.context.forget_variables();
            // SAFETY: `run` ends the task once: the loop forgets it then, and the future in it is gone.
            unsafe {
                self.join.complete(outcome, |unwanted| {
                    drop_unwanted(self.context.info(), unwanted);
                });
            }
        };
        // The waker is foreign code.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(complete)) {
            report_panic(self.context.info(), payload);
        }
    }
}

/// Drops an outcome that nobody will read; a panic among them is not lost.
pub(crate) fn drop_unread<T>(task: &TaskInfo, outcome: Option<Outcome<T>>) {
    match outcome {
        Some(Err(Failure::Panicked(payload))) => report_panic(task, payload),
        Some(Err(Failure::Cancelled)) | None => {}
        Some(Ok(value)) => drop(value),
    }
}

/// As [`drop_unread`], for the one who runs the task: a value that panics in its drop is the hook's business.
pub(super) fn drop_unwanted<T>(task: &TaskInfo, outcome: Outcome<T>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop_unread(task, Some(outcome)))) {
        report_panic(task, payload);
    }
}

pub(crate) fn report_panic(task: &TaskInfo, payload: Box<dyn Any + Send>) {
    report_unhandled(Unhandled::panic(Some(task.clone()), &*payload));
    // The payload is foreign code too, once more.
    if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        std::mem::forget(second);
    }
}

impl<F: Future + 'static> Runnable for LocalCell<F> {
    fn run(self: Arc<Self>) -> Option<Arc<dyn Runnable>> {
        match self.step() {
            None => Some(self),
            Some(outcome) => {
                self.complete(outcome);
                None
            }
        }
    }

    fn wake_target(&self) -> &WakeTarget {
        &self.wake_target
    }
}

impl<F: Future + 'static> Completion for LocalCell<F> {
    fn info(&self) -> &TaskInfo {
        self.context.info()
    }

    fn is_untouched(&self) -> bool {
        self.wake_target.is_untouched()
    }

    fn cancel(&self) {
        self.wake_target.cancel();
    }

    unsafe fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.join.poll_complete(cx) }
    }
}

impl<F: Future + 'static> Joinable<F::Output> for LocalCell<F> {
    fn join_cell(&self) -> &JoinCell<Outcome<F::Output>> {
        &self.join
    }

    fn into_completion(self: Arc<Self>) -> Arc<dyn Completion> {
        self
    }
}

impl<F: Future + 'static> ArcWake for LocalCell<F> {
    fn wake_by_ref(cell: &Arc<Self>) {
        cell.wake_target.wake();
    }
}
