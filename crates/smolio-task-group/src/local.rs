//! The task group for children that are not `Send`.

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

type Boxed<'a, E> = Owner<dyn AnyChild<E> + 'a>;

/// A [`TaskGroup`](crate::TaskGroup) whose children need not be `Send`: they may hold an `Rc` or a `RefCell` borrow.
///
/// Its future stays on the thread that it was made on, so it runs in `run`'s main and in `spawn_local`, not in `spawn`.
///
/// ```
/// use smolio_task_group::LocalTaskGroup;
/// use std::{cell::Cell, rc::Rc};
/// # futures_lite::future::block_on(async {
/// let count = Rc::new(Cell::new(0));
/// let group = LocalTaskGroup::infallible();
/// group
///     .run_value(async {
///         for _ in 0..3 {
///             let count = count.clone();
///             group.spawn_value(async move { count.set(count.get() + 1) });
///         }
///     })
///     .await
///     .unwrap();
/// assert_eq!(count.get(), 3);
/// # });
/// ```
#[must_use = "children run only inside `run`"]
pub struct LocalTaskGroup<'a, E = Infallible> {
    core: Arc<Core<Boxed<'a, E>, E>>,
}

/// Spawns into a [`LocalTaskGroup`] from inside its children.
pub struct LocalSpawner<'a, E = Infallible> {
    core: Weak<Core<Boxed<'a, E>, E>>,
}

group_methods!(LocalTaskGroup, LocalSpawner, erase_local, []);
