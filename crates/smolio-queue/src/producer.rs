//! A counted handle: the queue ends when the last one is dropped.

use std::{fmt, sync::Arc};

use crate::{
    error::TryPutError,
    put::{Put, PutAll},
    shared::Shared,
    state::{Refusal, State},
};

/// Puts into a queue, and keeps it open: made by [`Queue::producer`](crate::Queue::producer), and counted.
///
/// When the last one is dropped the queue is [shut down](crate::Queue::shutdown), so that its consumers end once
/// they have got all that was put in.
pub struct Producer<T>(Arc<Shared<T>>);

impl<T> Producer<T> {
    pub(crate) fn new(shared: &Arc<Shared<T>>) -> Self {
        shared.change(State::add_producer);
        Self(shared.clone())
    }

    /// As [`Queue::put`](crate::Queue::put).
    ///
    /// # Errors
    /// [`PutError`](crate::PutError) with the item, if the queue is shut down.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, the item was not put in, and is dropped with it.
    /// [`Put::into_item`] gives it back instead.
    #[inline]
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put::new(&self.0, item)
    }

    /// As [`Queue::try_put`](crate::Queue::try_put).
    ///
    /// # Errors
    /// [`TryPutError`] with the item, if the queue is full or shut down.
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        try_put(&self.0, item)
    }

    /// As [`Queue::put_all`](crate::Queue::put_all).
    ///
    /// # Errors
    /// [`PutAllError`](crate::PutAllError) with the items that were not put in, if the queue is shut down.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, the items that were put in stay in, and the rest is dropped with it.
    /// [`PutAll::into_rest`] gives the rest back instead.
    pub fn put_all(&self, items: impl IntoIterator<Item = T>) -> PutAll<'_, T> {
        PutAll::new(&self.0, items.into_iter().collect())
    }
}

impl<T> Clone for Producer<T> {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.0.change(State::remove_producer);
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Producer", f)
    }
}

#[inline]
pub(crate) fn try_put<T>(shared: &Shared<T>, item: T) -> Result<(), TryPutError<T>> {
    // Out here, where a panic in a comparison cannot drop it under the lock.
    let mut item = Some(item);
    let refusal = shared.change(|state| state.put(&mut item));
    match (refusal, item) {
        (Err(Refusal::Full), Some(item)) => Err(TryPutError::Full(item)),
        (Err(Refusal::ShutDown), Some(item)) => Err(TryPutError::ShutDown(item)),
        _ => Ok(()),
    }
}
