//! The tasks of a loop that have been polled and wait to be woken.
//!
//! A new task is in the queue and nowhere else; it gets its place here when its first poll leaves it pending. Many never need one.

use std::{cell::RefCell, sync::Arc};

use slab::Slab;

use crate::{cell::Runnable, wake::Key};

#[derive(Default)]
pub(crate) struct Table(RefCell<Slab<Entry>>);

struct Entry {
    /// `None` while the task is being polled.
    task: Option<Arc<dyn Runnable>>,
    stamp: u32,
}

impl Table {
    /// Gives the task a place, and tells it.
    pub(crate) fn insert(&self, task: Arc<dyn Runnable>) -> Key {
        let mut entries = self.0.borrow_mut();
        let place = entries.vacant_entry();
        let key = Key {
            index: u32::try_from(place.key()).expect("2^32 tasks do not fit into memory"),
            stamp: task.wake_target().stamp(),
        };
        place.insert(Entry {
            task: Some(task),
            stamp: key.stamp,
        });
        key
    }

    /// Takes the task out of its place, in order to poll it. The place stays its own.
    pub(crate) fn take(&self, key: Key) -> Option<Arc<dyn Runnable>> {
        let mut entries = self.0.borrow_mut();
        let entry = entries.get_mut(key.index as usize)?;
        if entry.stamp != key.stamp {
            return None;
        }
        entry.task.take()
    }

    /// Puts a task back that was [taken](Self::take).
    pub(crate) fn put_back(&self, key: Key, task: Arc<dyn Runnable>) {
        if let Some(entry) = self.0.borrow_mut().get_mut(key.index as usize) {
            entry.task = Some(task);
        }
    }

    /// A task that was [taken](Self::take) has ended.
    pub(crate) fn remove(&self, key: Key) {
        self.0.borrow_mut().remove(key.index as usize);
    }

    /// Calls `f` with the task, unless it has ended or is being polled. `f` must not come back here.
    pub(crate) fn with(&self, key: Key, f: impl FnOnce(&dyn Runnable)) {
        let entries = self.0.borrow();
        let entry = entries
            .get(key.index as usize)
            .filter(|entry| entry.stamp == key.stamp);
        if let Some(task) = entry.and_then(|entry| entry.task.as_deref()) {
            f(task);
        }
    }

    /// Those that are not being polled.
    pub(crate) fn all(&self) -> Vec<Arc<dyn Runnable>> {
        let entries = self.0.borrow();
        entries
            .iter()
            .filter_map(|(_, entry)| entry.task.clone())
            .collect()
    }
}
