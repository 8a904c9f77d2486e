//! Things that count: drops, polls and wakes.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, ThreadId},
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

/// Something that must stay on its thread, and checks that it did; counts its drop.
pub(crate) struct NotSend {
    home: ThreadId,
    _guard: DropGuard,
    _rc: Rc<()>,
}

impl NotSend {
    pub(crate) fn new(drops: &Counter) -> Self {
        Self {
            home: thread::current().id(),
            _guard: drops.guard(),
            _rc: Rc::new(()),
        }
    }

    #[track_caller]
    pub(crate) fn touch(&self) {
        assert_eq!(self.home, thread::current().id(), "on a foreign thread");
    }
}

impl Drop for NotSend {
    fn drop(&mut self) {
        if self.home != thread::current().id() {
            // A panic in a drop could be caught by whoever drops; this cannot be overlooked.
            std::process::abort();
        }
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

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::<Self>::default();
        let waker = wakes.clone().into();
        (wakes, waker)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker that panics when it is used.
pub(crate) struct PanicWaker;

impl PanicWaker {
    pub(crate) fn waker() -> Waker {
        Arc::new(Self).into()
    }
}

impl Wake for PanicWaker {
    fn wake(self: Arc<Self>) {
        panic!("the waker panics");
    }
}
