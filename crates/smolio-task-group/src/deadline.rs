//! The deadline of a cancel scope: one future, which the runs of the scope poll in turn.
//!
//! | where the deadline is | goes over to |
//! |---|---|
//! | lies in the scope | with a run: the first one that is polled |
//! | with a run, which polls it; the others wait in a line for it | the scope, when that run ends before it; or it is done |
//!
//! A future has one waker, so only one run at a time can wait for it. All of them end with the scope that it cancels.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::waiters::{Ticket, Waiters, wake};

pub(crate) type Deadline = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What all clones of a scope share.
#[derive(Clone, Default)]
pub(crate) struct Deadlines(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The deadline, if no run has it.
    deadline: Option<Deadline>,
    /// A run has it.
    is_with_run: bool,
    /// The runs that would take it over.
    others: Waiters,
}

impl Deadlines {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is this one.
    pub(crate) fn set(&self, deadline: Deadline) {
        let before = self.lock().deadline.replace(deadline);
        drop(before);
    }

    pub(crate) fn share(&self) -> Share {
        Share {
            deadlines: self.clone(),
            deadline: None,
            has_asked: false,
            ticket: None,
        }
    }
}

/// What one run has of the deadline.
pub(crate) struct Share {
    deadlines: Deadlines,
    /// The deadline itself, if it is with this run.
    deadline: Option<Deadline>,
    has_asked: bool,
    /// The place in the line of those who would take it over.
    ticket: Ticket,
}

impl Share {
    /// Whether the deadline is done. It is pending, too, if there is none, or while another run has it.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !mem::replace(&mut self.has_asked, true) || self.ticket.is_some() {
            self.take_or_wait(cx.waker());
        }
        // Out of its place, so that it is never polled again should it panic.
        let Some(mut deadline) = self.deadline.take() else {
            return Poll::Pending;
        };
        let result = deadline.as_mut().poll(cx);
        if result.is_pending() {
            self.deadline = Some(deadline);
        }
        result
    }

    fn take_or_wait(&mut self, waker: &Waker) {
        let waker = waker.clone();
        let mut state = self.deadlines.lock();
        self.deadline = state.deadline.take();
        let before = if self.deadline.is_some() {
            state.is_with_run = true;
            state.others.leave(&mut self.ticket)
        } else if state.is_with_run {
            state.others.wait(&mut self.ticket, waker)
        } else {
            None
        };
        drop(state);
        drop(before);
    }

    /// The run is over: the deadline is for the next one.
    pub(crate) fn give_back(&mut self) {
        if self.deadline.is_none() && self.ticket.is_none() {
            return;
        }
        let mut state = self.deadlines.lock();
        let own = state.others.leave(&mut self.ticket);
        let mut late = None;
        if let Some(deadline) = self.deadline.take() {
            state.is_with_run = false;
            // The scope may have been given another one meanwhile: that counts.
            match state.deadline {
                None => state.deadline = Some(deadline),
                Some(_) => late = Some(deadline),
            }
        }
        let next = match state.deadline {
            Some(_) => state.others.take_nth(1),
            None => None,
        };
        drop(state);
        if let Some(waker) = next {
            wake(waker);
        }
        drop((own, late));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}
