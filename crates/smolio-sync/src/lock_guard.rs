//! What holds a lock: the guards.

use std::{
    fmt,
    future::Future,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use crate::{
    acquire_lock::{AcquireLock, AcquireLockOwned},
    lock::Lock,
};

const PRESENT: &str = "the value is there until the guard is dropped";

/// Holds a [`Lock`] until it is dropped, and gives access to the value.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct LockGuard<'l, T: ?Sized> {
    lock: &'l Lock<T>,
    value: Option<Box<T>>,
}

impl<'l, T: ?Sized> LockGuard<'l, T> {
    pub(crate) fn new(lock: &'l Lock<T>, value: Box<T>) -> Self {
        lock.0.taken();
        Self {
            lock,
            value: Some(value),
        }
    }
}

/// Holds a [`Lock`] until it is dropped, as [`LockGuard`], and borrows nothing.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct OwnedLockGuard<T: ?Sized> {
    lock: Arc<Lock<T>>,
    value: Option<Box<T>>,
}

impl<T: ?Sized> OwnedLockGuard<T> {
    pub(crate) fn new(lock: Arc<Lock<T>>, value: Box<T>) -> Self {
        lock.0.taken();
        Self {
            lock,
            value: Some(value),
        }
    }
}

fn release<T: ?Sized>(lock: &Lock<T>, value: &mut Option<Box<T>>) {
    if let Some(value) = value.take() {
        lock.0.released();
        lock.0.change(|state, wakes| state.release(value, wakes));
    }
}

impl<T: ?Sized> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        release(self.lock, &mut self.value);
    }
}

impl<T: ?Sized> Drop for OwnedLockGuard<T> {
    fn drop(&mut self) {
        release(&self.lock, &mut self.value);
    }
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(PRESENT)
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(PRESENT)
    }
}

impl<T: ?Sized> Deref for OwnedLockGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(PRESENT)
    }
}

impl<T: ?Sized> DerefMut for OwnedLockGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(PRESENT)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LockGuard").field(&&**self).finish()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedLockGuard").field(&&**self).finish()
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A guard with which one can wait for a [`Condition`](crate::Condition): a [`LockGuard`] or an [`OwnedLockGuard`].
///
/// It cannot be implemented elsewhere.
pub trait HeldLock: DerefMut + sealed::Sealed + Sized {
    /// The future that has the lock again.
    #[doc(hidden)]
    type Relock: Future<Output = Self> + Unpin;

    /// Releases the lock.
    #[doc(hidden)]
    fn unlock(self) -> Self::Relock;
}

impl<'l, T: ?Sized> HeldLock for LockGuard<'l, T> {
    type Relock = AcquireLock<'l, T>;

    fn unlock(self) -> Self::Relock {
        AcquireLock::new(self.lock)
    }
}

impl<T: ?Sized> HeldLock for OwnedLockGuard<T> {
    type Relock = AcquireLockOwned<T>;

    fn unlock(self) -> Self::Relock {
        AcquireLockOwned::new(self.lock.clone())
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T: ?Sized> Sealed for super::LockGuard<'_, T> {}
    impl<T: ?Sized> Sealed for super::OwnedLockGuard<T> {}
}
