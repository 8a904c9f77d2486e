//! Waiting for a lock.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use smolio_context::current_task;

use crate::{
    lock::Lock,
    lock_guard::{LockGuard, OwnedLockGuard},
    place::Place,
};

/// The future of [`Lock::lock`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct AcquireLock<'l, T: ?Sized> {
    lock: &'l Lock<T>,
    place: Place,
}

impl<'l, T: ?Sized> AcquireLock<'l, T> {
    pub(crate) fn new(lock: &'l Lock<T>) -> Self {
        Self {
            lock,
            place: Place::default(),
        }
    }
}

impl<'l, T: ?Sized> Future for AcquireLock<'l, T> {
    type Output = LockGuard<'l, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { lock, place } = &mut *self;
        let value = place.poll(&lock.0, cx, current_task);
        value.map(|value| LockGuard::new(lock, value))
    }
}

impl<T: ?Sized> Drop for AcquireLock<'_, T> {
    fn drop(&mut self) {
        self.place.leave(&self.lock.0);
    }
}

impl<T: ?Sized> fmt::Debug for AcquireLock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcquireLock").field(self.lock).finish()
    }
}

/// The future of [`Lock::lock_owned`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct AcquireLockOwned<T: ?Sized> {
    lock: Arc<Lock<T>>,
    place: Place,
}

impl<T: ?Sized> AcquireLockOwned<T> {
    pub(crate) fn new(lock: Arc<Lock<T>>) -> Self {
        Self {
            lock,
            place: Place::default(),
        }
    }
}

impl<T: ?Sized> Future for AcquireLockOwned<T> {
    type Output = OwnedLockGuard<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { lock, place } = &mut *self;
        let value = place.poll(&lock.0, cx, current_task);
        value.map(|value| OwnedLockGuard::new(lock.clone(), value))
    }
}

impl<T: ?Sized> Drop for AcquireLockOwned<T> {
    fn drop(&mut self) {
        self.place.leave(&self.lock.0);
    }
}

impl<T: ?Sized> fmt::Debug for AcquireLockOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcquireLockOwned").field(&self.lock).finish()
    }
}
