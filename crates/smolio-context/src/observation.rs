//! What each task waits for, recorded only while somebody looks: a test that may have to explain a deadlock.
//!
//! A leaf future says in its poll what it waits for when it is about to be pending. While nobody observes that costs one
//! relaxed load.

mod resource;
mod wait;

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use resource::ResourceRecord;
pub use resource::{Resource, ResourceId};
pub use wait::{
    Wait, WaitTarget, waiting_for, waiting_for_children, waiting_for_members, waiting_for_task,
    waiting_on, waiting_until,
};

use crate::{
    TaskId, TaskInfo,
    attention::{add_observer, is_observed, remove_observer},
    task::{TaskContext, enclosing_id},
};

static TABLE: Mutex<Table> = Mutex::new(Table {
    tasks: BTreeMap::new(),
    resources: BTreeMap::new(),
});

/// All that is known while somebody looks.
#[derive(Default)]
pub(crate) struct Table {
    tasks: BTreeMap<TaskId, Record>,
    resources: BTreeMap<ResourceId, ResourceRecord>,
}

/// A task or a child of a group, and what it waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Waiter {
    /// Who it is.
    pub task: TaskInfo,
    /// The task that it lives in, for a child of a group; `None` for a task.
    pub inside: Option<TaskId>,
    /// What it said in its last poll. Nothing, if that poll is going on, or if what it waits for does not say what it is.
    pub waits: Vec<Wait>,
}

struct Record {
    task: TaskInfo,
    inside: Option<TaskId>,
    now: Vec<Wait>,
    // What it waited for before the current poll: a wait that is still there afterwards keeps its beginning.
    before: Vec<Wait>,
}

impl Record {
    fn new(context: &TaskContext) -> Self {
        Self {
            task: context.info().clone(),
            inside: None,
            now: Vec::new(),
            before: Vec::new(),
        }
    }
}

/// Records waits until the guard is dropped.
pub fn observe() -> ObservationGuard {
    add_observer();
    ObservationGuard(())
}

/// Ends the observation when dropped; the records go with the last one.
#[derive(Debug)]
#[must_use = "waits are recorded until the guard is dropped"]
pub struct ObservationGuard(());

impl Drop for ObservationGuard {
    fn drop(&mut self) {
        remove_observer();
        let records: Table = {
            let mut table = table();
            // Asked under the lock, and so is whoever makes a record.
            if is_observed() {
                return;
            }
            mem::take(&mut *table)
        };
        drop(records);
    }
}

/// At the beginning of each poll of a task or child: what it waited for is to be said anew.
pub(crate) fn begin_poll(context: &TaskContext) {
    with_record(context, |record| {
        // Each time: a group may move from one task to another.
        record.inside = enclosing_id().filter(|task| *task != record.task.id());
        record.before = mem::take(&mut record.now);
    });
}

/// Calls `f` with the record of a task or child, and makes one if there is none. One that is the second context of its task
/// has none: the task waits for other things.
fn with_record(context: &TaskContext, f: impl FnOnce(&mut Record)) {
    if context.is_on_behalf() {
        return;
    }
    let mut table = table();
    // Asked again under the lock: whoever observed last clears the table under it.
    if is_observed() {
        let record = table.tasks.entry(context.info().id());
        f(record.or_insert_with(|| Record::new(context)));
    }
}

/// What the task said in its last poll that it waits for.
pub fn waits_of(task: TaskId) -> Vec<Wait> {
    let table = table();
    let record = table.tasks.get(&task);
    record.map_or_else(Vec::new, |record| record.now.clone())
}

/// All tasks and children of groups, of all loops, that were polled since somebody observes and have not ended, in the
/// order of their ids.
///
/// ```
/// use smolio_context::{TaskContext, all_waits, observe, waiting_for};
/// let _observation = observe();
/// TaskContext::root().enter(|| waiting_for(|| "Queue::get on \"jobs\"".to_string()));
/// let waiters = all_waits();
/// assert_eq!(waiters[0].task.name(), "main");
/// assert_eq!(waiters[0].waits[0].what(), "Queue::get on \"jobs\"");
/// ```
pub fn all_waits() -> Vec<Waiter> {
    let table = table();
    let waiter = |record: &Record| Waiter {
        task: record.task.clone(),
        inside: record.inside,
        waits: record.now.clone(),
    };
    table.tasks.values().map(waiter).collect()
}

/// For executors and groups: the task has ended.
///
/// [`Scoped`](crate::Scoped) says it of the task that it is, when its future is gone.
#[inline]
pub fn forget_waits(task: TaskId) {
    if is_observed() {
        forget(task);
    }
}

#[cold]
fn forget(task: TaskId) {
    let record = table().tasks.remove(&task);
    drop(record);
}

pub(crate) fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}
