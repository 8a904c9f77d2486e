//! What the tests share.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

pub(crate) use smolio_testing::{Counter, Hook, PanicWaker, Wakes};

/// Runs a test under many orders of what is ready, in virtual time.
pub(crate) fn explore<F: Future<Output = ()>>(test: impl Fn() -> F) {
    smolio_test::explore(100, test);
}

/// What happened, in its order.
#[derive(Clone)]
pub(crate) struct Log<E>(Arc<Mutex<Vec<E>>>);

impl<E: Clone + PartialEq + Debug> Log<E> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn add(&self, entry: E) {
        self.0.lock().unwrap().push(entry);
    }

    pub(crate) fn entries(&self) -> Vec<E> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn take(&self) -> Vec<E> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}
