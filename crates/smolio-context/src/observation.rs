//! Who lives, and what each task waits for: recorded only while somebody looks, in debug mode or in a test that may have to
//! explain a deadlock.
//!
//! A leaf future says in its poll what it waits for when it is about to be pending. While nobody observes that costs one
//! relaxed load.
//!
//! | state | goes over to |
//! |---|---|
//! | never polled: spawned | running, when it is polled |
//! | running | waiting, when the poll ends; ready, if it was woken meanwhile |
//! | waiting | ready, when it is woken; running, if it is polled without that |
//! | ready | running |

mod resource;
mod wait;
mod woken;

use std::{
    collections::BTreeMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub(crate) use resource::Nature;
use resource::ResourceRecord;
pub use resource::{Resource, ResourceId};
pub(crate) use wait::InWords;
pub use wait::{
    Wait, WaitTarget, waiting_for, waiting_for_children, waiting_for_members, waiting_for_task,
    waiting_on, waiting_until,
};
use woken::WatchedWaker;
pub(crate) use woken::watched_waker;

use crate::{
    Instant, TaskId, TaskInfo,
    attention::{add_observer, is_observed, remove_observer},
    task::{TaskContext, enclosing_id, with_current},
};

static TABLE: Mutex<Table> = Mutex::new(Table {
    tasks: BTreeMap::new(),
    resources: BTreeMap::new(),
});

/// All that is known while somebody looks.
#[derive(Default)]
pub(crate) struct Table {
    tasks: BTreeMap<TaskId, Record>,
    pub(crate) resources: BTreeMap<ResourceId, ResourceRecord>,
}

/// A task or a child of a group, and what it waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Waiter {
    /// Who it is.
    pub task: TaskInfo,
    /// The task that it lives in, for a child of a group; `None` for a task.
    pub inside: Option<TaskId>,
    /// The task or child that polls it, for a child of a group: the one that runs the group.
    pub polled_by: Option<TaskId>,
    /// Whether it runs.
    pub state: TaskState,
    /// When that began.
    pub since: Instant,
    /// What it said in its last poll. Nothing, if that poll is going on, or if what it waits for does not say what it is.
    pub waits: Vec<Wait>,
}

impl Waiter {
    /// One of which nothing was recorded yet.
    pub(crate) fn unknown(task: TaskInfo, now: Instant) -> Self {
        Record::new(&task, TaskState::Waiting, now).to_waiter()
    }
}

/// Whether a task runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum TaskState {
    /// It was spawned, and has not run yet.
    NeverPolled,
    /// It was woken, and has not run since.
    Ready,
    /// It is being polled.
    Running,
    /// It waits to be woken.
    Waiting,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverPolled => "never polled",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Waiting => "waiting",
        })
    }
}

struct Record {
    task: TaskInfo,
    inside: Option<TaskId>,
    polled_by: Option<TaskId>,
    state: TaskState,
    since: Instant,
    /// When it became known.
    known_since: Instant,
    /// It was woken in the poll that is going on.
    is_woken: bool,
    /// What wakes it, as its futures know it.
    waker: Option<Arc<WatchedWaker>>,
    now: Vec<Wait>,
    // What it waited for before the current poll: a wait that is still there afterwards keeps its beginning.
    before: Vec<Wait>,
}

impl Record {
    fn new(task: &TaskInfo, state: TaskState, since: Instant) -> Self {
        Self {
            task: task.clone(),
            inside: None,
            polled_by: None,
            state,
            since,
            known_since: since,
            is_woken: false,
            waker: None,
            now: Vec::new(),
            before: Vec::new(),
        }
    }

    fn enter(&mut self, state: TaskState, now: Instant) {
        self.state = state;
        self.since = now;
        self.is_woken = false;
    }

    fn to_waiter(&self) -> Waiter {
        Waiter {
            task: self.task.clone(),
            inside: self.inside,
            polled_by: self.polled_by,
            state: self.state,
            since: self.since,
            waits: self.now.clone(),
        }
    }
}

/// Records who lives and what they wait for until the guard is dropped. Debug mode does the same.
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

/// A task or child was spawned. Gives whether that was not known.
pub(crate) fn spawned(task: &TaskInfo) -> bool {
    let now = Instant::now();
    let mut table = table();
    // Asked again under the lock: whoever observed last clears the table under it.
    if !is_observed() || table.tasks.contains_key(&task.id()) {
        return false;
    }
    let record = Record::new(task, TaskState::NeverPolled, now);
    table.tasks.insert(task.id(), record);
    true
}

/// At the beginning of each poll of a task or child: what it waited for is to be said anew.
pub(crate) fn begin_poll(context: &TaskContext) {
    let now = Instant::now();
    // Each time: a group may move from one task to another.
    let own = context.info().id();
    let inside = enclosing_id().filter(|task| *task != own);
    let polled_by = with_current(|current| current.info().id()).filter(|_| inside.is_some());
    with_record(context, |record| {
        record.inside = inside;
        record.polled_by = polled_by;
        record.enter(TaskState::Running, now);
        record.before = mem::take(&mut record.now);
    });
}

/// The poll is over.
pub(crate) fn end_poll(task: TaskId) {
    let now = Instant::now();
    // It may have ended, and is not to be known again.
    if let Some(record) = table().tasks.get_mut(&task) {
        let state = match record.is_woken {
            true => TaskState::Ready,
            false => TaskState::Waiting,
        };
        record.enter(state, now);
    }
}

/// Gives whether it is known.
pub(crate) fn woken(task: TaskId) -> bool {
    let now = Instant::now();
    let mut table = table();
    let record = table.tasks.get_mut(&task);
    match record {
        Some(record) if record.state == TaskState::Waiting => record.enter(TaskState::Ready, now),
        Some(record) => record.is_woken = true,
        None => return false,
    }
    true
}

/// The task has ended. Gives whether it was known until now.
pub(crate) fn ended(task: TaskId) -> bool {
    let record = table().tasks.remove(&task);
    record.is_some()
}

/// Calls `f` with the record of a task or child, and makes one if there is none. One that is the second context of its task
/// has none: the task waits for other things.
fn with_record<R>(context: &TaskContext, f: impl FnOnce(&mut Record) -> R) -> Option<R> {
    if context.is_on_behalf() {
        return None;
    }
    let now = Instant::now();
    let mut table = table();
    // Asked again under the lock, as above.
    is_observed().then(|| {
        let task = context.info();
        let record = table.tasks.entry(task.id());
        f(record.or_insert_with(|| Record::new(task, TaskState::Running, now)))
    })
}

/// For how long the task is known: since it was spawned, if somebody looked by then.
pub(crate) fn age_of(task: TaskId) -> Option<Duration> {
    let now = Instant::now();
    let known_since = table().tasks.get(&task)?.known_since;
    Some(now.duration_since(known_since))
}

/// What the task said in its last poll that it waits for.
pub fn waits_of(task: TaskId) -> Vec<Wait> {
    let table = table();
    let record = table.tasks.get(&task);
    record.map_or_else(Vec::new, |record| record.now.clone())
}

/// All tasks and children of groups, of all loops, that were spawned or polled since somebody observes and have not ended, in the
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
    table().tasks.values().map(Record::to_waiter).collect()
}

/// Those who hold a thing; `None` is somebody outside of tasks.
pub(crate) type Holders = Vec<Option<TaskInfo>>;

/// All that is known, as of one moment.
pub(crate) fn copy() -> (Vec<Waiter>, BTreeMap<ResourceId, Holders>) {
    let table = table();
    let waiters = table.tasks.values().map(Record::to_waiter).collect();
    let holders = |record: &ResourceRecord| {
        let tasks = record.holdings.iter().map(|holding| holding.task.clone());
        tasks.collect()
    };
    let resources = table.resources.iter();
    let held = resources.map(|(id, record)| (*id, holders(record)));
    (waiters, held.collect())
}

/// Calls `f` with each thing that is known, and with those who wait for it. It is to do nothing else.
pub(crate) fn with_waiters(mut f: impl FnMut(&mut ResourceRecord, &[&TaskInfo])) {
    let mut table = table();
    let Table { tasks, resources } = &mut *table;
    let mut waiters: BTreeMap<ResourceId, Vec<&TaskInfo>> = BTreeMap::new();
    for record in tasks.values() {
        for wait in &record.now {
            if let WaitTarget::Resource(resource) = wait.target() {
                waiters.entry(resource).or_default().push(&record.task);
            }
        }
    }
    for (resource, waiters) in waiters {
        if let Some(record) = resources.get_mut(&resource) {
            f(record, &waiters);
        }
    }
}

pub(crate) fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}
