//! The tasks of a loop that have been polled and wait to be woken.
//!
//! A new task is in the queue and nowhere else; it gets its place here when its first poll leaves it pending. Many never need one.

use std::cell::RefCell;

use slab::Slab;

use crate::{
    cell::{Runnable, Shared},
    wake::{Key, Kind},
};

/// `None` while the task is being polled.
#[derive(Default)]
pub(crate) struct Table(RefCell<Slab<Option<Shared<dyn Runnable>>>>);

impl Table {
    /// Gives a task that was polled for the first time its place, and tells it. The key is given if the task was woken
    /// meanwhile, and must be queued.
    pub(crate) fn insert(&self, task: Shared<dyn Runnable>) -> Option<Key> {
        let mut entries = self.0.borrow_mut();
        let place = entries.vacant_entry();
        let target = task.wake_target();
        let key = Key {
            index: u32::try_from(place.key()).expect("2^32 tasks do not fit into memory"),
            stamp: target.stamp(),
        };
        let woken = target.settle(key);
        place.insert(Some(task));
        woken.then_some(key)
    }

    /// Takes a task that was on the queue out of its place, in order to poll it. The place stays its own.
    pub(crate) fn take(&self, key: Key) -> Option<(Shared<dyn Runnable>, Kind)> {
        let mut entries = self.0.borrow_mut();
        let entry = entries.get_mut(key.index as usize)?;
        let target = entry.as_ref()?.wake_target();
        if target.stamp() != key.stamp {
            return None;
        }
        let kind = target.dequeued();
        Some((entry.take()?, kind))
    }

    /// Puts a task back that was [taken](Self::take).
    pub(crate) fn put_back(&self, key: Key, task: Shared<dyn Runnable>) {
        if let Some(entry) = self.0.borrow_mut().get_mut(key.index as usize) {
            *entry = Some(task);
        }
    }

    /// A task that was [taken](Self::take) has ended.
    pub(crate) fn remove(&self, key: Key) {
        self.0.borrow_mut().remove(key.index as usize);
    }

    /// Calls `f` with the task, unless it has ended or is being polled. `f` must not come back here.
    pub(crate) fn with(&self, key: Key, f: impl FnOnce(&dyn Runnable)) {
        let entries = self.0.borrow();
        let task = entries.get(key.index as usize).and_then(Option::as_deref);
        if let Some(task) = task.filter(|task| task.wake_target().stamp() == key.stamp) {
            f(task);
        }
    }

    /// Those that are not being polled.
    pub(crate) fn all(&self) -> Vec<Shared<dyn Runnable>> {
        let entries = self.0.borrow();
        entries
            .iter()
            .filter_map(|(_, task)| task.clone())
            .collect()
    }
}
