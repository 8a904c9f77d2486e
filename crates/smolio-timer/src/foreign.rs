//! How a timer is cancelled from a thread that does not own its wheel.
//!
//! A wheel belongs to one thread and has no lock. A `Sleep` that is dropped elsewhere, or moved there, leaves the key
//! of its entry in this list, and the owner removes the entry at its next turn. Nobody is woken for that: an entry
//! that lingers costs at most one early turn of the owner's loop.
//!
//! The invariant, which holds whenever the lock is free: `any` is true exactly if `keys` is not empty. So the owner,
//! who asks once per turn, pays one relaxed load while nobody was here. It may read an old `false`, and then finds
//! the keys a turn later; but what happened before in the order of the program (a thread that was joined, a message
//! that was received) it sees.

use std::sync::PoisonError;

use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering};

/// The keys of entries that were cancelled by other threads.
#[derive(Debug)]
pub(crate) struct ForeignCancels<K> {
    any: AtomicBool,
    keys: Mutex<Vec<K>>,
}

impl<K> ForeignCancels<K> {
    pub(crate) fn new() -> Self {
        Self {
            any: AtomicBool::new(false),
            keys: Mutex::new(Vec::new()),
        }
    }

    /// For any thread: asks the owner to remove the entry.
    pub(crate) fn push(&self, key: K) {
        let mut keys = self.lock();
        keys.push(key);
        self.any.store(true, Ordering::Relaxed);
    }

    /// For the owner: what was pushed since it last asked.
    #[inline]
    pub(crate) fn take(&self) -> Vec<K> {
        if self.any.load(Ordering::Relaxed) {
            self.take_some()
        } else {
            Vec::new()
        }
    }

    #[cold]
    fn take_some(&self) -> Vec<K> {
        let mut keys = self.lock();
        self.any.store(false, Ordering::Relaxed);
        std::mem::take(&mut *keys)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<K>> {
        // Nothing in here can panic half-way, short of running out of memory.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
