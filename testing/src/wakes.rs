//! Wakers that count or panic, and polls by hand.

use std::{
    fmt::Debug,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use crate::Counter;

/// A waker that counts how often it was used.
#[derive(Debug)]
pub struct Wakes {
    count: Arc<Count>,
    waker: Waker,
}

#[derive(Default, Debug)]
struct Count(Counter);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

impl Default for Wakes {
    fn default() -> Self {
        Self::new()
    }
}

impl Wakes {
    /// One that was not used yet.
    pub fn new() -> Self {
        let count = Arc::<Count>::default();
        let waker = count.clone().into();
        Self { count, waker }
    }

    /// How often it was used.
    pub fn count(&self) -> usize {
        self.count.0.get()
    }

    /// The waker itself.
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// How many clones of the waker there are.
    pub fn clones(&self) -> usize {
        Arc::strong_count(&self.count) - 2
    }

    /// Polls with this waker.
    pub fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&self.waker))
    }

    /// Polls with this waker and expects that there is nothing yet.
    #[track_caller]
    pub fn poll_pending<F: Future + Unpin>(&self, future: &mut F)
    where
        F::Output: Debug,
    {
        if let Poll::Ready(value) = self.poll(future) {
            panic!("ready with {value:?}");
        }
    }

    /// Polls with this waker and expects a value.
    #[track_caller]
    pub fn poll_ready<F: Future + Unpin>(&self, future: &mut F) -> F::Output {
        match self.poll(future) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("pending"),
        }
    }
}

/// A waker that panics when it is used.
#[derive(Debug)]
pub struct PanicWaker;

impl PanicWaker {
    /// What it says.
    pub const MESSAGE: &str = "the waker panics";

    /// A new one.
    pub fn waker() -> Waker {
        Arc::new(Self).into()
    }
}

impl Wake for PanicWaker {
    fn wake(self: Arc<Self>) {
        panic!("{}", Self::MESSAGE);
    }
}
