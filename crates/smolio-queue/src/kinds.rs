//! The two other orders. All else is the [`Queue`]'s, which is inside.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::{
    Queue,
    error::{CapacityError, TaskDoneError, TryGetError, TryPutError},
    get::{Get, GetJob, GetMany, Next},
    items::Items,
    join::Join,
    producer::Producer,
    put::{Put, PutAll},
    queue::or_panic,
    state::UNBOUNDED,
    stats::QueueStats,
};

/// A [`Queue`] that gives the item first that was put in last.
///
/// ```
/// # smol::block_on(async {
/// use smolio_queue::LifoQueue;
/// let queue = LifoQueue::bounded(10);
/// queue.put_all(["a", "b", "c"]).await.unwrap();
/// assert_eq!(queue.get_many(10).await.unwrap(), ["c", "b", "a"]);
/// # });
/// ```
pub struct LifoQueue<T>(Queue<T>);

/// A [`Queue`] that gives the smallest item first, and among equals the one first that was put in first.
///
/// Where the largest is to come first, put [`Reverse`](std::cmp::Reverse) around the items.
///
/// The items are compared while the queue is locked, so their `Ord` must not use the same queue: that would never end. If
/// it panics, the panic goes to whoever is putting or getting; nothing has happened to the queue then, and an item that
/// was to be put in stays with its future. In the midst of a [`get_many`](Self::get_many) that has items already, it
/// gives these and tells the unhandled hook.
///
/// ```
/// # smol::block_on(async {
/// use smolio_queue::PriorityQueue;
/// let queue = PriorityQueue::bounded(10);
/// queue.put_all([(2, "later"), (1, "soon"), (3, "last")]).await.unwrap();
/// assert_eq!(queue.get().await.unwrap(), (1, "soon"));
/// # });
/// ```
pub struct PriorityQueue<T>(Queue<T>);

impl<T> LifoQueue<T> {
    /// A queue for at most `capacity` items at a time.
    ///
    /// # Panics
    /// If `capacity` is zero, as [`Queue::bounded`].
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        or_panic(Self::try_bounded(capacity))
    }

    /// As [`Queue::try_bounded`].
    ///
    /// # Errors
    /// [`CapacityError`] if `capacity` is zero.
    pub fn try_bounded(capacity: usize) -> Result<Self, CapacityError> {
        Queue::with_capacity(Items::last_in_first_out(), capacity).map(Self)
    }

    /// As [`Queue::unbounded`].
    pub fn unbounded() -> Self {
        Self(Queue::new(Items::last_in_first_out(), UNBOUNDED))
    }
}

impl<T: Ord> PriorityQueue<T> {
    /// A queue for at most `capacity` items at a time.
    ///
    /// # Panics
    /// If `capacity` is zero, as [`Queue::bounded`].
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        or_panic(Self::try_bounded(capacity))
    }

    /// As [`Queue::try_bounded`].
    ///
    /// # Errors
    /// [`CapacityError`] if `capacity` is zero.
    pub fn try_bounded(capacity: usize) -> Result<Self, CapacityError> {
        Queue::with_capacity(Items::smallest_first(), capacity).map(Self)
    }

    /// As [`Queue::unbounded`].
    pub fn unbounded() -> Self {
        Self(Queue::new(Items::smallest_first(), UNBOUNDED))
    }
}

/// What both have from the queue inside.
macro_rules! as_queue {
    ($kind:ident) => {
        impl<T> $kind<T> {
            /// As [`Queue::named`].
            pub fn named(self, name: impl Into<Arc<str>>) -> Self {
                Self(self.0.named(name))
            }

            /// As [`Queue::put`].
            ///
            /// # Errors
            /// [`PutError`](crate::PutError) with the item, if the queue is shut down.
            ///
            /// # Cancel safety
            /// If the future is dropped before it is ready, the item was not put in, and is dropped with it.
            #[inline]
            pub fn put(&self, item: T) -> Put<'_, T> {
                self.0.put(item)
            }

            /// As [`Queue::try_put`].
            ///
            /// # Errors
            /// [`TryPutError`] with the item, if the queue is full or shut down.
            #[doc(alias = "put_nowait")]
            #[inline]
            pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
                self.0.try_put(item)
            }

            /// As [`Queue::put_all`].
            ///
            /// # Errors
            /// [`PutAllError`](crate::PutAllError) with the items that were not put in, if the queue is shut down.
            ///
            /// # Cancel safety
            /// If the future is dropped before it is ready, the items that were put in stay in, and the rest is dropped
            /// with it.
            pub fn put_all(&self, items: impl IntoIterator<Item = T>) -> PutAll<'_, T> {
                self.0.put_all(items)
            }

            /// As [`Queue::get`].
            ///
            /// # Errors
            /// [`GetError`](crate::GetError) if the queue is empty and shut down.
            ///
            /// # Cancel safety
            /// If the future is dropped before it is ready, it has taken nothing.
            #[inline]
            pub fn get(&self) -> Get<'_, T> {
                self.0.get()
            }

            /// As [`Queue::try_get`].
            ///
            /// # Errors
            /// [`TryGetError`] if the queue is empty; it tells whether it is shut down too.
            #[doc(alias = "get_nowait")]
            #[inline]
            pub fn try_get(&self) -> Result<T, TryGetError> {
                self.0.try_get()
            }

            /// As [`Queue::next`].
            ///
            /// # Cancel safety
            /// As [`get`](Self::get).
            #[doc(alias = "__anext__")]
            #[inline]
            pub fn next(&self) -> Next<'_, T> {
                self.0.next()
            }

            /// As [`Queue::get_many`]: in the order in which single gets would give them.
            ///
            /// # Errors
            /// [`GetError`](crate::GetError) if the queue is empty and shut down.
            ///
            /// # Cancel safety
            /// As [`get`](Self::get).
            #[doc(alias = "recv_many")]
            pub fn get_many(&self, max: usize) -> GetMany<'_, T> {
                self.0.get_many(max)
            }

            /// As [`Queue::get_job`].
            ///
            /// # Errors
            /// [`GetError`](crate::GetError) if the queue is empty and shut down.
            ///
            /// # Cancel safety
            /// As [`get`](Self::get).
            pub fn get_job(&self) -> GetJob<'_, T> {
                self.0.get_job()
            }

            /// As [`Queue::task_done`].
            ///
            /// # Errors
            /// [`TaskDoneError`] if it was called more often than items have been put in.
            pub fn task_done(&self) -> Result<(), TaskDoneError> {
                self.0.task_done()
            }

            /// As [`Queue::join`].
            ///
            /// # Cancel safety
            /// Dropping the future changes nothing.
            pub fn join(&self) -> Join<'_, T> {
                self.0.join()
            }

            /// As [`Queue::producer`].
            pub fn producer(&self) -> Producer<T> {
                self.0.producer()
            }

            /// As [`Queue::shutdown`].
            pub fn shutdown(&self) {
                self.0.shutdown();
            }

            /// As [`Queue::shutdown_now`].
            #[doc(alias = "immediate")]
            pub fn shutdown_now(&self) {
                self.0.shutdown_now();
            }

            /// How many items are in the queue.
            #[doc(alias = "qsize")]
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Whether there is no item in the queue.
            #[doc(alias = "empty")]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// Whether there is no room in the queue.
            #[doc(alias = "full")]
            pub fn is_full(&self) -> bool {
                self.0.is_full()
            }

            /// How many items there may be; `None` is any number.
            #[doc(alias = "maxsize")]
            pub fn capacity(&self) -> Option<usize> {
                self.0.capacity()
            }

            /// The numbers of this moment.
            pub fn stats(&self) -> QueueStats {
                self.0.stats()
            }
        }

        impl<T> Clone for $kind<T> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        /// As the stream of a [`Queue`].
        /// The items, until the queue is shut down and empty.
        ///
        /// # Cancel safety
        /// As the stream of a [`Queue`].
        impl<T> Stream for $kind<T> {
            type Item = T;

            fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
                Pin::new(&mut self.0).poll_next(cx)
            }
        }

        impl<T> fmt::Debug for $kind<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt_as(stringify!($kind), f)
            }
        }
    };
}

as_queue!(LifoQueue);
as_queue!(PriorityQueue);
