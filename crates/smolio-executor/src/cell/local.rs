//! A task of a loop: it is polled and dropped on the loop's thread, and woken from anywhere.

use std::{
    any::Any,
    future::Future,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use smolio_context::{TaskContext, TaskInfo, Unhandled, report_unhandled};

use super::{
    bound::{Bound, Thread},
    join::{JoinCell, JoinSlots, JoinState},
    joiner::{Completion, Failure, Joinable, Joiner, Outcome},
    shared::{Block, Shared, Wakes},
};
use crate::{
    local::Local,
    wake::{Home, Kind, WakeState, WakeTarget},
};

/// What the loop knows of a task.
pub(crate) trait Runnable: Completion {
    /// Polls the task, or drops its future if that was asked for. True: it has ended.
    ///
    /// # Safety
    /// `owner` is the address of an owner of this cell, who lives until this returns.
    ///
    /// # Panics
    /// On any other thread than the loop's.
    unsafe fn run(&self, owner: NonNull<()>) -> bool;

    fn wake_target(&self) -> TaskTarget<'_>;
}

/// The flags of a task and the bits of its handle, in two words.
type TaskState = WakeState<Home, JoinState>;
type TaskTarget<'a> = WakeTarget<'a, JoinState>;

impl Shared<dyn Runnable> {
    /// Polls the task, or drops its future if that was asked for. True: it has ended.
    ///
    /// # Panics
    /// On any other thread than the loop's.
    #[inline]
    pub(crate) fn run(&self) -> bool {
        // SAFETY: we are an owner, and borrowed until this returns.
        unsafe { (**self).run(self.address()) }
    }
}

pub(crate) struct LocalCell<F: Future> {
    state: TaskState,
    context: TaskContext,
    future: Bound<F>,
    join: JoinSlots<Outcome<F::Output>>,
}

impl<F: Future + 'static> LocalCell<F> {
    /// A task of the loop `local`, which puts it onto its queue.
    // Built where it is asked for: moving the parts about costs more than the rest of it.
    #[inline(always)]
    pub(crate) fn here(
        local: &Local,
        kind: Kind,
        context: TaskContext,
        future: F,
    ) -> (Shared<dyn Runnable>, Joiner<F::Output>) {
        let home = Home {
            local: local.id(),
            thread: Thread::current(),
        };
        let cell = Shared::new(
            Some(local),
            Self {
                state: WakeState::queued(home, kind, JoinState::new()),
                context,
                future: Bound::new(future),
                join: JoinSlots::new(),
            },
        );
        Self::start(cell)
    }

    /// A task that was made elsewhere for the loop at `home`, and goes into its inbox.
    pub(crate) fn at(
        home: Home,
        context: TaskContext,
        future: F,
    ) -> (Shared<dyn Runnable>, Joiner<F::Output>)
    where
        F: Send,
    {
        let cell = Shared::new(
            None,
            Self {
                state: WakeState::posted(home, Kind::Task, JoinState::new()),
                context,
                future: Bound::new(future),
                join: JoinSlots::new(),
            },
        );
        Self::start(cell)
    }

    /// To be called once for each cell.
    #[inline]
    fn start(cell: Shared<Self>) -> (Shared<dyn Runnable>, Joiner<F::Output>) {
        // SAFETY: each is for the one owner that it came from, and this is the one handle of a cell that was made just now.
        unsafe {
            let handle = Shared::from_block(cell.clone().into_block() as NonNull<Block<dyn Joinable<F::Output>>>);
            let runner = Shared::from_block(cell.into_block() as NonNull<Block<dyn Runnable>>);
            (runner, Joiner::new(handle))
        }
    }

    /// Lends the future to `f`.
    ///
    /// # Panics
    /// On any other thread than its home, and when called from within `f`.
    #[inline]
    fn with_future<R>(&self, f: impl FnOnce(Pin<&mut Option<F>>) -> R) -> R {
        struct GiveBack<'a>(&'a TaskState);
        impl Drop for GiveBack<'_> {
            fn drop(&mut self) {
                self.0.lend(false);
            }
        }
        assert!(
            self.state.home.thread == Thread::current(),
            "a task is touched on a thread that is not its own"
        );
        assert!(
            !self.state.lend(true),
            "a task is polled from within itself"
        );
        let _give_back = GiveBack(&self.state);
        // SAFETY: this is the home thread, which never changes, and here alone the future is lent: one at a time, as the mark
        // says.
        f(unsafe { self.future.lend() })
    }

    fn join(&self) -> JoinCell<'_, Outcome<F::Output>> {
        // SAFETY: this is the one place where they are brought together.
        unsafe { JoinCell::new(&self.state.rest, &self.join) }
    }

    /// One poll, or the drop that was asked for; `None`: still pending.
    ///
    /// # Safety
    /// As [`Runnable::run`].
    unsafe fn step(&self, owner: NonNull<()>) -> Option<Outcome<F::Output>> {
        if self.state.is_cancelled() {
            return Some(Err(match self.drop_future() {
                Ok(()) => Failure::Cancelled,
                Err(payload) => Failure::Panicked(payload.into()),
            }));
        }
        let poll_it = |mut future: Pin<&mut Option<F>>| {
            let running = future.as_mut().as_pin_mut();
            let running = running.expect("a task that has ended is not run");
            // SAFETY: the caller's promise.
            let result = unsafe {
                Shared::<Self>::with_waker(owner, |waker| {
                    running.poll(&mut Context::from_waker(waker))
                })
            };
            if result.is_ready() {
                future.set(None);
            }
            result
        };
        let poll = || self.context.enter_from_loop(|| self.with_future(poll_it));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => None,
            Ok(Poll::Ready(value)) => Some(Ok(value)),
            Err(payload) => {
                // A second panic, from the drop, has nobody left to go to but the hook.
                if let Err(second) = self.drop_future() {
                    report_panic(self.context.info(), second);
                }
                Some(Err(Failure::Panicked(payload.into())))
            }
        }
    }

    /// Drops the future, if it is still there, as the task that it is.
    fn drop_future(&self) -> Result<(), Box<dyn Any + Send>> {
        let drop_it = || self.with_future(|mut future| future.set(None));
        catch_unwind(AssertUnwindSafe(|| self.context.enter(drop_it)))
    }

    fn complete(&self, outcome: Outcome<F::Output>) {
        self.context.forget_waits();
        let complete = || {
            self.context.forget_variables();
            // SAFETY: `run` ends the task once: the loop forgets it then, and the future in it is gone.
            unsafe {
                self.join().complete(outcome, |unwanted| {
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
        Some(Err(Failure::Panicked(payload))) => report_panic(task, payload.into_inner()),
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
    unsafe fn run(&self, owner: NonNull<()>) -> bool {
        // SAFETY: the caller's promise is the same.
        match unsafe { self.step(owner) } {
            None => false,
            Some(outcome) => {
                self.complete(outcome);
                true
            }
        }
    }

    fn wake_target(&self) -> TaskTarget<'_> {
        // The low half of the id is enough: a key would have to be kept while 2^32 tasks come and go, and then cost one poll
        // too many.
        WakeTarget::new(&self.state, self.context.info().id().get() as u32)
    }
}

impl<F: Future + 'static> Completion for LocalCell<F> {
    fn info(&self) -> &TaskInfo {
        self.context.info()
    }

    fn is_untouched(&self) -> bool {
        self.state.is_untouched()
    }

    fn cancel(&self) {
        self.wake_target().cancel();
    }

    unsafe fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.join().poll_complete(cx) }
    }
}

impl<F: Future + 'static> Joinable<F::Output> for LocalCell<F> {
    fn join_cell(&self) -> JoinCell<'_, Outcome<F::Output>> {
        self.join()
    }

    unsafe fn into_completion(&self, owner: NonNull<()>) -> Shared<dyn Completion> {
        // SAFETY: an owner of this cell, which is given up, the caller says.
        unsafe {
            let owner = ManuallyDrop::into_inner(Shared::<Self>::at(owner));
            Shared::from_block(owner.into_block() as NonNull<Block<dyn Completion>>)
        }
    }
}

impl<F: Future> Drop for LocalCell<F> {
    fn drop(&mut self) {
        // A loop drops its futures before it lets go of their cells, so this cannot happen. If it did, dropping the future
        // here could be a data race, and leaking it would free pinned memory without a drop: neither is allowed.
        if !self.future.is_gone() && self.state.home.thread != Thread::current() {
            std::process::abort();
        }
    }
}

impl<F: Future + 'static> Wakes for LocalCell<F> {
    #[inline]
    fn wake(&self) {
        self.wake_target().wake();
    }
}
