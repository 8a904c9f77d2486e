//! Waiting for items: one, one as a job, the next of a loop, or many.

use std::{
    fmt,
    future::Future,
    mem,
    panic::resume_unwind,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    thread,
};

use smolio_context::{Unhandled, current_task, report_unhandled};

use crate::{
    error::GetError,
    job::Job,
    place::{Attempt, Place},
    shared::Shared,
    state::{Side, State},
};

/// The future of [`Queue::get`](crate::Queue::get).
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Get<'q, T> {
    shared: &'q Shared<T>,
    place: Place,
}

impl<'q, T> Get<'q, T> {
    #[inline]
    pub(crate) fn new(shared: &'q Shared<T>) -> Self {
        Self {
            shared,
            place: Place::default(),
        }
    }
}

/// The next item, for a stream, which may never be polled again.
pub(crate) struct GetOfStream;

impl<T> Attempt<T> for GetOfStream {
    type Output = Result<T, GetError>;

    #[inline]
    fn attempt(&mut self, state: &mut State<T>) -> Poll<Self::Output> {
        state.poll_get()
    }

    fn wants(&self) -> usize {
        0
    }
}

/// The next item.
struct GetOne;

impl<T> Attempt<T> for GetOne {
    type Output = Result<T, GetError>;

    #[inline]
    fn attempt(&mut self, state: &mut State<T>) -> Poll<Self::Output> {
        state.poll_get()
    }
}

impl<T> Future for Get<'_, T> {
    type Output = Result<T, GetError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, place } = &mut *self;
        place.poll(shared, Side::Get, cx, GetOne)
    }
}

impl<T> Drop for Get<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.place.leave(self.shared, Side::Get);
    }
}

impl<T> fmt::Debug for Get<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Get", f)
    }
}

/// The future of [`Queue::next`](crate::Queue::next).
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Next<'q, T>(Get<'q, T>);

impl<'q, T> Next<'q, T> {
    #[inline]
    pub(crate) fn new(shared: &'q Shared<T>) -> Self {
        Self(Get::new(shared))
    }
}

impl<T> Future for Next<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.0).poll(cx).map(Result::ok)
    }
}

impl<T> fmt::Debug for Next<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.shared.fmt_as("Next", f)
    }
}

/// The future of [`Queue::get_job`](crate::Queue::get_job).
#[must_use = "futures do nothing unless polled or awaited"]
pub struct GetJob<'q, T> {
    shared: &'q Arc<Shared<T>>,
    get: Get<'q, T>,
}

impl<'q, T> GetJob<'q, T> {
    pub(crate) fn new(shared: &'q Arc<Shared<T>>) -> Self {
        Self {
            shared,
            get: Get::new(shared),
        }
    }
}

impl<T> Future for GetJob<'_, T> {
    type Output = Result<Job<T>, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let got = ready!(Pin::new(&mut self.get).poll(cx));
        Poll::Ready(got.map(|item| Job::new(item, self.shared.clone())))
    }
}

impl<T> fmt::Debug for GetJob<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("GetJob", f)
    }
}

/// The future of [`Queue::get_many`](crate::Queue::get_many).
#[must_use = "futures do nothing unless polled or awaited"]
pub struct GetMany<'q, T> {
    shared: &'q Shared<T>,
    most: usize,
    place: Place,
    // Out here, where a panic in a comparison cannot drop what has been taken under the lock.
    taken: Vec<T>,
}

impl<'q, T> GetMany<'q, T> {
    pub(crate) fn new(shared: &'q Shared<T>, most: usize) -> Self {
        Self {
            shared,
            most,
            place: Place::default(),
            taken: Vec::new(),
        }
    }
}

struct TakeMany<'a, T> {
    taken: &'a mut Vec<T>,
    most: usize,
}

impl<T> Attempt<T> for TakeMany<'_, T> {
    type Output = Result<thread::Result<()>, GetError>;

    fn attempt(&mut self, state: &mut State<T>) -> Poll<Self::Output> {
        state.poll_get_many(self.taken, self.most)
    }

    fn wants(&self) -> usize {
        self.most
    }
}

impl<T> Future for GetMany<'_, T> {
    type Output = Result<Vec<T>, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            shared,
            most,
            place,
            taken,
        } = &mut *self;
        if *most == 0 {
            return Poll::Ready(Ok(Vec::new()));
        }
        let attempt = TakeMany { taken, most: *most };
        let result = place.poll(shared, Side::Get, cx, attempt);
        if let Err(payload) = ready!(result)? {
            if taken.is_empty() {
                resume_unwind(payload);
            }
            // The caller has these, and the next one to ask will see the panic for itself.
            report_unhandled(Unhandled::panic(current_task(), &*payload));
        }
        Poll::Ready(Ok(mem::take(taken)))
    }
}

// The items are not pinned.
impl<T> Unpin for GetMany<'_, T> {}

impl<T> Drop for GetMany<'_, T> {
    fn drop(&mut self) {
        self.place.leave(self.shared, Side::Get);
    }
}

impl<T> fmt::Debug for GetMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("GetMany", f)
    }
}
