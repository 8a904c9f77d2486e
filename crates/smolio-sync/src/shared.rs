//! The one lock of each primitive, and the order of things around it: change, unlock, wake. And the name that it goes by.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
};

use smolio_context::{Resource, waiting_for, waiting_on};

use crate::{place::Waited, wakes::Wakes};

/// A state that several have a hand in.
pub(crate) struct Shared<S> {
    state: Mutex<S>,
    resource: Resource,
}

impl<S> Shared<S> {
    pub(crate) fn new(resource: Resource, state: S) -> Self {
        Self {
            state: Mutex::new(state),
            resource,
        }
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        let resource = mem::replace(&mut self.resource, Resource::new(""));
        self.resource = resource.named(name);
    }

    /// Does something to the state. Those who can go on because of it are woken when the lock is free.
    #[inline]
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut S, &mut Wakes) -> R) -> R {
        // Dropped in the opposite order: the lock opens first.
        let mut wakes = Wakes::default();
        let mut state = self.lock();
        change(&mut state, &mut wakes)
    }

    /// Looks at the state.
    #[inline]
    pub(crate) fn look<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&self.lock())
    }

    /// Nothing that can panic runs under the lock but what finds a bug in this crate.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_inner(self) -> S {
        self.state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The current task holds it, or a part of it.
    #[inline]
    pub(crate) fn taken(&self) {
        self.resource.taken();
    }

    /// To be said before others can have it.
    #[inline]
    pub(crate) fn released(&self) {
        self.resource.released();
    }

    /// For `Debug`, which never blocks: the numbers, and never a value of the user's.
    pub(crate) fn fmt_as<D: fmt::Debug>(
        &self,
        name: &str,
        stats: impl FnOnce(&S) -> D,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
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
        let stats = stats(&state);
        drop(state);
        f.debug_struct(name)
            .field("name", &format_args!("{}", self.resource))
            .field("stats", &stats)
            .finish()
    }
}

impl<S: Waited> Shared<S> {
    /// Says to whoever looks at the program what the current task waits for.
    #[inline]
    pub(crate) fn say(&self) {
        if S::HAS_HOLDERS {
            waiting_on(&self.resource, || self.resource.to_string());
        } else {
            waiting_for(|| self.resource.to_string());
        }
    }
}

/// Names what nobody else has a handle to.
#[track_caller]
pub(crate) fn set_name<S>(shared: &mut Arc<Shared<S>>, name: &str) {
    let shared = Arc::get_mut(shared);
    let shared = shared.unwrap_or_else(|| panic!("{name:?} comes too late: there is a clone"));
    shared.set_name(name);
}
