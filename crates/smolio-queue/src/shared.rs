//! The one lock of a queue, and the order of things around it: change, settle, unlock, wake.

use std::{
    fmt, mem,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use smolio_context::Resource;

use crate::{
    items::Items,
    state::{Side, State},
    wakes::Wakes,
};

/// What all handles of a queue share.
pub(crate) struct Shared<T> {
    state: Mutex<State<T>>,
    /// How many items there were after the last change: a hint, and nothing rests on it.
    len: AtomicUsize,
    capacity: usize,
    /// For the report of who waits for what: those who wait for one queue are counted.
    pub(crate) resource: Resource,
}

impl<T> Shared<T> {
    pub(crate) fn new(items: Items<T>, capacity: usize) -> Self {
        Self {
            state: Mutex::new(State::new(items, capacity)),
            len: AtomicUsize::new(0),
            capacity,
            resource: Resource::signal("Queue"),
        }
    }

    /// Does something to the state. Then those who can go on because of it are notified, and woken when the lock is free:
    /// also when `change` panics, which it may after a part of its work, for the comparisons of a priority queue are
    /// not ours.
    #[inline]
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State<T>) -> R) -> R {
        // Dropped in the opposite order: the lock opens first.
        let mut wakes = Wakes::default();
        let mut state = self.lock();
        let mut settling = Settling {
            state: &mut state,
            len: &self.len,
            wakes: &mut wakes,
        };
        let result = change(settling.state);
        // Here, and not in the drop, which is a call: for the most part there is nobody to notify, and that is seen at once.
        settling.settle();
        mem::forget(settling);
        result
    }

    /// Whether somebody who comes now will probably have to wait.
    #[inline]
    pub(crate) fn looks_like_waiting(&self, side: Side) -> bool {
        let len = self.len.load(Relaxed);
        match side {
            Side::Get => len == 0,
            Side::Put => len == self.capacity,
            Side::Join => false,
        }
    }

    /// Looks at the state.
    #[inline]
    pub(crate) fn look<R>(&self, look: impl FnOnce(&State<T>) -> R) -> R {
        look(&self.lock())
    }

    /// Each change is complete or has not begun when a comparison panics, so a poisoned state is in order.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For `Debug`, which never blocks.
    pub(crate) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return f
                    .debug_struct(name)
                    .field("state", &"<locked>")
                    .finish_non_exhaustive();
            }
        };
        let (called, stats) = (state.name(), state.stats());
        drop(state);
        f.debug_struct(name)
            .field("name", &called)
            .field("stats", &stats)
            .finish()
    }
}

/// Settles if the change panics.
struct Settling<'a, T> {
    state: &'a mut State<T>,
    len: &'a AtomicUsize,
    wakes: &'a mut Wakes,
}

impl<T> Settling<'_, T> {
    #[inline(always)]
    fn settle(&mut self) {
        self.state.settle(self.wakes);
        self.len.store(self.state.len(), Relaxed);
    }
}

impl<T> Drop for Settling<'_, T> {
    #[cold]
    fn drop(&mut self) {
        self.settle();
    }
}
