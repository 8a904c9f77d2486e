//! What a supervisor does with failures: it keeps some of them for whoever reads, and tells the hook of the rest.

use std::{
    any::Any,
    collections::VecDeque,
    fmt, mem,
    panic::resume_unwind,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use smolio_context::panic_message;

use crate::{
    Failure,
    waiters::{Ticket, Waiters, wake},
};

/// How many failures are kept for `next_failure`; a supervisor that nobody reads must not grow for ever.
pub(crate) const KEPT: usize = 64;

pub(crate) struct Supervision<E>(Mutex<State<E>>);

struct State<E> {
    unread: VecDeque<Failure<SupervisedError<E>>>,
    total: u64,
    readers: Waiters,
}

impl<E> Supervision<E> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            unread: VecDeque::new(),
            total: 0,
            readers: Waiters::default(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many have failed so far.
    pub(crate) fn total(&self) -> u64 {
        self.lock().total
    }

    /// Keeps the failure, or gives it back when there is no room.
    fn keep(
        &self,
        failure: Failure<SupervisedError<E>>,
    ) -> Result<(), Failure<SupervisedError<E>>> {
        let mut state = self.lock();
        state.total += 1;
        if state.unread.len() == KEPT {
            return Err(failure);
        }
        state.unread.push_back(failure);
        let unread = state.unread.len();
        let reader = state.readers.take_nth(unread);
        drop(state);
        if let Some(waker) = reader {
            wake(waker);
        }
        Ok(())
    }

    /// Keeps the failure, or tells the hook of it when there is no room.
    pub(crate) fn keep_or_report(&self, failure: Failure<SupervisedError<E>>)
    where
        E: fmt::Display,
    {
        if let Err(overflow) = self.keep(failure) {
            overflow.report();
        }
    }

    /// All children have ended: whoever waits for a failure may look again.
    pub(crate) fn wake_readers(&self) {
        let readers = self.lock().readers.take_all();
        readers.for_each(wake);
    }

    /// The next failure; `None` when there is none and `is_idle` says that none can come.
    pub(crate) fn poll_next(
        &self,
        ticket: &mut Ticket,
        waker: &Waker,
        is_idle: impl FnOnce() -> bool,
    ) -> Poll<Option<Failure<SupervisedError<E>>>> {
        let waker = waker.clone();
        let mut state = self.lock();
        let unread = state.unread.len();
        let next = if state.readers.is_among_first(unread, *ticket) {
            state.unread.pop_front()
        } else {
            None
        };
        // Asked under the lock: a child that ends after this finds the reader in the line.
        if next.is_none() && !is_idle() {
            let before = state.readers.wait(ticket, waker);
            drop(state);
            drop(before);
            return Poll::Pending;
        }
        let own = state.readers.leave(ticket);
        drop(state);
        drop((own, waker));
        Poll::Ready(next)
    }

    /// A reader goes: what it was woken for is for the next one.
    pub(crate) fn leave(&self, ticket: &mut Ticket) {
        if ticket.is_none() {
            return;
        }
        let mut state = self.lock();
        let own = state.readers.leave(ticket);
        let unread = state.unread.len();
        let next = state.readers.take_nth(unread);
        drop(state);
        if let Some(waker) = next {
            wake(waker);
        }
        drop(own);
    }

    /// What nobody has read.
    pub(crate) fn take_unread(&self) -> VecDeque<Failure<SupervisedError<E>>> {
        mem::take(&mut self.lock().unread)
    }
}

/// What a supervised child ended with: its error, or a panic.
pub enum SupervisedError<E> {
    /// It gave this error.
    Failed(E),
    /// It panicked.
    Panicked(ChildPanic),
}

impl<E: fmt::Debug> fmt::Debug for SupervisedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Panicked(panic) => f.debug_tuple("Panicked").field(panic).finish(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for SupervisedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(panic) => panic.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for SupervisedError<E> {}

/// The panic of a supervised child.
pub struct ChildPanic {
    message: String,
    // Behind a mutex only to be `Sync`, as an error should be.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl ChildPanic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self {
            message: panic_message(&*payload).to_owned(),
            payload: Mutex::new(payload),
        }
    }

    /// The text that the panic was raised with.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the panic was raised with, as from [`std::panic::catch_unwind`].
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Panics with the child's payload.
    pub fn resume(self) -> ! {
        resume_unwind(self.into_payload())
    }
}

impl fmt::Debug for ChildPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChildPanic").field(&self.message).finish()
    }
}

impl fmt::Display for ChildPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.message)
    }
}

impl std::error::Error for ChildPanic {}
