//! A future that is polled by hand.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use smolio_testing::Wakes;

/// A future that is polled by hand, and the waker that it is polled with.
pub(crate) struct Manual<F> {
    future: Pin<Box<F>>,
    pub(crate) wakes: Wakes,
}

impl<F: Future> Manual<F> {
    pub(crate) fn new(future: impl IntoFuture<IntoFuture = F>) -> Self {
        Self {
            future: Box::pin(future.into_future()),
            wakes: Wakes::new(),
        }
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        self.poll_with(self.wakes.waker().clone())
    }

    pub(crate) fn poll_with(&mut self, waker: Waker) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls once and expects that it goes on.
    #[track_caller]
    pub(crate) fn poll_pending(&mut self) {
        assert!(self.poll().is_pending(), "ready too early");
    }

    /// Polls once and expects the value.
    #[track_caller]
    pub(crate) fn poll_ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("pending"),
        }
    }

    /// Drops the future and keeps the waker.
    pub(crate) fn into_wakes(self) -> Wakes {
        self.wakes
    }

    /// Polls until it is ready or was not woken in its last poll.
    pub(crate) fn poll_while_woken(&mut self) -> Poll<F::Output> {
        loop {
            let before = self.wakes.count();
            let result = self.poll();
            if result.is_ready() || self.wakes.count() == before {
                return result;
            }
        }
    }
}
