//! Which wheels there are: how a `Sleep` reaches the wheel of another thread.
//!
//! A `Sleep` could hold a counted pointer to the wheel it is armed on, and would then pay for two atomic operations
//! each time. It holds a number instead, and looks it up here in the rare case that it finds itself on another
//! thread.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{foreign::ForeignCancels, wheel::Key};

/// Tells one wheel of the process from all others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct WheelId(u32);

struct Registry {
    next: u32,
    wheels: BTreeMap<WheelId, Arc<ForeignCancels<Key>>>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    next: 0,
    wheels: BTreeMap::new(),
});

/// Enters a wheel.
pub(crate) fn register(cancels: Arc<ForeignCancels<Key>>) -> WheelId {
    let mut registry = lock();
    loop {
        // After four billion wheels the numbers begin anew, without those that are in use.
        let id = WheelId(registry.next);
        registry.next = registry.next.wrapping_add(1);
        if let Entry::Vacant(place) = registry.wheels.entry(id) {
            place.insert(cancels);
            return id;
        }
    }
}

/// Strikes a wheel off.
pub(crate) fn unregister(id: WheelId) {
    let cancels = lock().wheels.remove(&id);
    drop(cancels);
}

/// Asks the owner of the wheel to remove an entry; there is nothing to do if the wheel is gone.
#[cold]
pub(crate) fn cancel(id: WheelId, key: Key) {
    let cancels = lock().wheels.get(&id).cloned();
    if let Some(cancels) = cancels {
        cancels.push(key);
    }
}

fn lock() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}
