//! The tasks of a loop that have been polled and wait to be woken.
//!
//! A new task is in the queue and nowhere else; it gets its place here when its first poll leaves it pending. Many never need one.

use std::{
    cell::{Cell, RefCell},
    mem::ManuallyDrop,
};

use slab::Slab;

use super::{
    local::{Ran, Runnable},
    shared::Shared,
};
use crate::wake::{Key, Kind};

#[derive(Default)]
pub(crate) struct Table(RefCell<Slab<Shared<dyn Runnable>>>);

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
        place.insert(task);
        woken.then_some(key)
    }

    /// Runs the task that was on the queue, if it has not ended, in its place, which it loses with its end.
    ///
    /// # Panics
    /// As [`Shared::run`].
    #[inline]
    pub(crate) fn run(&self, key: Key, running: &Cell<Kind>) -> Ran {
        let Some(task) = self.lend(key.index) else {
            return Ran::Stale;
        };
        let ran = task.run(Some(key.stamp), running);
        if let Ran::Ended(_) = ran {
            let ended = self.0.borrow_mut().remove(key.index as usize);
            // Nothing is borrowed any more: it may be the last owner.
            drop(ended);
        }
        ran
    }

    /// The task in this place, which does not stay borrowed: others may come and go while it runs.
    #[inline]
    fn lend(&self, index: u32) -> Option<ManuallyDrop<Shared<dyn Runnable>>> {
        let entries = self.0.borrow();
        let task = entries.get(index as usize)?;
        // SAFETY: there is an owner in the entry. It is taken out by `run` alone, when that has ended the task, and uses what it
        // was lent no more. A task ends once, and is not run from within itself, so nobody else uses it either.
        Some(unsafe { task.borrowed() })
    }

    /// Calls `f` with the task, unless it has ended. `f` must not come back here.
    pub(crate) fn with(&self, key: Key, f: impl FnOnce(&dyn Runnable)) {
        let entries = self.0.borrow();
        let task = entries.get(key.index as usize).map(|task| &**task);
        if let Some(task) = task.filter(|task| task.wake_target().stamp() == key.stamp) {
            f(task);
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Shared<dyn Runnable>> {
        let entries = self.0.borrow();
        entries.iter().map(|(_, task)| task.clone()).collect()
    }
}
