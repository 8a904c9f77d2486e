//! A task of a loop: it is polled and dropped on the loop's thread, and woken from anywhere.

use std::{
    any::{Any, type_name},
    cell::Cell,
    future::Future,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::NonNull,
    task::{Context, Poll, Waker, ready},
};

use smolio_context::{TaskContext, TaskInfo, Unhandled, is_debug, report_unhandled, warn_of_task};

use super::{
    bound::{Bound, Stage, Thread},
    join::{JoinCell, JoinState, Waiter},
    joiner::{Completion, Failure, Joinable, Joiner, Outcome},
    shared::{Blank, Block, Shared, Wakes},
};
use crate::{
    local::Local,
    wake::{Home, Kind, WakeState, WakeTarget},
};

/// What the loop knows of a task.
pub(crate) trait Runnable: Completion {
    /// Polls the task, or drops its future if that was asked for, unless it is another one than that of the stamp. While it
    /// runs, `running` says of which kind it is.
    ///
    /// This is one call for all that the loop does with a task, since it does not know the type of the future, and a look at
    /// the stamp would cost as much as the whole.
    ///
    /// # Safety
    /// `owner` is the address of an owner of this cell, who lives until this returns.
    ///
    /// # Panics
    /// On any other thread than the loop's, from within itself, and when it has ended.
    unsafe fn run(&self, owner: NonNull<()>, stamp: Option<u32>, running: &Cell<Kind>) -> Ran;

    fn wake_target(&self) -> TaskTarget<'_>;
}

/// What came of running a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ran {
    /// It was another one.
    Stale,
    Pending,
    Ended(Kind),
}

/// The flags of a task and the bits of its handle, in two words.
type TaskState = WakeState<Home, JoinState>;
type TaskTarget<'a> = WakeTarget<'a, JoinState>;

impl Shared<dyn Runnable> {
    /// Polls the task, or drops its future if that was asked for, unless it is another one than that of the stamp. While it
    /// runs, `running` says of which kind it is.
    ///
    /// # Panics
    /// On any other thread than the loop's, from within itself, and when it has ended.
    #[inline]
    pub(crate) fn run(&self, stamp: Option<u32>, running: &Cell<Kind>) -> Ran {
        // SAFETY: we are an owner, and borrowed until this returns.
        unsafe { (**self).run(self.address(), stamp, running) }
    }
}

/// In this order, so that a wake needs the first of its cache lines alone, and a poll none for the waiter.
#[repr(C)]
pub(crate) struct LocalCell<F: Future> {
    state: TaskState,
    context: TaskContext,
    stage: Bound<F>,
    waiter: Waiter,
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
        let blank = Blank::<Self>::new(Some(local));
        let cell = blank.value();
        // SAFETY: there is room for one, each part of which is written once.
        let owners = unsafe {
            (&raw mut (*cell).state).write(WakeState::queued(home, kind, JoinState::new()));
            (&raw mut (*cell).context).write(context);
            (&raw mut (*cell).stage).write(Bound::new(future));
            (&raw mut (*cell).waiter).write(Waiter::new());
            blank.finish()
        };
        owners.0.context.spawned();
        Self::start(owners)
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
        let owners = Shared::pair(
            None,
            Self {
                state: WakeState::posted(home, Kind::Task, JoinState::new()),
                context,
                waiter: Waiter::new(),
                stage: Bound::new(future),
            },
        );
        Self::start(owners)
    }

    /// To be called once for each cell.
    #[inline]
    fn start(
        (ours, handle): (Shared<Self>, Shared<Self>),
    ) -> (Shared<dyn Runnable>, Joiner<F::Output>) {
        // SAFETY: each is for the one owner that it came from, and this is the one handle of a cell that was made just now.
        unsafe {
            let handle = handle.into_block() as NonNull<Block<dyn Joinable<F::Output>>>;
            let runner = Shared::from_block(ours.into_block() as NonNull<Block<dyn Runnable>>);
            (runner, Joiner::new(Shared::from_block(handle)))
        }
    }

    fn join(&self) -> JoinCell<'_> {
        // SAFETY: this is the one place where they are brought together.
        unsafe { JoinCell::new(&self.state.rest, &self.waiter) }
    }

    /// One poll, or the drop that was asked for. True: the future is gone, and the outcome is in its place.
    ///
    /// # Safety
    /// This is the home thread, the future is lent to the caller and has not ended. `owner` is as for [`Runnable::run`].
    #[inline]
    unsafe fn step(&self, owner: NonNull<()>) -> bool {
        if self.state.is_cancelled() {
            // SAFETY: the caller's promise is the same.
            unsafe { self.end_with(Failure::Cancelled) };
            return true;
        }
        // SAFETY: the owner lives until we return, says the caller. The waker is no further than in the closure below.
        let waker = unsafe { Shared::<Self>::waker(owner) };
        let poll = || {
            // SAFETY: the caller's promise is the same.
            let future = unsafe { self.stage.lend() };
            let future = future.expect("a task that has ended is not run");
            let Poll::Ready(value) = future.poll(&mut Context::from_waker(&waker)) else {
                return false;
            };
            // SAFETY: as above, and what was lent is no longer used.
            unsafe { self.stage.put(Stage::Ended(Ok(value))) };
            true
        };
        let poll = || self.context.enter_from_loop(poll);
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(ended) => ended,
            Err(payload) => {
                // SAFETY: as above: that poll is over.
                unsafe { self.end_with(Failure::Panicked(payload.into())) };
                true
            }
        }
    }

    /// Drops what is there, as the task that it is, and puts a failure in its place.
    ///
    /// # Safety
    /// As [`step`](Self::step).
    #[cold]
    unsafe fn end_with(&self, failure: Failure) {
        // SAFETY: the caller's promise is the same.
        let put = |stage| unsafe { self.stage.put(stage) };
        let drop_it = || self.context.enter(|| put(Stage::Empty));
        let dropped = catch_unwind(AssertUnwindSafe(drop_it));
        let failure = match (failure, dropped) {
            (failure, Ok(())) => failure,
            (Failure::Cancelled, Err(payload)) => Failure::Panicked(payload.into()),
            (failure, Err(second)) => {
                // It has nobody left to go to but the hook.
                report_panic(self.context.info(), second);
                failure
            }
        };
        put(Stage::Ended(Err(failure)));
    }

    #[inline]
    fn complete(&self) {
        self.context.ended();
        // They may have drops that panic.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.context.forget_variables())) {
            report_panic(self.context.info(), payload);
        }
        let take_back = || {
            // SAFETY: the outcome was left to the runner.
            if let Some(unwanted) = unsafe { self.stage.take() } {
                drop_unwanted(self.context.info(), unwanted);
            }
        };
        // SAFETY: `run` ends the task once. The outcome is written.
        unsafe {
            self.join()
                .complete(take_back, |waiter| wake(waiter, self.context.info()));
        }
    }
}

/// Wakes whoever waits for the end of `task`. A waker is foreign code, so a panic of it is not lost.
#[inline]
pub(super) fn wake(waiter: &Waker, task: &TaskInfo) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waiter.wake_by_ref())) {
        report_panic(task, payload);
    }
}

/// Drops an outcome that nobody will read; a panic among them is not lost.
pub(crate) fn drop_unread<T>(task: &TaskInfo, outcome: Option<Outcome<T>>) {
    match outcome {
        Some(Err(Failure::Panicked(payload))) => report_panic(task, payload.into_inner()),
        Some(Err(Failure::Cancelled)) | None => {}
        Some(Ok(value)) => {
            if is_debug() {
                warn_of_unread::<T>(task);
            }
            drop(value);
        }
    }
}

/// An `Err` that nobody reads is lost, and an `Err` of any type cannot be told from a value; but its type says whether there
/// may be one.
#[cold]
fn warn_of_unread<T>(task: &TaskInfo) {
    // What it says may change from one compiler to the next, and no more than this report depends on it.
    if type_name::<T>().starts_with("core::result::Result<") {
        warn_of_task(
            task,
            "gave a `Result` that nobody read",
            "an error in it is lost: `.await` its handle, or handle errors in the task",
        );
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
    unsafe fn run(&self, owner: NonNull<()>, stamp: Option<u32>, running: &Cell<Kind>) -> Ran {
        if stamp.is_some_and(|stamp| stamp != self.wake_target().stamp()) {
            return Ran::Stale;
        }
        assert!(
            self.is_home(),
            "a task is touched on a thread that is not its own"
        );
        let kind = self.state.begin_poll();
        let kind = kind.expect("a task is not run from within itself, nor after its end");
        running.set(kind);
        // SAFETY: this is the home thread. The future is lent to us alone, and one that has ended is lent for ever. The owner is
        // the caller's promise.
        let ended = unsafe { self.step(owner) };
        if ended {
            self.complete();
        } else {
            self.state.end_poll();
        }
        running.set(Kind::Task);
        if ended {
            Ran::Ended(kind)
        } else {
            Ran::Pending
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

    fn is_cancelled(&self) -> bool {
        self.state.is_cancelled()
    }

    fn cancel(&self) {
        self.wake_target().cancel();
    }

    unsafe fn poll_complete(&self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.join().poll_complete(cx, self.is_home()) }
    }
}

impl<F: Future + 'static> Joinable<F::Output> for LocalCell<F> {
    fn is_complete(&self) -> bool {
        self.state.rest.is_complete()
    }

    unsafe fn poll_outcome(&self, cx: &mut Context<'_>) -> Poll<Option<Outcome<F::Output>>> {
        // SAFETY: the caller's promise is the same. Once it is complete, the outcome is the handle's.
        unsafe {
            ready!(self.join().poll_complete(cx, self.is_home()));
            Poll::Ready(self.stage.take())
        }
    }

    unsafe fn take_outcome(&self) -> Option<Outcome<F::Output>> {
        // SAFETY: it is complete, and the caller is the handle.
        let take = || unsafe { self.stage.take() };
        self.is_complete().then(take).flatten()
    }

    unsafe fn leave(&self) -> Option<Outcome<F::Output>> {
        // SAFETY: the caller's promise. If it is true the outcome is the handle's.
        unsafe {
            let complete = self.join().leave(self.is_home());
            complete.then(|| self.stage.take()).flatten()
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

impl<F: Future> LocalCell<F> {
    /// Whether this is the thread that runs the task.
    #[inline]
    fn is_home(&self) -> bool {
        self.state.home.thread == Thread::current()
    }
}

impl<F: Future> Drop for LocalCell<F> {
    fn drop(&mut self) {
        // A loop drops its futures before it lets go of their cells, so this cannot happen. If it did, dropping the future
        // here could be a data race, and leaking it would free pinned memory without a drop: neither is allowed.
        if self.stage.has_future() && !self.is_home() {
            std::process::abort();
        }
    }
}

impl<F: Future + 'static> Wakes for LocalCell<F> {
    #[inline]
    fn wake(&self) {
        self.context.woken();
        self.wake_target().wake();
    }
}
