//! A future that only its home thread may touch, whoever holds the cell.
//!
//! A waker may be on any thread, and it keeps the cell of its task alive; the future in the cell may be `!Send`. So every
//! access asks which thread it is on.

use std::{
    cell::{Cell, UnsafeCell},
    num::NonZeroU32,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
};

/// Tells a thread from all others that ever were in this process (the address of a thread-local would be used again).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Thread(NonZeroU32);

impl Thread {
    #[inline]
    pub(crate) fn current() -> Self {
        thread_local! {
            static CURRENT: Cell<Option<NonZeroU32>> = const { Cell::new(None) };
        }
        match CURRENT.get() {
            Some(number) => Self(number),
            None => {
                static NEXT: AtomicU64 = AtomicU64::new(1);
                let number = u32::try_from(NEXT.fetch_add(1, Ordering::Relaxed));
                let number = number.ok().and_then(NonZeroU32::new);
                let number = number.expect("2^32 threads cannot be told apart");
                CURRENT.set(Some(number));
                Self(number)
            }
        }
    }
}

/// A future that lives, is polled and is dropped on one thread.
pub(super) struct Bound<F> {
    home: Thread,
    busy: Cell<bool>,
    // `None` once the future is gone.
    future: UnsafeCell<Option<F>>,
}

// SAFETY: `future` and `busy` are touched only by `with`, which first makes sure that it is on the home thread, and by
// `drop`, which has the cell to itself and looks no further than whether there is a future if it is elsewhere. `new` lets a
// future travel to its home only if it is `Send`. `home` never changes.
unsafe impl<F> Send for Bound<F> {}
// SAFETY: as above: whoever shares the cell, only one thread gets at what is inside.
unsafe impl<F> Sync for Bound<F> {}

impl<F> Bound<F> {
    /// A future at home on this thread.
    pub(super) fn here(future: F) -> Self {
        Self::at(Thread::current(), future)
    }

    /// A future that is at home on another thread from now on.
    pub(super) fn new(home: Thread, future: F) -> Self
    where
        F: Send,
    {
        Self::at(home, future)
    }

    fn at(home: Thread, future: F) -> Self {
        Self {
            home,
            busy: Cell::new(false),
            future: UnsafeCell::new(Some(future)),
        }
    }

    /// Lends the future to `f`.
    ///
    /// # Panics
    /// On any other thread than its home, and when called from within `f`.
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce(Pin<&mut Option<F>>) -> R) -> R {
        struct Busy<'a>(&'a Cell<bool>);
        impl Drop for Busy<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        assert!(
            self.home == Thread::current(),
            "a task is touched on a thread that is not its own"
        );
        assert!(
            !self.busy.replace(true),
            "a task is polled from within itself"
        );
        let _busy = Busy(&self.busy);
        // SAFETY: we are on the home thread, where `busy` makes this the only reference. The future never moves: it is only
        // ever lent pinned, and it is dropped in place, by `Pin::set` in `f` or with the cell.
        f(unsafe { Pin::new_unchecked(&mut *self.future.get()) })
    }
}

impl<F> Drop for Bound<F> {
    fn drop(&mut self) {
        // A loop drops its futures before it lets go of their cells, so this cannot happen. If it did, dropping the future
        // here could be a data race, and leaking it would free pinned memory without a drop: neither is allowed.
        if self.future.get_mut().is_some() && self.home != Thread::current() {
            std::process::abort();
        }
    }
}
