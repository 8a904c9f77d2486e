//! Wakers that count, and polls by hand.

use std::{
    fmt::Debug,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A number that several parties count up.
#[derive(Clone, Default, Debug)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A waker that counts how often it was used.
pub(crate) struct Wakes {
    count: Arc<Count>,
    waker: Waker,
}

#[derive(Default)]
struct Count(Counter);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

impl Wakes {
    pub(crate) fn new() -> Self {
        let count = Arc::<Count>::default();
        let waker = count.clone().into();
        Self { count, waker }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.0.get()
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// How many clones of the waker there are.
    pub(crate) fn clones(&self) -> usize {
        Arc::strong_count(&self.count) - 2
    }

    /// Polls with this waker.
    pub(crate) fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&self.waker))
    }

    /// Polls with this waker and expects that there is nothing yet.
    #[track_caller]
    pub(crate) fn poll_pending<F: Future + Unpin>(&self, future: &mut F)
    where
        F::Output: Debug,
    {
        if let Poll::Ready(value) = self.poll(future) {
            panic!("ready with {value:?}");
        }
    }

    /// Polls with this waker and expects a value.
    #[track_caller]
    pub(crate) fn poll_ready<F: Future + Unpin>(&self, future: &mut F) -> F::Output {
        match self.poll(future) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("pending"),
        }
    }
}
