//! Things that count: drops, polls and wakes.

use std::{
    future::{Future, IntoFuture},
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
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts its own drop.
    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }
}

/// Counts its drop.
#[derive(Debug)]
pub(crate) struct DropGuard(Counter);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// A future whose polls are counted.
pub(crate) struct Polls<F> {
    future: Pin<Box<F>>,
    counter: Counter,
}

impl<F> Polls<F> {
    pub(crate) fn new(counter: &Counter, future: F) -> Self {
        Self {
            future: Box::pin(future),
            counter: counter.clone(),
        }
    }
}

impl<F: Future> Future for Polls<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.counter.add();
        self.future.as_mut().poll(cx)
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
}

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
