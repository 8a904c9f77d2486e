//! The task group: a scope that no child outlives.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, IntoFuture},
    panic::Location,
    sync::{Arc, Weak},
};

use smolio_context::{Scoped, TaskContext, is_debug, is_observed};

use crate::{
    CancelToken, Cancelled, Child, Outcome, ReadySignal, SpawnError, StartError, TaskGroupError,
    TaskGroupStats,
    cell::Owner,
    core::{Core, tell_late},
    place::Place,
    ready::Ready,
    run::Run,
    start,
    task::{AnyChild, ChildTask, Infallibly},
};

/// A child of any type.
pub(crate) type Boxed<'a, E> = Owner<dyn AnyChild<E> + Send + 'a>;

/// Runs children side by side, and ends when all of them have: asyncio's `TaskGroup`, with children that borrow.
///
/// All that its children borrow is declared before it. `E` is the error that ends the group: the first child, or body,
/// that gives one has all others dropped, and [`run`](Self::run) gives every failure. A group whose children cannot fail is
/// made by [`infallible`](Self::infallible).
///
/// The children are part of the group's future. They run on whichever thread and executor polls it, one at a time, and are
/// gone when it is gone; for more than one core spawn children that await tasks of the executor.
///
/// ```
/// use smolio_task_group::TaskGroup;
/// # #[derive(Debug)] struct NotFound;
/// # impl std::fmt::Display for NotFound {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("not found") }
/// # }
/// # async fn fetch(url: &str) -> Result<usize, NotFound> { Ok(url.len()) }
/// # futures_lite::future::block_on(async {
/// let urls = ["/a", "/bc"]; // what children borrow is declared before the group
/// let group = TaskGroup::<NotFound>::new();
/// let lengths = group
///     .run(async {
///         let a = group.spawn(fetch(urls[0]));
///         let b = group.spawn(fetch(urls[1]));
///         Ok((a.await, b.await)) // a child that fails never gets here: it ends the group
///     })
///     .await;
/// assert_eq!(lengths.unwrap(), (2, 3));
/// # });
/// ```
///
/// What the compiler says when a child borrows what it cannot, or gives what it must not, is explained in
/// [`compile_errors`](crate::compile_errors).
///
/// # Why the body is not a closure
/// A function to which one gives `async |group| ...`, so that the group needs no name outside, was tried and rejected. In a task
/// that must be `Send` the compiler does not take it: "implementation of `AsyncFnOnce` is not general enough". A future that
/// borrows the group from around it has no such trouble.
///
/// # When not to use this
/// If a failure must not end the others, take a [`Supervisor`](crate::Supervisor).
#[doc(alias = "nursery")]
#[doc(alias = "JoinSet")]
#[must_use = "children run only inside `run`"]
pub struct TaskGroup<'a, E = Infallible> {
    core: Arc<Core<Boxed<'a, E>, E>>,
}

/// Spawns into a [`TaskGroup`] from inside its children, who cannot borrow it.
///
/// It does not keep the group alive: afterwards it refuses.
///
/// ```
/// # use smolio_task_group::TaskGroup;
/// # futures_lite::future::block_on(async {
/// let group = TaskGroup::infallible();
/// let spawner = group.spawner();
/// let found = group
///     .run_value(async {
///         let crawl = group.spawn_value(async move {
///             let page = spawner.spawn_value(async { "a page that the first one names" });
///             page.await.len()
///         });
///         crawl.await
///     })
///     .await;
/// assert_eq!(found.unwrap(), 31);
/// # });
/// ```
pub struct Spawner<'a, E = Infallible> {
    core: Weak<Core<Boxed<'a, E>, E>>,
}

group_methods!(TaskGroup, Spawner, erase, [Send+]);
