//! An item that says by itself when it is done with.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use smolio_context::{Unhandled, current_task, report_unhandled};

use crate::{shared::Shared, state::State};

/// An item that was got with [`Queue::get_job`](crate::Queue::get_job): when it is dropped, `task_done` is called for it.
///
/// So whichever way the work on it ends, by an early `?`, a panic or a cancellation, [`join`](crate::Queue::join) does
/// not wait for it for ever. The item is dropped first.
#[must_use = "a job that is dropped counts as done"]
pub struct Job<T> {
    // Dropped in this order, also when the item's destructor panics.
    item: T,
    done: Done<T>,
}

impl<T> Job<T> {
    pub(crate) fn new(item: T, shared: Arc<Shared<T>>) -> Self {
        Self {
            item,
            done: Done(Some(shared)),
        }
    }

    /// The item alone, as [`get`](crate::Queue::get) gives it: to call
    /// [`task_done`](crate::Queue::task_done) is up to the caller now.
    pub fn into_inner(self) -> T {
        let Self { item, mut done } = self;
        done.0 = None;
        item
    }
}

impl<T> Deref for Job<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T> DerefMut for Job<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T: fmt::Debug> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Job").field(&self.item).finish()
    }
}

impl<T: fmt::Display> fmt::Display for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item.fmt(f)
    }
}

struct Done<T>(Option<Arc<Shared<T>>>);

impl<T> Drop for Done<T> {
    fn drop(&mut self) {
        let Some(shared) = self.0.take() else { return };
        // Somebody has called `task_done` by hand for this one too, and got no error for it.
        if let Err(error) = shared.change(State::task_done) {
            report_unhandled(Unhandled::error(current_task(), error));
        }
    }
}
