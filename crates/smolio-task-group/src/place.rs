//! Waiting for a place in a group that limits how many of its children run at a time.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::{core::Core, waiters::Ticket};

/// The future of a group's `ready`.
pub(crate) struct Place<'g, C, E> {
    core: &'g Core<C, E>,
    ticket: Ticket,
}

impl<'g, C, E> Place<'g, C, E> {
    pub(crate) fn new(core: &'g Core<C, E>) -> Self {
        Self { core, ticket: None }
    }
}

impl<C, E> Future for Place<'_, C, E> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let core = self.core;
        ready!(poll_budget(cx));
        let place = core.poll_place(&mut self.ticket, cx.waker());
        if place.is_pending() {
            waiting_for(|| "a place in a task group".to_owned());
        } else {
            spend_budget();
        }
        place
    }
}

impl<C, E> Drop for Place<'_, C, E> {
    fn drop(&mut self) {
        self.core.leave_line(&mut self.ticket);
    }
}
