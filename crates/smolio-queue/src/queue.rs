//! The queue itself: a handle, and what can be done through it.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::{
    error::{CapacityError, TaskDoneError, TryGetError, TryPutError},
    get::{Get, GetJob, GetMany, GetOfStream, Next},
    items::Items,
    join::Join,
    place::Place,
    producer::{Producer, try_put},
    put::{Put, PutAll},
    shared::Shared,
    state::{Side, State, UNBOUNDED},
    stats::QueueStats,
};

/// A queue between tasks, first in, first out. Clones are handles to the same queue.
///
/// It works between tasks of one loop, of several workers, and between threads, and is bound to no executor.
///
/// # How it ends
/// - Where producers come to an end by themselves, each holds a [`producer`](Self::producer): when the last one is
///   dropped the queue shuts down, and the consumers' loops over [`next`](Self::next) end when it is empty.
/// - Workers that put work back into the queue they get it from are producers too, and would wait for each other for ever.
///   For them: [`join`](Self::join), which returns when all is done, then [`shutdown`](Self::shutdown).
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_queue::Queue;
///
/// let pages = Queue::unbounded();
/// pages.put(3).await?; // a page with three links
/// let worker = {
///     let pages = pages.clone();
///     spawn(async move {
///         let mut seen = 0;
///         while let Ok(links) = pages.get_job().await {
///             seen += 1;
///             for _ in 0..*links {
///                 pages.put(*links - 1).await?;
///             }
///         } // the job is done here: what it has put in is counted already
///         Ok::<u32, smolio_queue::PutError<u32>>(seen)
///     })
/// };
/// pages.join().await;
/// pages.shutdown();
/// assert_eq!(worker.await?, 16);
/// # Ok::<(), smolio_queue::PutError<u32>>(())
/// # }).unwrap();
/// ```
///
/// # Who comes first
/// Whoever asks while there is an item, or room, is served at once. Otherwise it waits, and those who wait are woken in the
/// order in which they came, as many as there is something for; one that waits with a batch counts for all of it. Somebody
/// may still be quicker than one that has been woken and does not run yet; then that one waits again, before all who came
/// after it. A future that has been woken and is neither polled nor dropped holds up what it was woken for, so do not put
/// one away half-way: drop it.
pub struct Queue<T> {
    shared: Arc<Shared<T>>,
    // Of this handle, when it is polled as a stream.
    place: Place,
}

impl<T> Queue<T> {
    /// A queue for at most `capacity` items at a time.
    ///
    /// # Panics
    /// If `capacity` is zero: such a queue would never take an item. (To asyncio a `maxsize` of zero is no limit; that is
    /// [`unbounded`](Self::unbounded).) For a number that is not yours, use [`try_bounded`](Self::try_bounded).
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        or_panic(Self::try_bounded(capacity))
    }

    /// [`bounded`](Self::bounded) for a capacity from somewhere else, a configuration perhaps.
    ///
    /// # Errors
    /// [`CapacityError`] if `capacity` is zero.
    pub fn try_bounded(capacity: usize) -> Result<Self, CapacityError> {
        Self::with_capacity(Items::first_in_first_out(), capacity)
    }

    /// A queue for any number of items. Where producers can be faster than consumers, it grows without end: prefer
    /// [`bounded`](Self::bounded).
    pub fn unbounded() -> Self {
        Self::new(Items::first_in_first_out(), UNBOUNDED)
    }

    pub(crate) fn with_capacity(items: Items<T>, capacity: usize) -> Result<Self, CapacityError> {
        if capacity == 0 {
            return Err(CapacityError::new());
        }
        Ok(Self::new(items, capacity))
    }

    pub(crate) fn new(items: Items<T>, capacity: usize) -> Self {
        Self {
            shared: Arc::new(Shared::new(items, capacity)),
            place: Place::default(),
        }
    }

    /// Gives the queue a name, for reports of who waits for what.
    ///
    /// ```
    /// # use smolio_queue::Queue;
    /// let jobs = Queue::<u32>::bounded(100).named("jobs");
    /// ```
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        self.shared.change(|state| state.set_name(name));
        self
    }

    /// Puts an item in; waits while the queue is full.
    ///
    /// # Errors
    /// [`PutError`](crate::PutError) with the item, if the queue is shut down, before or while this waits.
    ///
    /// # Panics
    /// The future, when it is polled again after it was ready.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, the item was not put in, and is dropped with it.
    /// [`Put::into_item`] gives it back instead.
    ///
    /// ```
    /// # smol::block_on(async {
    /// use smolio_queue::Queue;
    /// let queue = Queue::bounded(2);
    /// queue.put("a").await.unwrap();
    /// queue.shutdown();
    /// let refused = queue.put("b").await.unwrap_err();
    /// assert_eq!(refused.to_string(), "cannot put an item: the queue is shut down");
    /// assert_eq!(refused.into_inner(), "b");
    /// # });
    /// ```
    #[inline]
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put::new(&self.shared, item)
    }

    /// Puts an item in, if there is room now.
    ///
    /// # Errors
    /// [`TryPutError`] with the item, if the queue is full or shut down.
    #[doc(alias = "put_nowait")]
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        try_put(&self.shared, item)
    }

    /// Puts many items in, in their order; waits while the queue is full. Faster than one by one: the queue is locked once
    /// for as many as there is room for.
    ///
    /// The items are taken from the iterator at once, so it must end. Items of others may come in between where the batch
    /// has to wait. Of a batch of none nothing is refused.
    ///
    /// # Errors
    /// [`PutAllError`](crate::PutAllError) with the items that were not put in, if the queue is shut down, before or while
    /// this waits.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, the items that were put in stay in, and the rest is dropped with it.
    /// [`PutAll::into_rest`] gives the rest back instead.
    ///
    /// ```
    /// # smol::block_on(async {
    /// # use smolio_queue::Queue;
    /// let queue = Queue::bounded(100);
    /// queue.put_all(0..10).await.unwrap();
    /// assert_eq!(queue.get_many(4).await.unwrap(), [0, 1, 2, 3]);
    /// # });
    /// ```
    pub fn put_all(&self, items: impl IntoIterator<Item = T>) -> PutAll<'_, T> {
        PutAll::new(&self.shared, items.into_iter().collect())
    }

    /// Takes the next item out; waits while the queue is empty.
    ///
    /// # Errors
    /// [`GetError`](crate::GetError) if the queue is empty and shut down, before or while this waits.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it has taken nothing; a wake-up that had come for it goes to the next
    /// who waits.
    #[inline]
    pub fn get(&self) -> Get<'_, T> {
        Get::new(&self.shared)
    }

    /// Takes the next item out, if there is one now.
    ///
    /// # Errors
    /// [`TryGetError`] if the queue is empty; it tells whether it is shut down too.
    #[doc(alias = "get_nowait")]
    #[inline]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.shared.change(State::get)
    }

    /// [`get`](Self::get) for loops: `None` is the end.
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    ///
    /// ```
    /// # smol::block_on(async {
    /// # use smolio_queue::Queue;
    /// let queue = Queue::unbounded();
    /// queue.put_all(["a", "b"]).await.unwrap();
    /// queue.shutdown();
    /// while let Some(item) = queue.next().await {
    ///     println!("{item}");
    /// }
    /// # });
    /// ```
    #[doc(alias = "__anext__")]
    #[inline]
    pub fn next(&self) -> Next<'_, T> {
        Next::new(&self.shared)
    }

    /// Takes out as many items as there are, but not more than `max`; waits while the queue is empty. Faster than one by
    /// one: the queue is locked once. With a `max` of zero there is nothing to wait for, and nothing comes.
    ///
    /// # Errors
    /// [`GetError`](crate::GetError) if the queue is empty and shut down, before or while this waits.
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    #[doc(alias = "recv_many")]
    pub fn get_many(&self, max: usize) -> GetMany<'_, T> {
        GetMany::new(&self.shared, max)
    }

    /// [`get`](Self::get), and [`task_done`](Self::task_done) when the [`Job`](crate::Job) is dropped.
    ///
    /// # Errors
    /// [`GetError`](crate::GetError) if the queue is empty and shut down, before or while this waits.
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    ///
    /// ```
    /// # smol::block_on(async {
    /// # use smolio_queue::Queue;
    /// async fn work(queue: &Queue<&str>) -> Result<(), std::num::ParseIntError> {
    ///     while let Ok(job) = queue.get_job().await {
    ///         job.parse::<u32>()?; // leaves, and the job is done
    ///     }
    ///     Ok(())
    /// }
    /// let queue = Queue::unbounded();
    /// queue.put("not a number").await.unwrap();
    /// assert!(work(&queue).await.is_err());
    /// queue.join().await;
    /// # });
    /// ```
    pub fn get_job(&self) -> GetJob<'_, T> {
        GetJob::new(&self.shared)
    }

    /// Says that the work on one item is done. To be called once for each item that was got, or
    /// [`get_job`](Self::get_job) does it.
    ///
    /// # Errors
    /// [`TaskDoneError`] if it was called more often than items have been put in.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        self.shared.change(State::task_done)
    }

    /// Waits until [`task_done`](Self::task_done) has been called for each item that was put in. Ready at once where there
    /// is none, and ready also where more was put in after that moment.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub fn join(&self) -> Join<'_, T> {
        Join::new(&self.shared)
    }

    /// A counted handle: once there has been one, the queue [shuts down](Self::shutdown) when the last one is dropped.
    ///
    /// ```
    /// # smolio_executor::run(async {
    /// # use smolio_executor::spawn;
    /// # use smolio_queue::Queue;
    /// let queue = Queue::bounded(10);
    /// for number in 0..3 {
    ///     let producer = queue.producer();
    ///     spawn(async move { producer.put(number).await }).detach();
    /// }
    /// let mut sum = 0;
    /// while let Some(number) = queue.next().await {
    ///     sum += number;
    /// }
    /// assert_eq!(sum, 3);
    /// # });
    /// ```
    pub fn producer(&self) -> Producer<T> {
        Producer::new(&self.shared)
    }

    /// Ends the queue, now for those who put and soon for those who get. As `Queue.shutdown` of asyncio in Python 3.13.
    ///
    /// Items are refused from now on, and those who wait with one get it back. What is queued can still be got;
    /// when it is empty, those who get, and those who wait, are told. [`join`](Self::join) goes on waiting for the work
    /// that is not done.
    ///
    /// Somebody who has an item in hand, and waits for something else, hears nothing of it: to stop such a one as well, drop its
    /// future.
    pub fn shutdown(&self) {
        self.shared.change(State::shut_down);
    }

    /// [`shutdown`](Self::shutdown), and drops what is queued, which counts as done. As `Queue.shutdown(immediate=True)`
    /// of asyncio in Python 3.13. To have these items instead, call [`shutdown`](Self::shutdown) and
    /// [`try_get`](Self::try_get) them.
    #[doc(alias = "immediate")]
    pub fn shutdown_now(&self) {
        // Dropped here, where the lock is free.
        drop(self.shared.change(State::shut_down_now));
    }

    /// How many items are in the queue.
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.shared.look(State::len)
    }

    /// Whether there is no item in the queue.
    #[doc(alias = "empty")]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room in the queue.
    #[doc(alias = "full")]
    pub fn is_full(&self) -> bool {
        self.shared.look(State::is_full)
    }

    /// How many items there may be; `None` is any number.
    #[doc(alias = "maxsize")]
    pub fn capacity(&self) -> Option<usize> {
        self.shared.look(State::capacity)
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> QueueStats {
        self.shared.look(State::stats)
    }

    pub(crate) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as(name, f)
    }
}

#[track_caller]
pub(crate) fn or_panic<Q>(made: Result<Q, CapacityError>) -> Q {
    made.unwrap_or_else(|error| panic!("{error}"))
}

/// The items until the queue is empty and shut down.
///
/// A stream cannot tell whether it will be polled again. So one that waits is woken beside those who wait in
/// [`get`](Queue::get), not instead of one of them, and with many consumers [`next`](Queue::next) is the cheaper one.
/// The items, until the queue is shut down and empty.
///
/// # Cancel safety
/// An item comes out of a poll that is ready, and of no other: `StreamExt::next` may be dropped. The handle keeps its place in
/// the line until its next poll, or its own drop, and holds no item back from others meanwhile.
impl<T> Stream for Queue<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { shared, place } = &mut *self;
        place
            .poll(shared, Side::Get, cx, GetOfStream)
            .map(Result::ok)
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            place: Place::default(),
        }
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        self.place.leave(&self.shared, Side::Get);
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("Queue", f)
    }
}
