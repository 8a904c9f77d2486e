//! The tasks of a loop that have not ended.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use slab::Slab;
use smolio_context::TaskInfo;

use crate::{cell::Runnable, wake::Key};

/// What a task in the table is to the loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Ends when it ends, and is cancelled when the loop closes.
    Task,
    /// Goes on while the loop closes, until the grace period ends. Not listed.
    CleanUp,
    /// The loop's own business, for as long as it turns. Not listed.
    Internal,
}

#[derive(Default)]
pub(crate) struct Table {
    entries: RefCell<Slab<Entry>>,
    /// How many of each kind there are.
    counts: [Cell<usize>; 3],
}

struct Entry {
    /// `None` while the task is being polled.
    task: Option<Arc<dyn Runnable>>,
    stamp: u32,
    kind: Kind,
}

impl Table {
    /// Puts in the task that `make` gives, which is told its key.
    pub(crate) fn insert(
        &self,
        kind: Kind,
        make: impl FnOnce(&dyn Fn(&TaskInfo) -> Key) -> Arc<dyn Runnable>,
    ) {
        let mut entries = self.entries.borrow_mut();
        let place = entries.vacant_entry();
        let index = u32::try_from(place.key()).expect("2^32 tasks do not fit into memory");
        let task = make(&|info| Key {
            index,
            stamp: stamp(info),
        });
        let stamp = stamp(task.info());
        place.insert(Entry {
            task: Some(task),
            stamp,
            kind,
        });
        self.add_to_count(kind, 1);
    }

    /// Takes the task out of its place, in order to poll it. The place stays its own.
    pub(crate) fn take(&self, key: Key) -> Option<(Arc<dyn Runnable>, Kind)> {
        let mut entries = self.entries.borrow_mut();
        let entry = entries
            .get_mut(key.index as usize)
            .filter(|entry| entry.stamp == key.stamp)?;
        Some((entry.task.take()?, entry.kind))
    }

    /// Puts a task back that was [taken](Self::take).
    pub(crate) fn put_back(&self, key: Key, task: Arc<dyn Runnable>) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(key.index as usize) {
            entry.task = Some(task);
        }
    }

    /// A task that was [taken](Self::take) has ended.
    pub(crate) fn remove(&self, key: Key, kind: Kind) {
        self.entries.borrow_mut().remove(key.index as usize);
        self.add_to_count(kind, -1);
    }

    /// Calls `f` with the task, unless it has ended or is being polled. `f` must not come back here.
    pub(crate) fn with(&self, key: Key, f: impl FnOnce(&dyn Runnable)) {
        let entries = self.entries.borrow();
        let entry = entries
            .get(key.index as usize)
            .filter(|entry| entry.stamp == key.stamp);
        if let Some(task) = entry.and_then(|entry| entry.task.as_deref()) {
            f(task);
        }
    }

    /// Those of `kind` that are not being polled.
    pub(crate) fn of_kind(&self, kind: Kind) -> Vec<Arc<dyn Runnable>> {
        let entries = self.entries.borrow();
        entries
            .iter()
            .filter(|(_, entry)| entry.kind == kind)
            .filter_map(|(_, entry)| entry.task.clone())
            .collect()
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.counts[kind as usize].get()
    }

    fn add_to_count(&self, kind: Kind, change: isize) {
        let count = &self.counts[kind as usize];
        count.set(count.get().wrapping_add_signed(change));
    }
}

/// Tells apart tasks that had the same place one after the other.
fn stamp(task: &TaskInfo) -> u32 {
    // The low half is enough: a key would have to be kept while 2^32 tasks come and go, and then cost one poll too many.
    task.id().get() as u32
}
