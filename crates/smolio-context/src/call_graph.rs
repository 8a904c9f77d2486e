//! Who waits for whom, as of one moment: for a report of a deadlock, and for the one who asks why a program stands still.
//!
//! It is a copy of what is recorded, so it can be made on any thread, also while a loop is stuck.

mod circles;
mod drawing;

use std::collections::BTreeMap;

use crate::{
    Instant, ResourceId, TaskId, TaskInfo, TaskState, Wait, WaitTarget, Waiter,
    attention::is_observed, observation,
};

/// All tasks and children of groups that are known, and what each waits for: asyncio's call graph.
///
/// `Display` draws it: each task once, below the one that waits for it, with what it waits for. Tasks that wait for each
/// other come first.
///
/// ```text
/// these 2 wait for each other, and will for ever:
///     transfer, id 2, waits for Lock "savings", held by audit, id 3
///     audit, id 3, waits for Lock "current", held by transfer, id 2
///
/// main, id 1, waiting (spawned at src/main.rs:7:5)
///     waits for the end of transfer, id 2 (for 3.2 s)
///     transfer, id 2, waiting (spawned at src/main.rs:9:20)
///         waits for Lock "savings", held by audit, id 3 (for 3.1 s)
/// audit, id 3, waiting (spawned at src/main.rs:15:20)
///     waits for Lock "current", held by transfer, id 2 (for 3.1 s)
/// ```
#[doc(alias = "FutureCallGraph")]
#[derive(Clone, Debug)]
pub struct CallGraph {
    tasks: BTreeMap<TaskId, Waiter>,
    /// Those that each task polls, in order: the children of its groups.
    children: BTreeMap<TaskId, Vec<TaskId>>,
    /// `None`: held by somebody outside of tasks.
    holders: BTreeMap<ResourceId, Vec<Option<TaskInfo>>>,
    /// How many wait for a thing, in the same words: to get something from a queue, for instance, and not to put it there.
    waiters: BTreeMap<(ResourceId, String), usize>,
    is_observed: bool,
}

/// What the tasks of this process, on all threads, wait for now.
///
/// Known are those that were spawned or polled since somebody looks: since debug mode began, or an
/// [`observe`](crate::observe). Before that the graph is empty, and its text says how to switch it on.
///
/// ```
/// use smolio_context::{TaskContext, capture_call_graph, observe, waiting_for};
/// let _observation = observe();
/// let task = TaskContext::root(); // in real life: a task of a loop
/// task.enter(|| waiting_for(|| "Queue::get on \"jobs\"".to_string()));
/// let graph = capture_call_graph();
/// assert_eq!(graph.tasks().next().unwrap().task.name(), "main");
/// assert!(graph.to_string().contains("waits for Queue::get on \"jobs\" (for "));
/// ```
pub fn capture_call_graph() -> CallGraph {
    let (waiters, resources) = observation::copy();
    let mut graph = CallGraph {
        tasks: BTreeMap::new(),
        children: BTreeMap::new(),
        holders: resources,
        waiters: BTreeMap::new(),
        is_observed: is_observed(),
    };
    for waiter in waiters {
        graph.add(waiter);
    }
    graph
}

/// [`capture_call_graph`] as text.
///
/// ```
/// let text = smolio_context::format_call_graph();
/// assert!(text.contains("SMOLIO_DEBUG=1"), "nobody looks, so nothing is known: {text}");
/// ```
#[doc(alias = "dump_tasks")]
pub fn format_call_graph() -> String {
    capture_call_graph().to_string()
}

/// Writes [`format_call_graph`] to standard error.
pub fn print_call_graph() {
    use std::io::Write;
    // With nobody to read it there is nobody to be told.
    write!(std::io::stderr().lock(), "{}", capture_call_graph()).ok();
}

impl CallGraph {
    /// All of them, in the order of their ids.
    pub fn tasks(&self) -> impl Iterator<Item = &Waiter> {
        self.tasks.values()
    }

    /// Those among them who wait for each other: each waits for the next, the last for the first, and for nothing else.
    pub fn circles(&self) -> Vec<Vec<TaskId>> {
        let circles = circles::find(self).into_iter();
        let ids = |circle: Vec<circles::Link<'_>>| circle.iter().map(|link| link.task).collect();
        circles.map(ids).collect()
    }

    /// The part of it in which `tasks` live, with the children of their groups. One that is not known is added.
    #[must_use = "gives the part"]
    pub fn of(self, tasks: &[TaskInfo]) -> Self {
        let Self { tasks: all, .. } = self;
        let mut part = Self {
            tasks: BTreeMap::new(),
            children: BTreeMap::new(),
            ..self
        };
        let now = Instant::now();
        for task in tasks.iter().filter(|task| !all.contains_key(&task.id())) {
            part.add(Waiter::unknown(task.clone(), now));
        }
        let wanted = |waiter: &Waiter| {
            let root = waiter.inside.unwrap_or(waiter.task.id());
            tasks.iter().any(|task| task.id() == root)
        };
        part.waiters.clear();
        for waiter in all.into_values().filter(wanted) {
            part.add(waiter);
        }
        part
    }

    fn add(&mut self, waiter: Waiter) {
        let id = waiter.task.id();
        if let Some(above) = waiter.polled_by {
            let siblings = self.children.entry(above).or_default();
            siblings.insert(siblings.partition_point(|other| *other < id), id);
        }
        for wait in &waiter.waits {
            if let WaitTarget::Resource(resource) | WaitTarget::Signal(resource) = wait.target() {
                let same = (resource, wait.what().to_string());
                *self.waiters.entry(same).or_default() += 1;
            }
        }
        self.tasks.insert(id, waiter);
    }

    fn children(&self, task: TaskId) -> &[TaskId] {
        self.children.get(&task).map_or(&[], Vec::as_slice)
    }

    fn holders(&self, resource: ResourceId) -> &[Option<TaskInfo>] {
        self.holders.get(&resource).map_or(&[], Vec::as_slice)
    }

    fn waits(&self, task: TaskId) -> &[Wait] {
        self.tasks.get(&task).map_or(&[], |waiter| &waiter.waits)
    }

    fn is_waiting(&self, task: TaskId) -> bool {
        let state = self.tasks.get(&task).map(|waiter| waiter.state);
        state == Some(TaskState::Waiting)
    }
}
