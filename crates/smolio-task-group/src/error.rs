//! What a group's `run` can end with besides a value, and what its `spawn` can refuse.

use std::{
    any::Any,
    fmt, mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
};

use smolio_context::{TaskId, TaskInfo, Unhandled, report_unhandled};

/// One child's error, with who it was.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure<E> {
    /// The child's id; for the body of the group that of the task that ran it, if it was one.
    pub id: Option<TaskId>,
    /// The child's name, or `body`.
    pub name: String,
    /// Where the child was spawned, or where the group was run.
    pub location: &'static Location<'static>,
    /// What it failed with.
    pub error: E,
    /// For the hook, if nobody reads it.
    task: Option<TaskInfo>,
    is_body: bool,
}

impl<E> Failure<E> {
    pub(crate) fn of_child(task: TaskInfo, error: E) -> Self {
        Self {
            id: Some(task.id()),
            name: task.name().into_owned(),
            location: task.location(),
            error,
            task: Some(task),
            is_body: false,
        }
    }

    pub(crate) fn of_body(
        task: Option<TaskInfo>,
        location: &'static Location<'static>,
        error: E,
    ) -> Self {
        Self {
            id: task.as_ref().map(TaskInfo::id),
            name: "body".to_owned(),
            location,
            error,
            task,
            is_body: true,
        }
    }
}

impl<E: fmt::Display> Failure<E> {
    /// Nobody will see this failure any more: tells the unhandled hook.
    pub(crate) fn report(self) {
        report_error(self.task, self.error);
    }
}

/// Tells the hook of an error that nobody will see.
pub(crate) fn report_error<E: fmt::Display>(task: Option<TaskInfo>, error: E) {
    let who = task.clone();
    // Its text and its end are somebody else's code, and there may be nobody to catch a panic in it.
    let text = move || Unhandled::error(task, format_args!("{error:#}"));
    match catch_unwind(AssertUnwindSafe(text)) {
        Ok(unhandled) => report_unhandled(unhandled),
        Err(payload) => report_panic(who, payload),
    }
}

/// Tells the hook of a panic that cannot resume anywhere.
pub(crate) fn report_panic(task: Option<TaskInfo>, payload: Box<dyn Any + Send>) {
    report_unhandled(Unhandled::panic(task, &*payload));
    // A payload may panic when it is dropped, and there is nobody left to catch that.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
}

/// `fetch (spawned at src/main.rs:7:13): connection refused`.
impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begun = if self.is_body { "run" } else { "spawned" };
        let Self {
            name,
            location,
            error,
            ..
        } = self;
        // The alternate form: with anyhow and its like that is the error with its causes, with others there is no difference.
        write!(f, "{name} ({begun} at {location}): {error:#}")
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for Failure<E> {}

/// How a group ended without a value.
///
/// `Display` shows every failure with the name of its child and where that was spawned; the error of a group inside of the
/// group appears as a tree below its child.
///
/// ```
/// # use smolio_task_group::TaskGroup;
/// # futures_lite::future::block_on(async {
/// let group = TaskGroup::<String>::new();
/// let error = group
///     .run(async {
///         group.spawn_named("fetch", async { Err::<(), _>("connection refused".to_string()) });
///         std::future::pending().await
///     })
///     .await
///     .map(|(): ()| ())
///     .unwrap_err();
/// assert_eq!(error.failures()[0].name, "fetch");
/// assert_eq!(error.into_first().unwrap(), "connection refused");
/// # });
/// ```
#[doc(alias = "ExceptionGroup")]
#[derive(Debug)]
pub struct TaskGroupError<E> {
    failures: Vec<Failure<E>>,
    reason: Reason,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reason {
    Failed,
    Cancelled,
    AlreadyRun,
}

impl<E> TaskGroupError<E> {
    pub(crate) fn failed(failures: Vec<Failure<E>>) -> Self {
        let reason = Reason::Failed;
        Self { failures, reason }
    }

    pub(crate) fn cancelled() -> Self {
        Self::without_failures(Reason::Cancelled)
    }

    pub(crate) fn already_run() -> Self {
        Self::without_failures(Reason::AlreadyRun)
    }

    fn without_failures(reason: Reason) -> Self {
        Self {
            failures: Vec::new(),
            reason,
        }
    }

    /// What failed, in the order of time; the body of the group comes last.
    #[doc(alias = "exceptions")]
    pub fn failures(&self) -> &[Failure<E>] {
        &self.failures
    }

    /// As [`failures`](Self::failures), by value.
    pub fn into_failures(self) -> Vec<Failure<E>> {
        self.failures
    }

    /// The first failure's error; the others are told to the unhandled hook. `None` if nothing failed: the group was
    /// cancelled, or had been run before.
    pub fn into_first(self) -> Option<E>
    where
        E: fmt::Display,
    {
        let mut failures = self.failures.into_iter();
        let first = failures.next();
        failures.for_each(Failure::report);
        first.map(|failure| failure.error)
    }

    /// Whether the group ended by its `cancel()`, and nothing failed.
    #[doc(alias = "CancelledError")]
    pub fn is_cancelled(&self) -> bool {
        self.reason == Reason::Cancelled
    }

    /// Whether the group did nothing, because it had been run before.
    pub fn is_already_run(&self) -> bool {
        self.reason == Reason::AlreadyRun
    }

    /// For groups without failures of their own.
    pub(crate) fn into_cancelled(self) -> Cancelled {
        Cancelled(self.reason)
    }
}

impl<E: fmt::Display> fmt::Display for TaskGroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason, self.failures.len()) {
            (Reason::Failed, 1) => f.write_str("a task group failed")?,
            (Reason::Failed, count) => write!(f, "a task group failed {count} times")?,
            (reason, _) => reason.fmt(f)?,
        }
        for (index, failure) in self.failures.iter().enumerate() {
            let is_last = index + 1 == self.failures.len();
            let (branch, below) = if is_last {
                ("└ ", "  ")
            } else {
                ("├ ", "│ ")
            };
            // The error of an inner group has lines of its own: they go on below the branch.
            let text = failure.to_string().replace('\n', &format!("\n{below}"));
            write!(f, "\n{branch}{text}")?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for TaskGroupError<E> {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "a task group failed",
            Self::Cancelled => "the task group was cancelled",
            Self::AlreadyRun => "the task group was run before: make a new one for each run",
        })
    }
}

/// A group that cannot fail ended without a value: it was cancelled (or had been run before).
#[doc(alias = "CancelledError")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancelled(Reason);

impl Cancelled {
    /// Whether the group did nothing, because it had been run before.
    pub fn is_already_run(&self) -> bool {
        self.0 == Reason::AlreadyRun
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Cancelled {}

/// The group takes no more children: it is ending, or has ended. The future is given back.
pub struct SpawnError<F> {
    future: F,
}

impl<F> SpawnError<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future }
    }

    /// The future that was not spawned.
    pub fn into_inner(self) -> F {
        self.future
    }

    /// The error alone, for `?` where the future cannot go: dropped here.
    pub fn without_future(self) -> SpawnError<()> {
        SpawnError { future: () }
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not spawn into a task group that takes no more children")
    }
}

impl<F> std::error::Error for SpawnError<F> {}
