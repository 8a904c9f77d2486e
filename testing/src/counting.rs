//! Things that count: drops and polls.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

/// A number that several parties count up.
#[derive(Clone, Default, Debug)]
pub struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// It begins with zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How many there were.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts its own drop.
    pub fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }
}

/// Counts its drop.
#[derive(Debug)]
pub struct DropGuard(Counter);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// A future whose polls are counted.
#[must_use = "futures do nothing unless polled or awaited"]
#[derive(Debug)]
pub struct Polls<F> {
    future: Pin<Box<F>>,
    counter: Counter,
}

impl<F> Polls<F> {
    /// Counts the polls of `future`.
    pub fn new(counter: &Counter, future: F) -> Self {
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
