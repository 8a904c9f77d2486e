//! A permit, and waiting for one.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{permits::Permits, place::Place, semaphore::SemaphoreStats, shared::Shared};

/// A permit of a [`Semaphore`](crate::Semaphore) or [`BoundedSemaphore`](crate::BoundedSemaphore), or several that were
/// asked for together. They come back when it is dropped.
#[must_use = "the permit is given back as soon as it is dropped"]
pub struct Permit {
    permits: Arc<Shared<Permits>>,
    count: usize,
}

impl Permit {
    pub(crate) fn new(permits: &Arc<Shared<Permits>>, count: usize) -> Self {
        permits.taken();
        Self {
            permits: permits.clone(),
            count,
        }
    }

    /// How many permits these are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Does not give it back: the semaphore has so many permits less.
    ///
    /// Somebody else may add it again later, with [`Semaphore::add_permits`](crate::Semaphore::add_permits) or
    /// [`BoundedSemaphore::release`](crate::BoundedSemaphore::release): that is how one task acquires and another releases.
    pub fn forget(mut self) {
        let count = std::mem::take(&mut self.count);
        self.permits.change(|state, _| state.forget(count));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let count = self.count;
        self.permits.released();
        self.permits
            .change(|state, wakes| state.give_back(count, wakes));
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// The future of `acquire` and `acquire_many` of a semaphore.
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Acquire<'s> {
    permits: &'s Arc<Shared<Permits>>,
    count: usize,
    place: Place,
}

impl<'s> Acquire<'s> {
    pub(crate) fn new(permits: &'s Arc<Shared<Permits>>, count: usize) -> Self {
        Self {
            permits,
            count,
            place: Place::default(),
        }
    }
}

impl Future for Acquire<'_> {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit> {
        let Self {
            permits,
            count,
            place,
        } = &mut *self;
        let granted = place.poll(permits, cx, || *count);
        granted.map(|count| Permit::new(permits, count))
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        self.place.leave(self.permits);
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permits.fmt_as("Acquire", SemaphoreStats::of, f)
    }
}
