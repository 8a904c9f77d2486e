//! A semaphore that cannot have more permits than at first.

use std::fmt;

use crate::{
    error::{AcquireManyError, ReleaseError, TryAcquireError},
    permit::{Acquire, Permit},
    semaphore::{Semaphore, SemaphoreStats},
};

/// A [`Semaphore`] that never has more permits than it had at first: asyncio's `BoundedSemaphore`. Clones are handles to
/// the same one.
///
/// Giving back more than was taken is an error. By dropping a permit nobody can do that; it takes [`Permit::forget`] in
/// one place and [`release`](Self::release) in another.
///
/// Who comes first: as with a [`Semaphore`], first in, first out.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_sync::BoundedSemaphore;
///
/// let seats = BoundedSemaphore::new(2);
/// seats.acquire().await.forget(); // a guest sits down ...
/// seats.release()?; // ... and somebody else sees it leave
/// let error = seats.release().unwrap_err();
/// assert_eq!(error.to_string(), "cannot release a permit: none of the 2 permits is taken for good");
/// # Ok::<(), smolio_sync::ReleaseError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct BoundedSemaphore {
    semaphore: Semaphore,
    bound: usize,
}

impl BoundedSemaphore {
    /// A semaphore with so many permits, and never more.
    pub fn new(permits: usize) -> Self {
        Self {
            semaphore: Semaphore::of_kind("BoundedSemaphore", permits),
            bound: permits,
        }
    }

    /// Gives the semaphore a name, for reports of who waits for what and who holds it.
    ///
    /// # Panics
    /// If there is a clone already.
    #[track_caller]
    pub fn named(self, name: impl AsRef<str>) -> Self {
        Self {
            semaphore: self.semaphore.named(name),
            bound: self.bound,
        }
    }

    /// Waits until this is its turn and there is a permit, which comes back when it is dropped.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it gives up its place, and the permit that it may have been given.
    pub fn acquire(&self) -> Acquire<'_> {
        self.semaphore.acquire()
    }

    /// Waits until this is its turn and there are so many permits, which come back together.
    ///
    /// # Errors
    /// [`AcquireManyError`] at once if there never can be so many.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire): it has all of them or none.
    pub async fn acquire_many(&self, count: usize) -> Result<Permit, AcquireManyError> {
        if count > self.bound {
            return Err(AcquireManyError::new(count, self.bound));
        }
        Ok(self.semaphore.acquire_many(count).await)
    }

    /// Takes a permit, if there is one and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] otherwise.
    pub fn try_acquire(&self) -> Result<Permit, TryAcquireError> {
        self.semaphore.try_acquire()
    }

    /// Takes so many permits, if they are there and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] otherwise.
    pub fn try_acquire_many(&self, count: usize) -> Result<Permit, TryAcquireError> {
        self.semaphore.try_acquire_many(count)
    }

    /// Gives a permit back that was [forgotten](Permit::forget).
    ///
    /// # Errors
    /// [`ReleaseError`] if none was, or all of them are back.
    pub fn release(&self) -> Result<(), ReleaseError> {
        let added = self.semaphore.add_permits_up_to(self.bound, 1);
        added.ok_or(ReleaseError::new(self.bound))
    }

    /// How many permits are free. Somebody may come and take them before you can: to have one, [try](Self::try_acquire).
    #[doc(alias = "locked")]
    pub fn available(&self) -> usize {
        self.semaphore.available()
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> SemaphoreStats {
        self.semaphore.stats()
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.semaphore.fmt_as("BoundedSemaphore", f)
    }
}
