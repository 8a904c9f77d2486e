//! The inbox: how other threads reach a loop.
//!
//! What other threads have to say (wake this task, take over that one) waits here until the loop's next turn. While
//! nobody says anything the loop pays one relaxed load a turn. The inbox outlives the loop: a message that comes late is given
//! back to its sender.

use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering};

pub(crate) struct Inbox<M> {
    /// Whether `messages` has any. Written only under the lock; read without it, as a hint that is never wrong for long.
    full: AtomicBool,
    state: Mutex<State<M>>,
}

struct State<M> {
    messages: Vec<M>,
    /// Whom to wake when the first message comes; `None` while the loop is not being driven.
    driver: Option<Waker>,
    closed: bool,
}

impl<M> Inbox<M> {
    pub(crate) fn new() -> Self {
        Self {
            full: AtomicBool::new(false),
            state: Mutex::new(State {
                messages: Vec::new(),
                driver: None,
                closed: false,
            }),
        }
    }

    /// Leaves a message and wakes the loop; gives the message back if the inbox is closed.
    pub(crate) fn push(&self, message: M) -> Result<(), M> {
        let mut message = Some(message);
        self.push_with(|| message.take().expect("called once"));
        match message {
            None => Ok(()),
            Some(message) => Err(message),
        }
    }

    /// Leaves the message that `make` gives and wakes the loop. If the inbox is closed, `make` is not called: `false`.
    pub(crate) fn push_with(&self, make: impl FnOnce() -> M) -> bool {
        let mut state = lock(&self.state);
        if state.closed {
            return false;
        }
        state.messages.push(make());
        // Only the first message after the loop has looked needs to wake it.
        let first = !self.full.load(Ordering::Relaxed);
        self.full.store(true, Ordering::Release);
        let driver = if first { state.driver.clone() } else { None };
        // A waker is foreign code: it must not run under our lock.
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        true
    }

    /// Moves all messages to the end of `into`.
    pub(crate) fn drain(&self, into: &mut Vec<M>) {
        if !self.full.load(Ordering::Acquire) {
            return;
        }
        let mut state = lock(&self.state);
        self.full.store(false, Ordering::Relaxed);
        into.append(&mut state.messages);
    }

    /// From now on `driver` is woken by messages. To be followed by a [`drain`](Self::drain).
    pub(crate) fn set_driver(&self, driver: Option<Waker>) {
        let former = std::mem::replace(&mut lock(&self.state).driver, driver);
        drop(former);
    }

    /// Refuses messages from now on and gives those that were not read.
    pub(crate) fn close(&self) -> Vec<M> {
        let mut state = lock(&self.state);
        state.closed = true;
        self.full.store(false, Ordering::Relaxed);
        std::mem::take(&mut state.messages)
    }
}

/// No user code runs under the lock, so a poisoned one is still in order.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}
