//! Waiting to read, and to write.

use std::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    place::Place,
    read_write::{Access, RwLock},
    read_write_guard::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard},
};

/// What the four futures have in common: the two kinds of access, by a reference and by an `Arc`.
struct Acquire<T: ?Sized, L: Deref<Target = RwLock<T>>> {
    lock: L,
    place: Place,
    access: Access,
}

impl<T: ?Sized, L: Deref<Target = RwLock<T>>> Acquire<T, L> {
    fn new(lock: L, access: Access) -> Self {
        Self {
            lock,
            place: Place::default(),
            access,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Arc<T>> {
        let access = self.access;
        self.place.poll(&self.lock.0, cx, || access)
    }
}

impl<T: ?Sized, L: Deref<Target = RwLock<T>>> Drop for Acquire<T, L> {
    fn drop(&mut self) {
        self.place.leave(&self.lock.0);
    }
}

macro_rules! future_of_a_reference {
    ($future:ident, $method:literal, $access:ident, $guard:ident) => {
        #[doc = concat!("The future of [`RwLock::", $method, "`].")]
        #[must_use = "futures do nothing unless polled or awaited"]
        pub struct $future<'l, T: ?Sized>(Acquire<T, &'l RwLock<T>>);

        impl<'l, T: ?Sized> $future<'l, T> {
            pub(crate) fn new(lock: &'l RwLock<T>) -> Self {
                Self(Acquire::new(lock, Access::$access))
            }
        }

        impl<'l, T: ?Sized> Future for $future<'l, T> {
            type Output = $guard<'l, T>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let value = self.0.poll(cx);
                value.map(|value| $guard::new(self.0.lock, value))
            }
        }

        impl<T: ?Sized> fmt::Debug for $future<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($future))
                    .field(self.0.lock)
                    .finish()
            }
        }
    };
}

macro_rules! future_of_an_arc {
    ($future:ident, $method:literal, $access:ident, $guard:ident) => {
        #[doc = concat!("The future of [`RwLock::", $method, "`].")]
        #[must_use = "futures do nothing unless polled or awaited"]
        pub struct $future<T: ?Sized>(Acquire<T, Arc<RwLock<T>>>);

        impl<T: ?Sized> $future<T> {
            pub(crate) fn new(lock: Arc<RwLock<T>>) -> Self {
                Self(Acquire::new(lock, Access::$access))
            }
        }

        impl<T: ?Sized> Future for $future<T> {
            type Output = $guard<T>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let value = self.0.poll(cx);
                value.map(|value| $guard::new(self.0.lock.clone(), value))
            }
        }

        impl<T: ?Sized> fmt::Debug for $future<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($future))
                    .field(&self.0.lock)
                    .finish()
            }
        }
    };
}

future_of_a_reference!(AcquireRead, "read", Read, ReadGuard);
future_of_a_reference!(AcquireWrite, "write", Write, WriteGuard);
future_of_an_arc!(AcquireReadOwned, "read_owned", Read, OwnedReadGuard);
future_of_an_arc!(AcquireWriteOwned, "write_owned", Write, OwnedWriteGuard);
