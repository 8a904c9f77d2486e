//! Which tasks of the workers are alive: for `all_tasks`, and for those who cancel them all.
//!
//! Each spawn and each end of a task comes by here, from all workers at once. So each worker has a list with a lock of its own, for
//! the tasks that are spawned there, and there is one for those from elsewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};

use slab::Slab;
use smolio_context::TaskInfo;

use crate::cell::{Completion, Shared};

/// The first is for the tasks from elsewhere.
pub(crate) struct Registry(Box<[Apart]>);

// Two cache lines, which are fetched together: nothing else should lie there.
#[derive(Default)]
#[repr(align(128))]
struct Apart(Mutex<List>);

#[derive(Default)]
struct List {
    living: Slab<Shared<dyn Completion>>,
    /// All have been taken for cancelling, and nobody would cancel, or run, one that came later.
    closed: bool,
}

/// Where a task stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    list: usize,
    index: usize,
}

impl Registry {
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..=workers).map(|_| Apart::default()).collect())
    }

    /// Enters the task that `make` gives for its place, on the thread of `worker` or elsewhere; `None`, and `make` is not called, once the registry is closed.
    pub(crate) fn enter<R>(
        &self,
        worker: Option<usize>,
        make: impl FnOnce(Place) -> (Shared<dyn Completion>, R),
    ) -> Option<R> {
        let list = worker.map_or(0, |worker| worker + 1);
        let mut tasks = lock(&self.0[list]);
        if tasks.closed {
            return None;
        }
        let vacant = tasks.living.vacant_entry();
        let place = Place {
            list,
            index: vacant.key(),
        };
        let (task, result) = make(place);
        vacant.insert(task);
        Some(result)
    }

    /// The task has ended.
    pub(crate) fn leave(&self, place: Place) {
        let task = lock(&self.0[place.list]).living.remove(place.index);
        // Not under the lock: it may be the last reference.
        drop(task);
    }

    pub(crate) fn infos(&self) -> Vec<TaskInfo> {
        let mut infos = Vec::new();
        for list in &*self.0 {
            let tasks = lock(list);
            infos.extend(tasks.living.iter().map(|(_, task)| task.info().clone()));
        }
        infos
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|list| lock(list).living.is_empty())
    }

    /// Refuses tasks from now on and gives all that were entered before. One that is entered meanwhile is among them or refused.
    pub(crate) fn close(&self) -> Vec<Shared<dyn Completion>> {
        let mut all = Vec::new();
        for list in &*self.0 {
            let mut tasks = lock(list);
            tasks.closed = true;
            all.extend(tasks.living.iter().map(|(_, task)| task.clone()));
        }
        all
    }
}

/// No user code runs under our locks, so a poisoned one is still in order.
fn lock(list: &Apart) -> MutexGuard<'_, List> {
    list.0.lock().unwrap_or_else(PoisonError::into_inner)
}
