//! What holds a lock to read or to write: the guards.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use crate::read_write::{RwLock, RwLockState};

/// Reads what is in a [`RwLock`] until it is dropped.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct ReadGuard<'l, T: ?Sized>(Reading<T, &'l RwLock<T>>);

/// Reads what is in a [`RwLock`] until it is dropped, and borrows nothing.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct OwnedReadGuard<T: ?Sized>(Reading<T, Arc<RwLock<T>>>);

/// Can change what is in a [`RwLock`] until it is dropped.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct WriteGuard<'l, T: ?Sized>(Writing<T, &'l RwLock<T>>);

/// Can change what is in a [`RwLock`] until it is dropped, and borrows nothing.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct OwnedWriteGuard<T: ?Sized>(Writing<T, Arc<RwLock<T>>>);

impl<'l, T: ?Sized> ReadGuard<'l, T> {
    pub(crate) fn new(lock: &'l RwLock<T>, value: Arc<T>) -> Self {
        Self(Reading::new(lock, value))
    }
}

impl<T: ?Sized> OwnedReadGuard<T> {
    pub(crate) fn new(lock: Arc<RwLock<T>>, value: Arc<T>) -> Self {
        Self(Reading::new(lock, value))
    }
}

impl<'l, T: ?Sized> WriteGuard<'l, T> {
    pub(crate) fn new(lock: &'l RwLock<T>, value: Arc<T>) -> Self {
        Self(Writing::new(lock, value))
    }
}

impl<T: ?Sized> OwnedWriteGuard<T> {
    pub(crate) fn new(lock: Arc<RwLock<T>>, value: Arc<T>) -> Self {
        Self(Writing::new(lock, value))
    }
}

/// What readers have, whichever way they hold on to the lock.
struct Reading<T: ?Sized, L: Deref<Target = RwLock<T>>> {
    // Dropped in this order: when the last reader is gone, its clone must be.
    value: Arc<T>,
    _end: EndReading<T, L>,
}

struct EndReading<T: ?Sized, L: Deref<Target = RwLock<T>>>(L);

impl<T: ?Sized, L: Deref<Target = RwLock<T>>> Reading<T, L> {
    fn new(lock: L, value: Arc<T>) -> Self {
        lock.0.taken();
        Self {
            value,
            _end: EndReading(lock),
        }
    }
}

impl<T: ?Sized, L: Deref<Target = RwLock<T>>> Drop for EndReading<T, L> {
    fn drop(&mut self) {
        self.0.0.released();
        self.0.0.change(RwLockState::end_reading);
    }
}

/// What the writer has, whichever way it holds on to the lock.
struct Writing<T: ?Sized, L: Deref<Target = RwLock<T>>> {
    lock: L,
    value: Option<Arc<T>>,
}

impl<T: ?Sized, L: Deref<Target = RwLock<T>>> Writing<T, L> {
    fn new(lock: L, value: Arc<T>) -> Self {
        lock.0.taken();
        Self {
            lock,
            value: Some(value),
        }
    }

    fn get(&self) -> &T {
        self.value.as_ref().expect(PRESENT)
    }

    fn get_mut(&mut self) -> &mut T {
        // The readers had dropped their clones before the writer got this one.
        let value = self.value.as_mut().and_then(Arc::get_mut);
        value.expect(PRESENT)
    }
}

const PRESENT: &str = "a writer has the only reference until its guard is dropped";

impl<T: ?Sized, L: Deref<Target = RwLock<T>>> Drop for Writing<T, L> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.lock.0.released();
            let lock = &self.lock.0;
            lock.change(|state, wakes| state.end_writing(value, wakes));
        }
    }
}

impl<T: ?Sized> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: ?Sized> Deref for OwnedReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: ?Sized> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.get()
    }
}

impl<T: ?Sized> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T: ?Sized> Deref for OwnedWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.get()
    }
}

impl<T: ?Sized> DerefMut for OwnedWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

macro_rules! show_as_the_value {
    ($($guard:ident $(<$lifetime:lifetime>)?),*) => {$(
        impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($guard)).field(&&**self).finish()
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $guard<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    )*};
}

show_as_the_value!(
    ReadGuard<'_>,
    OwnedReadGuard,
    WriteGuard<'_>,
    OwnedWriteGuard
);
