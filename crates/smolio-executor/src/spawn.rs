//! Starting tasks.

use std::{
    future::{Future, IntoFuture},
    rc::Rc,
};

use smolio_context::{TaskContext, TaskInfo};

use crate::{Task, cell::Joiner, local::Local};

/// Starts a task that runs beside its spawner: asyncio's `create_task`.
///
/// With one worker the task runs on this loop; with several, on whichever worker is free. It does not begin before its
/// spawner lets go of the thread. While the loop closes, tasks are refused: the future is dropped unpolled, and the handle says
/// cancelled.
///
/// # Panics
/// Where no loop runs: outside of [`run`](crate::run). Other threads have a [`Handle`](crate::Handle).
///
/// ```
/// # smolio_executor::run(async {
/// let double = smolio_executor::spawn(async { 2 * 21 });
/// assert_eq!(double.await, 42);
/// # });
/// ```
#[doc(alias = "create_task")]
#[doc(alias = "ensure_future")]
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
{
    Task::new(spawn_send(None, future.into_future()))
}

/// Starts a task on this thread. It need not be `Send`: `Rc` and `RefCell` are fine.
///
/// # Panics
/// Where no loop runs: outside of [`run`](crate::run).
///
/// ```
/// # smolio_executor::run(async {
/// let shared = std::rc::Rc::new(std::cell::Cell::new(1));
/// let same = shared.clone();
/// smolio_executor::spawn_local(async move { same.set(2) }).await;
/// assert_eq!(shared.get(), 2);
/// # });
/// ```
#[doc(alias = "create_task")]
#[track_caller]
pub fn spawn_local<F>(future: F) -> Task<F::Output>
where
    F: IntoFuture<IntoFuture: 'static, Output: 'static>,
{
    Task::new(spawn_here(None, future.into_future()))
}

/// Gives a task a name before it is spawned: `create_task(..., name="fetch")`.
///
/// ```
/// use smolio_executor::TaskBuilder;
/// # smolio_executor::run(async {
/// let task = TaskBuilder::new().name("fetch").spawn(async {});
/// assert_eq!(task.info().name(), "fetch");
/// task.await;
/// # });
/// ```
#[doc(alias = "set_name")]
#[derive(Clone, Copy, Default, Debug)]
#[must_use = "a builder spawns nothing by itself"]
pub struct TaskBuilder<'a> {
    name: Option<&'a str>,
}

impl<'a> TaskBuilder<'a> {
    /// A task without a name of its own: it is called `task-N`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name that reports show.
    pub fn name(self, name: &'a str) -> Self {
        Self { name: Some(name) }
    }

    /// As [`spawn`].
    ///
    /// # Panics
    /// As [`spawn`].
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> Task<F::Output>
    where
        F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
    {
        Task::new(spawn_send(self.name, future.into_future()))
    }

    /// As [`spawn_local`].
    ///
    /// # Panics
    /// As [`spawn_local`].
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> Task<F::Output>
    where
        F: IntoFuture<IntoFuture: 'static, Output: 'static>,
    {
        Task::new(spawn_here(self.name, future.into_future()))
    }
}

#[track_caller]
fn current() -> Rc<Local> {
    Local::current().expect(
        "no loop runs on this thread: spawn inside of `run`, or through a `Handle` from another thread",
    )
}

// A future has mostly one place where it is spawned. What is passed on by way of memory, the context above all, costs more than
// the rest of a spawn; so each branch makes its own, and none lies anywhere for the sake of another.
#[inline(always)]
#[track_caller]
fn spawn_send<F>(name: Option<&str>, future: F) -> Joiner<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let local = current();
    let runtime = local.runtime();
    match runtime.pool() {
        Some(pool) if runtime.is_open() && !local.is_cleaning_up() => pool
            .spawn(runtime, TaskContext::child(name), future)
            .unwrap_or_else(|(context, future)| spawn_on(&local, context, future)),
        _ => spawn_child(&local, name, future),
    }
}

#[inline(always)]
#[track_caller]
fn spawn_here<F: Future + 'static>(name: Option<&str>, future: F) -> Joiner<F::Output> {
    spawn_child(&current(), name, future)
}

/// A task of `local`, which is a child of whoever is running.
#[inline(always)]
#[track_caller]
fn spawn_child<F: Future + 'static>(
    local: &Local,
    name: Option<&str>,
    future: F,
) -> Joiner<F::Output> {
    match local.admits() {
        Some(kind) => local.spawn(kind, TaskContext::child(name), future),
        None => local.refuse(TaskContext::child(name), future),
    }
}

/// A task of `local`, with a context that was made before.
pub(crate) fn spawn_on<F: Future + 'static>(
    local: &Local,
    context: TaskContext,
    future: F,
) -> Joiner<F::Output> {
    match local.admits() {
        Some(kind) => local.spawn(kind, context, future),
        None => local.refuse(context, future),
    }
}

/// All tasks of this loop and its workers that have not ended, the main one included, in no particular order.
///
/// On a worker, `spawn_local` tasks of the other threads are not among them. Outside of loops: none.
///
/// ```
/// use smolio_executor::{TaskBuilder, all_tasks};
/// # smolio_executor::run(async {
/// let task = TaskBuilder::new().name("fetch").spawn(async {});
/// let tasks = all_tasks();
/// assert_eq!(tasks.len(), 2); // main is one as well
/// assert!(tasks.iter().any(|task| task.name() == "fetch"));
/// task.await;
/// # });
/// ```
#[doc(alias = "get_tasks")]
pub fn all_tasks() -> Vec<TaskInfo> {
    let Some(local) = Local::current() else {
        return Vec::new();
    };
    let mut tasks = local.tasks();
    if let Some(pool) = local.runtime().pool() {
        tasks.extend(pool.tasks());
        // The one that asks may be a task of the pool.
        tasks.sort_unstable_by_key(TaskInfo::id);
        tasks.dedup_by_key(|task| task.id());
    }
    tasks
}

/// Whether this thread runs a loop.
pub(crate) fn is_inside_loop() -> bool {
    Local::with_current(|_| ()).is_some()
}
