//! Where a child leaves its value for whoever holds its handle.
//!
//! One mutex, never contended in practice: the child writes once, the handle looks when it is woken.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use crate::{ChildError, waiters::wake};

pub(crate) struct Slot<T>(Mutex<State<T>>);

enum State<T> {
    /// The child is alive.
    Waiting(Option<Waker>),
    /// Its value, until the handle takes it.
    Done(T),
    /// The handle has taken the value.
    Taken,
    /// There is and will be no value.
    Gone(Gone),
}

/// Why there is no value.
#[derive(Clone, Copy)]
pub(crate) struct Gone {
    pub(crate) why: ChildError,
    /// The child went because its group ends: whoever awaits its value is about to be dropped as well.
    pub(crate) with_group: bool,
}

impl Gone {
    /// By its handle: the group goes on.
    pub(crate) const CANCELLED: Self = Self {
        why: ChildError::Cancelled,
        with_group: false,
    };
}

impl<T> Slot<T> {
    pub(crate) fn waiting() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::Waiting(None))))
    }

    pub(crate) fn gone(gone: Gone) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::Gone(gone))))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, value: T) {
        self.settle(State::Done(value));
    }

    pub(crate) fn end(&self, gone: Gone) {
        self.settle(State::Gone(gone));
    }

    /// The first word counts. Nothing of ours is dropped, and nobody woken, under the lock.
    fn settle(&self, outcome: State<T>) {
        let mut state = self.lock();
        if !matches!(*state, State::Waiting(_)) {
            return;
        }
        let before = mem::replace(&mut *state, outcome);
        drop(state);
        if let State::Waiting(Some(waker)) = before {
            wake(waker);
        }
    }

    pub(crate) fn is_settled(&self) -> bool {
        !matches!(*self.lock(), State::Waiting(_))
    }

    /// The value, or why there is none.
    ///
    /// # Panics
    /// When the value was taken before.
    pub(crate) fn poll_take(&self, waker: &Waker) -> Poll<Result<T, Gone>> {
        let mut state = self.lock();
        match &mut *state {
            State::Waiting(Some(known)) if known.will_wake(waker) => return Poll::Pending,
            State::Waiting(_) => {}
            State::Gone(gone) => return Poll::Ready(Err(*gone)),
            State::Done(_) | State::Taken => {
                let before = mem::replace(&mut *state, State::Taken);
                drop(state);
                return match before {
                    State::Done(value) => Poll::Ready(Ok(value)),
                    _ => panic!("a child's handle was polled again after it gave the value"),
                };
            }
        }
        drop(state);
        self.wait(waker.clone())
    }

    /// Leaves `waker` for when the child ends. It was cloned outside of the lock, so the child may have ended meanwhile.
    fn wait(&self, waker: Waker) -> Poll<Result<T, Gone>> {
        let mut state = self.lock();
        if let State::Waiting(slot) = &mut *state {
            let before = slot.replace(waker);
            drop(state);
            drop(before);
            return Poll::Pending;
        }
        drop(state);
        self.poll_take(&waker)
    }
}
