//! What the tasks of a running test and its clock know in common: the clock itself, and who waits for quiet.

use std::{
    cell::{Cell, RefCell},
    future::IntoFuture,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use smolio_context::{Instant, VirtualClock};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Session>>> = const { RefCell::new(None) };
}

/// One running test.
pub(crate) struct Session {
    /// `None`: real time.
    clock: Option<VirtualClock>,
    start: Instant,
    /// The main future has ended or was dropped: the loop is closing.
    is_over: Cell<bool>,
    /// In the order in which they began to wait. A future that was dropped leaves its place empty.
    waiters: RefCell<Vec<Weak<Waiter>>>,
}

/// A future that waits until all tasks are blocked, at some moment or after it.
pub(crate) struct Waiter {
    not_before: Instant,
    state: Mutex<State>,
}

enum State {
    Waiting(Waker),
    Released,
}

impl Session {
    pub(crate) fn new(clock: Option<VirtualClock>) -> Self {
        Self {
            clock,
            start: Instant::now(),
            is_over: Cell::new(false),
            waiters: RefCell::default(),
        }
    }

    /// The test that runs on this thread.
    pub(crate) fn current() -> Option<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Makes it the current one until the guard is dropped.
    pub(crate) fn enter(self: Rc<Self>) -> SessionGuard {
        SessionGuard(CURRENT.replace(Some(self)))
    }

    pub(crate) fn clock(&self) -> Option<&VirtualClock> {
        self.clock.as_ref()
    }

    /// When the test began, on its own clock.
    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// `main`, at the end of which the session is over, whichever way it ends.
    pub(crate) async fn watch<F: IntoFuture>(self: Rc<Self>, main: F) -> F::Output {
        struct Over(Rc<Session>);
        impl Drop for Over {
            fn drop(&mut self) {
                self.0.is_over.set(true);
            }
        }
        let _over = Over(self);
        main.await
    }

    pub(crate) fn add_waiter(&self, not_before: Instant, waker: &Waker) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter {
            not_before,
            state: Mutex::new(State::Waiting(waker.clone())),
        });
        self.waiters.borrow_mut().push(Arc::downgrade(&waiter));
        waiter
    }

    /// All are blocked, now: wakes those who waited for that, and tells whether there were any.
    pub(crate) fn release_waiters(&self) -> bool {
        let now = Instant::now();
        let mut due = Vec::new();
        self.waiters.borrow_mut().retain(|waiter| {
            let Some(waiter) = waiter.upgrade() else {
                return false;
            };
            let is_due = waiter.not_before <= now;
            if is_due {
                due.push(waiter);
            }
            !is_due
        });
        // The list is not borrowed any more: a waker may do anything.
        for waiter in &due {
            waiter.release();
        }
        !due.is_empty()
    }

    /// The earliest moment that a waiter waits for.
    pub(crate) fn next_waiter(&self) -> Option<Instant> {
        let waiters = self.waiters.borrow();
        let alive = waiters.iter().filter_map(Weak::upgrade);
        alive.map(|waiter| waiter.not_before).min()
    }
}

impl Waiter {
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self.state() {
            State::Released => Poll::Ready(()),
            State::Waiting(waker) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
        }
    }

    fn release(&self) {
        let former = std::mem::replace(&mut *self.state(), State::Released);
        if let State::Waiting(waker) = former {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the former test the current one again when dropped.
#[must_use = "the test is the current one until the guard is dropped"]
pub(crate) struct SessionGuard(Option<Rc<Session>>);

impl Drop for SessionGuard {
    fn drop(&mut self) {
        CURRENT.replace(self.0.take());
    }
}
