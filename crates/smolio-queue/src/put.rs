//! Waiting for room: for one item, or for many.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use crate::{
    error::{PutAllError, PutError},
    place::{Attempt, Place},
    shared::Shared,
    state::{Refusal, Side, State},
};

/// The future of [`Queue::put`](crate::Queue::put). It owns the item until the queue does.
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Put<'q, T> {
    shared: &'q Shared<T>,
    item: Option<T>,
    place: Place,
}

impl<'q, T> Put<'q, T> {
    #[inline]
    pub(crate) fn new(shared: &'q Shared<T>, item: T) -> Self {
        Self {
            shared,
            item: Some(item),
            place: Place::default(),
        }
    }

    /// Gives the put up, and gives the item back if the queue has not got it: for one that was cancelled by a timeout, say.
    ///
    /// ```
    /// # smol::block_on(async {
    /// use smolio_queue::Queue;
    /// use smolio_timer::timeout;
    /// use std::time::Duration;
    ///
    /// let queue = Queue::bounded(1);
    /// queue.put("first").await.unwrap();
    /// let mut put = queue.put("second");
    /// if timeout(Duration::from_millis(5), &mut put).await.is_err() {
    ///     assert_eq!(put.into_item(), Some("second"));
    /// }
    /// # });
    /// ```
    pub fn into_item(mut self) -> Option<T> {
        self.item.take()
    }
}

/// Puts the item in. Ready as well when that is refused for good; then the item is still there.
struct PutOne<'a, T>(&'a mut Option<T>);

impl<T> Attempt<T> for PutOne<'_, T> {
    type Output = ();

    #[inline]
    fn attempt(&mut self, state: &mut State<T>) -> Poll<()> {
        unless_full(state.put(self.0))
    }
}

#[inline]
fn unless_full(put: Result<(), Refusal>) -> Poll<()> {
    match put {
        Ok(()) | Err(Refusal::ShutDown) => Poll::Ready(()),
        Err(Refusal::Full) => Poll::Pending,
    }
}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            shared,
            item,
            place,
        } = &mut *self;
        assert!(item.is_some(), "a put was polled after it was ready");
        ready!(place.poll(shared, Side::Put, cx, PutOne(item)));
        Poll::Ready(match item.take() {
            None => Ok(()),
            Some(refused) => Err(PutError::new(refused)),
        })
    }
}

// The item is not pinned.
impl<T> Unpin for Put<'_, T> {}

impl<T> Drop for Put<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.place.leave(self.shared, Side::Put);
    }
}

impl<T> fmt::Debug for Put<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("Put", f)
    }
}

/// The future of [`Queue::put_all`](crate::Queue::put_all). It owns the items that the queue does not have yet.
#[must_use = "futures do nothing unless polled or awaited"]
pub struct PutAll<'q, T> {
    shared: &'q Shared<T>,
    rest: vec::IntoIter<T>,
    all: usize,
    place: Place,
}

impl<'q, T> PutAll<'q, T> {
    pub(crate) fn new(shared: &'q Shared<T>, items: Vec<T>) -> Self {
        Self {
            shared,
            all: items.len(),
            rest: items.into_iter(),
            place: Place::default(),
        }
    }

    /// Gives the rest up and gives it back, in its order: the items that the queue has not got.
    ///
    /// ```
    /// # smol::block_on(async {
    /// use smolio_queue::Queue;
    /// use smolio_timer::timeout;
    /// use std::time::Duration;
    ///
    /// let queue = Queue::bounded(2);
    /// let mut put = queue.put_all(["a", "b", "c"]);
    /// if timeout(Duration::from_millis(5), &mut put).await.is_err() {
    ///     assert_eq!(put.into_rest(), ["c"]);
    /// }
    /// # });
    /// ```
    pub fn into_rest(mut self) -> Vec<T> {
        self.take_rest()
    }

    fn take_rest(&mut self) -> Vec<T> {
        mem::take(&mut self.rest).collect()
    }
}

/// As [`PutOne`], with all items that are left.
struct PutMany<'a, T>(&'a mut vec::IntoIter<T>);

impl<T> Attempt<T> for PutMany<'_, T> {
    type Output = ();

    fn attempt(&mut self, state: &mut State<T>) -> Poll<()> {
        unless_full(state.put_many(self.0))
    }

    fn wants(&self) -> usize {
        self.0.len()
    }
}

impl<T> Future for PutAll<'_, T> {
    type Output = Result<(), PutAllError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            shared,
            rest,
            place,
            ..
        } = &mut *self;
        ready!(place.poll(shared, Side::Put, cx, PutMany(rest)));
        if self.rest.len() == 0 {
            return Poll::Ready(Ok(()));
        }
        let accepted = self.all - self.rest.len();
        Poll::Ready(Err(PutAllError::new(self.take_rest(), accepted)))
    }
}

// The items are not pinned.
impl<T> Unpin for PutAll<'_, T> {}

impl<T> Drop for PutAll<'_, T> {
    fn drop(&mut self) {
        self.place.leave(self.shared, Side::Put);
    }
}

impl<T> fmt::Debug for PutAll<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("PutAll", f)
    }
}
