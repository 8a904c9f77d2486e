//! The handle of a task: wait for it, join it, cancel it, or let it go.

use std::{
    any::Any,
    error::Error,
    fmt,
    future::Future,
    panic::resume_unwind,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
    thread,
};

use smolio_context::{
    CleanUp, TaskId, TaskInfo, clean_up_later, is_collecting, is_debug, waiting_for_task,
    warn_of_task,
};

use crate::cell::{Failure, Joiner, Outcome, drop_unread};

/// A task that runs beside the one that holds this handle.
///
/// Awaiting it gives its value. If the task panicked, the panic goes on in whoever awaits it; [`join`](Self::join) gives a
/// `Result` instead.
///
/// **Dropping the handle cancels the task**: its future is dropped at the loop's next opportunity. To let it run on its own
/// say [`detach`](Self::detach).
///
/// # Panics
/// Awaiting resumes the panic of the task, and panics if the task was cancelled by the closing of its loop.
///
/// # Cancel safety
/// `&mut task` can be polled and dropped at will: the value stays in the task. Dropping the `Task` itself cancels it.
///
/// ```
/// let sum = smolio_executor::run(async {
///     let task = smolio_executor::spawn(async { 1 + 1 });
///     task.await
/// });
/// assert_eq!(sum, 2);
/// ```
#[doc(alias = "Future")]
#[must_use = "a task is cancelled when its handle is dropped: `.await` it, or say `.detach()`"]
pub struct Task<T> {
    // `None` once the handle has given up its part.
    joiner: Option<Joiner<T>>,
}

impl<T> Task<T> {
    pub(crate) fn new(joiner: Joiner<T>) -> Self {
        Self {
            joiner: Some(joiner),
        }
    }

    fn joiner(&self) -> &Joiner<T> {
        self.joiner
            .as_ref()
            .expect("a handle is whole until it is consumed")
    }

    /// Who the task is: id, name, where it was spawned, and by whom.
    pub fn info(&self) -> &TaskInfo {
        self.joiner().info()
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.info().id()
    }

    /// Whether the task has ended: with a value, by a panic, or cancelled.
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.joiner().is_complete()
    }

    /// Waits for the end of the task, whatever it is.
    ///
    /// # Errors
    /// [`JoinError`] if the task panicked or was cancelled.
    ///
    /// # Cancel safety
    /// Dropping the future drops the handle, and cancels the task.
    pub fn join(self) -> Join<T> {
        Join(self)
    }

    /// Cancels the task and waits until its future is gone. A value that was there already is kept.
    ///
    /// The cancelling begins at once, not at the first poll. If the task panics, or has panicked, the unhandled hook is told.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the task cancelled.
    ///
    /// ```
    /// # smolio_executor::run(async {
    /// let task = smolio_executor::spawn(std::future::pending::<()>());
    /// assert_eq!(task.cancel().await, None);
    /// # });
    /// ```
    #[must_use = "the task is cancelled at once, but it is gone only when this was awaited"]
    pub fn cancel(self) -> Cancel<T> {
        self.joiner().cancel();
        Cancel(self)
    }

    /// Lets the task run on its own. It ends at the latest when its loop closes.
    ///
    /// A panic of the task goes to the unhandled hook; its value is dropped.
    #[doc(alias = "create_task")]
    pub fn detach(mut self) {
        self.leave();
    }

    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        let joiner = self.joiner.as_mut();
        let joiner = joiner.expect("a handle is whole until it is consumed");
        let outcome = joiner.poll(cx);
        if outcome.is_pending() {
            let task = joiner.info();
            waiting_for_task(task.id(), || format!("the end of {task}"));
        }
        outcome
    }

    /// The handle is dropped, and nobody has read the value.
    #[cold]
    #[inline(never)]
    fn give_up(&mut self) {
        let Some(joiner) = &self.joiner else { return };
        if joiner.is_complete() {
            self.drop_outcome();
            return;
        }
        if is_debug() {
            warn_of_drop(joiner);
        }
        joiner.cancel();
        // Who collects, a group that ends for example, goes on only when the task is really gone.
        if let (Some(gone), true) = (self.leave(), is_collecting()) {
            clean_up_later(CleanUp::new("a cancelled task", gone));
        }
    }

    /// The task has ended: what was not read is seen to.
    fn drop_outcome(&mut self) {
        if let Some(joiner) = &mut self.joiner {
            if let Some(unread) = joiner.take() {
                drop_unread(joiner.info(), Some(unread));
            }
        }
    }

    /// The handle is done with: what it leaves unread is seen to.
    fn leave(&mut self) -> Option<crate::cell::Gone> {
        let joiner = self.joiner.take()?;
        let info = joiner.info().clone();
        let (outcome, gone) = joiner.leave();
        drop_unread(&info, outcome);
        Some(gone)
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let outcome = ready!(self.poll_outcome(cx));
        Poll::Ready(value_of(self.info(), outcome))
    }
}

/// The value of a task that has one; else this panics.
pub(crate) fn value_of<T>(task: &TaskInfo, outcome: Outcome<T>) -> T {
    match outcome {
        Ok(value) => value,
        Err(Failure::Panicked(payload)) => resume_unwind(payload.into_inner()),
        Err(Failure::Cancelled) => panic!("{task} was cancelled"),
    }
}

// Nothing in a handle is pinned.
impl<T> Unpin for Task<T> {}

impl<T> Drop for Task<T> {
    #[inline]
    fn drop(&mut self) {
        // Most handles have given their value by then.
        if let Some(joiner) = &self.joiner {
            if !joiner.is_taken() {
                self.give_up();
            }
        }
    }
}

/// A handle is dropped before its task has ended, for which a missing `.detach()` is the usual reason.
///
/// Where a group ends, or a panic goes by, whatever was spawned is meant to end; and who was waited for is dropped with the
/// one who did, by a timeout for instance.
#[cold]
fn warn_of_drop<T>(joiner: &Joiner<T>) {
    let is_meant = joiner.is_cancelled() || joiner.is_awaited() || is_collecting();
    if is_meant || thread::panicking() {
        return;
    }
    let what = if joiner.is_untouched() {
        "was cancelled by drop before its first poll"
    } else {
        "was cancelled by drop while it was pending"
    };
    let hint = "`.await` its handle, or say `.detach()` or `.cancel()`";
    warn_of_task(joiner.info(), what, hint);
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("info", self.info())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// The future of [`Task::join`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled or awaited, and this one cancels its task when dropped"]
pub struct Join<T>(Task<T>);

impl<T> Future for Join<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(self.0.poll_outcome(cx));
        Poll::Ready(outcome.map_err(|failure| JoinError::new(self.0.info().clone(), failure)))
    }
}

/// The future of [`Task::cancel`].
#[derive(Debug)]
pub struct Cancel<T>(Task<T>);

impl<T> Future for Cancel<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match ready!(self.0.poll_outcome(cx)) {
            Ok(value) => Poll::Ready(Some(value)),
            failure @ Err(_) => {
                drop_unread(self.0.info(), Some(failure));
                Poll::Ready(None)
            }
        }
    }
}

/// Why a task ended without a value.
///
/// ```
/// use smolio_executor::{TaskBuilder, run};
/// let error = run(async {
///     let task = TaskBuilder::new().name("parse").spawn(async { panic!("no digits") });
///     task.join().await.map(|()| ()).unwrap_err()
/// });
/// assert!(error.is_panic());
/// assert_eq!(error.task().name(), "parse");
/// assert!(error.to_string().ends_with("panicked: no digits"));
/// ```
pub struct JoinError {
    task: TaskInfo,
    // In a mutex because a payload need not be `Sync`, and an error must be.
    panic: Option<Mutex<Box<dyn Any + Send>>>,
}

impl JoinError {
    fn new(task: TaskInfo, failure: Failure) -> Self {
        let panic = match failure {
            Failure::Cancelled => None,
            Failure::Panicked(payload) => Some(Mutex::new(payload.into_inner())),
        };
        Self { task, panic }
    }

    /// The task was cancelled: by its loop's closing, since its handle was with whoever joined it.
    #[doc(alias = "CancelledError")]
    pub fn is_cancelled(&self) -> bool {
        self.panic.is_none()
    }

    /// The task panicked.
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// Which task it was.
    pub fn task(&self) -> &TaskInfo {
        &self.task
    }

    /// The payload of the panic, as `std::panic::resume_unwind` takes it.
    ///
    /// # Errors
    /// The error itself, if the task did not panic.
    pub fn into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.panic {
            Some(payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            None => Err(self),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panic {
            None => write!(f, "{} was cancelled", self.task),
            Some(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                let text = smolio_context::panic_message(&**payload);
                write!(f, "{} panicked: {text}", self.task)
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.is_panic() {
            "Panicked"
        } else {
            "Cancelled"
        };
        f.debug_tuple(name).field(&self.task).finish()
    }
}

impl Error for JoinError {}
