//! Who has a token, or waits for one: a set of values of any type.
//!
//! To hash and to compare them is other people's code, which must not run under a lock. So that is done outside, with
//! clones of those whose hash is the same, and under the lock it is only seen whether others with this hash have come
//! meanwhile.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a borrower is known by. Two of different types are never the same.
pub(crate) struct Borrower {
    hash: u64,
    value: Arc<dyn Token>,
}

trait Token: Any + Send + Sync {
    fn is_same_as(&self, other: &dyn Any) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<B: Eq + Send + Sync + 'static> Token for B {
    fn is_same_as(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<B>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Default)]
pub(crate) struct Borrowers {
    hasher: RandomState,
    by_hash: Mutex<HashMap<u64, Alike>>,
}

/// Those with the same hash: one, as a rule.
type Alike = Vec<Arc<dyn Token>>;

impl Borrowers {
    pub(crate) fn known_by<B: Hash + Eq + Send + Sync + 'static>(&self, value: B) -> Borrower {
        Borrower {
            hash: self.hasher.hash_one((TypeId::of::<B>(), &value)),
            value: Arc::new(value),
        }
    }

    /// Adds one, if it is not in there.
    pub(crate) fn add(&self, borrower: &Borrower) -> bool {
        let mut compared = Alike::new();
        loop {
            let new = match self.add_if_compared(borrower, &compared) {
                Ok(()) => return true,
                Err(new) => new,
            };
            let value = borrower.value.as_any();
            if new.iter().any(|other| other.is_same_as(value)) {
                return false;
            }
            compared.extend(new);
        }
    }

    /// Adds it, or gives those with the same hash with which it has not been compared.
    fn add_if_compared(&self, borrower: &Borrower, compared: &Alike) -> Result<(), Alike> {
        let mut by_hash = self.lock();
        let alike = by_hash.entry(borrower.hash).or_default();
        let is_new = |other: &&Arc<_>| !compared.iter().any(|known| Arc::ptr_eq(known, other));
        let new: Alike = alike.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            return Err(new);
        }
        alike.push(borrower.value.clone());
        Ok(())
    }

    pub(crate) fn remove(&self, borrower: &Borrower) {
        let mut by_hash = self.lock();
        let Some(alike) = by_hash.get_mut(&borrower.hash) else {
            return;
        };
        // The borrower has the value too, so it is not dropped here.
        alike.retain(|other| !Arc::ptr_eq(other, &borrower.value));
        if alike.is_empty() {
            by_hash.remove(&borrower.hash);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Alike>> {
        self.by_hash.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
