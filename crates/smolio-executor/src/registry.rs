//! Which tasks of the workers are alive: for `all_tasks`, and for those who cancel them all.
//!
//! Each spawn and each end of a task comes by here, from all workers at once. So there are several lists, each with a lock of its
//! own, and a task's number says which one is its.

use std::sync::{Mutex, MutexGuard, PoisonError};

use slab::Slab;
use smolio_context::{TaskId, TaskInfo};

use crate::cell::{Completion, Shared};

/// Enough that two workers rarely meet at one, few enough to go through.
const LISTS: usize = 16;

#[derive(Default)]
pub(crate) struct Registry([Mutex<List>; LISTS]);

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
    /// Enters the task that `make` gives for its place; `None`, and `make` is not called, once the registry is closed.
    pub(crate) fn enter<R>(
        &self,
        task: TaskId,
        make: impl FnOnce(Place) -> (Shared<dyn Completion>, R),
    ) -> Option<R> {
        let list = task.get() as usize % LISTS;
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
        for list in &self.0 {
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
        for list in &self.0 {
            let mut tasks = lock(list);
            tasks.closed = true;
            all.extend(tasks.living.iter().map(|(_, task)| task.clone()));
        }
        all
    }
}

/// No user code runs under our locks, so a poisoned one is still in order.
fn lock(list: &Mutex<List>) -> MutexGuard<'_, List> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
