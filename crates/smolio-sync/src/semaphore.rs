//! Permits, of which there are only so many.

use std::{fmt, sync::Arc};

use smolio_context::Resource;

use crate::{
    error::TryAcquireError,
    permit::{Acquire, Permit},
    permits::Permits,
    shared::{Shared, set_name},
};

/// Lets so many at a time do something: asyncio's `Semaphore`. Clones are handles to the same one.
///
/// A permit comes back when it is dropped. Where somebody may also give back what nobody has taken, which is a mistake
/// as a rule, [`BoundedSemaphore`](crate::BoundedSemaphore) tells.
///
/// # Who comes first
/// First in, first out, and handed over: a permit that comes back belongs to the first who waits from that moment on.
/// One who waits for [many](Self::acquire_many) has its turn as all others have, and those behind it wait meanwhile,
/// even if there were a permit for them; so nobody starves.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_sync::Semaphore;
///
/// let connections = Semaphore::new(2).named("connections");
/// let tasks: Vec<_> = (0..10)
///     .map(|number| {
///         let connections = connections.clone();
///         spawn(async move {
///             let _permit = connections.acquire().await;
///             smolio_executor::yield_now().await; // in real life: a request
///             number
///         })
///     })
///     .collect();
/// for (number, task) in tasks.into_iter().enumerate() {
///     assert_eq!(task.await, number);
/// }
/// # });
/// ```
#[derive(Clone)]
pub struct Semaphore(Arc<Shared<Permits>>);

impl Semaphore {
    /// A semaphore with so many permits; with none of them at first, if need be.
    pub fn new(permits: usize) -> Self {
        Self::of_kind("Semaphore", permits)
    }

    pub(crate) fn of_kind(kind: &'static str, permits: usize) -> Self {
        let resource = Resource::permits(kind);
        Self(Arc::new(Shared::new(resource, Permits::new(permits))))
    }

    /// Gives the semaphore a name, for reports of who waits for what and who holds it.
    ///
    /// # Panics
    /// If there is a clone already.
    #[track_caller]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        set_name(&mut self.0, name.as_ref());
        self
    }

    /// Waits until this is its turn and there is a permit, which comes back when it is dropped.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it gives up its place, and the permit that it may have been given.
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Waits until this is its turn and there are so many permits, which come back together. None are there at once. For
    /// more than there ever are it waits, and all behind it, until [`add_permits`](Self::add_permits) has added the rest.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire): it has all of them or none.
    ///
    /// ```
    /// # smolio_executor::run(async {
    /// # use smolio_sync::Semaphore;
    /// let megabytes = Semaphore::new(100);
    /// let download = megabytes.acquire_many(30).await;
    /// assert_eq!(megabytes.available(), 70);
    /// # drop(download);
    /// # });
    /// ```
    pub fn acquire_many(&self, count: usize) -> Acquire<'_> {
        Acquire::new(&self.0, count)
    }

    /// Takes a permit, if there is one and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] otherwise.
    pub fn try_acquire(&self) -> Result<Permit, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits, if they are there and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] otherwise.
    pub fn try_acquire_many(&self, count: usize) -> Result<Permit, TryAcquireError> {
        self.0.change(|state, _| match state.take(count) {
            Some(_) => Ok(()),
            None => Err(TryAcquireError::new(
                count,
                state.available(),
                state.waiting(),
            )),
        })?;
        Ok(Permit::new(&self.0, count))
    }

    /// Adds permits. So does asyncio's `release`, one by one; here a permit comes back by itself.
    ///
    /// # Panics
    /// If there were more than `usize::MAX` of them.
    #[doc(alias = "release")]
    #[track_caller]
    pub fn add_permits(&self, count: usize) {
        let added = self.add_permits_up_to(usize::MAX, count);
        added.expect("a semaphore has usize::MAX permits at most");
    }

    /// Adds permits if there are not more than `most` of them then.
    pub(crate) fn add_permits_up_to(&self, most: usize, count: usize) -> Option<()> {
        self.0.change(|state, wakes| {
            let total = state.total().checked_add(count);
            let total = total.filter(|total| *total <= most)?;
            state.set_total(total, wakes);
            Some(())
        })
    }

    /// How many permits are free. Somebody may come and take them before you can: to have one, [try](Self::try_acquire).
    #[doc(alias = "locked")]
    pub fn available(&self) -> usize {
        self.0.look(Permits::available)
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> SemaphoreStats {
        self.0.look(SemaphoreStats::of)
    }

    pub(crate) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as(name, SemaphoreStats::of, f)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("Semaphore", f)
    }
}

/// The numbers of a [`Semaphore`] or [`BoundedSemaphore`](crate::BoundedSemaphore) at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SemaphoreStats {
    /// How many permits there are: free, and held. Those that were forgotten do not count.
    pub permits: usize,
    /// How many of them are free.
    pub available: usize,
    /// How many futures wait.
    pub waiters: usize,
}

impl SemaphoreStats {
    pub(crate) fn of(state: &Permits) -> Self {
        Self {
            permits: state.total(),
            available: state.available(),
            waiters: state.waiting(),
        }
    }
}
