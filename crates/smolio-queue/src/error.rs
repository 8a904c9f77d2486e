//! What can go wrong: one error per operation, and each gives back what was refused.

use std::{error::Error, fmt};

/// `put` was refused, because the queue is shut down. The item is in here.
///
/// An item that borrows keeps `?` from making a `Box<dyn Error>` or an `anyhow::Error` of it: those may live longer than what
/// was borrowed.
///
/// ```compile_fail,E0515
/// # use smolio_queue::Queue;
/// # use std::error::Error;
/// async fn put_all() -> Result<(), Box<dyn Error>> {
///     let words = [String::from("borrowed")];
///     let queue = Queue::unbounded();
///     for word in &words {
///         queue.put(word).await?; // "returns a value referencing data owned by the current function"
///     }
///     Ok(())
/// }
/// ```
///
/// Leave the item behind:
///
/// ```
/// # use smolio_queue::{PutError, Queue};
/// # use std::error::Error;
/// async fn put_all() -> Result<(), Box<dyn Error>> {
///     let words = [String::from("borrowed")];
///     let queue = Queue::unbounded();
///     for word in &words {
///         queue.put(word).await.map_err(PutError::without_item)?;
///     }
///     Ok(())
/// }
/// # futures_lite::future::block_on(put_all()).unwrap();
/// ```
#[doc(alias = "QueueShutDown")]
#[derive(Clone, PartialEq, Eq)]
pub struct PutError<T>(T);

impl<T> PutError<T> {
    pub(crate) fn new(item: T) -> Self {
        Self(item)
    }

    /// The item that was refused.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// The error alone, for `?` where the item cannot go: dropped here.
    pub fn without_item(self) -> PutError<()> {
        PutError(())
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot put an item: the queue is shut down")
    }
}

impl<T> Error for PutError<T> {}

/// `try_put` was refused. The item is in here.
#[derive(Clone, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no room now.
    #[doc(alias = "QueueFull")]
    Full(T),
    /// There will be no room any more.
    #[doc(alias = "QueueShutDown")]
    ShutDown(T),
}

impl<T> TryPutError<T> {
    /// The item that was refused.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::ShutDown(item) => item,
        }
    }

    /// The error alone, for `?` where the item cannot go: dropped here.
    pub fn without_item(self) -> TryPutError<()> {
        match self {
            Self::Full(_) => TryPutError::Full(()),
            Self::ShutDown(_) => TryPutError::ShutDown(()),
        }
    }
}

impl<T> fmt::Debug for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::ShutDown(_) => "ShutDown(..)",
        })
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "cannot put an item: the queue is full",
            Self::ShutDown(_) => "cannot put an item: the queue is shut down",
        })
    }
}

impl<T> Error for TryPutError<T> {}

/// `put_all` was refused half-way, because the queue is shut down. The items that were not put in are in here.
#[doc(alias = "QueueShutDown")]
#[derive(Clone, PartialEq, Eq)]
pub struct PutAllError<T> {
    rest: Vec<T>,
    refused: usize,
    accepted: usize,
}

impl<T> PutAllError<T> {
    pub(crate) fn new(rest: Vec<T>, accepted: usize) -> Self {
        Self {
            refused: rest.len(),
            rest,
            accepted,
        }
    }

    /// How many items were put in before.
    pub fn accepted(&self) -> usize {
        self.accepted
    }

    /// The items that were refused, in their order.
    pub fn into_inner(self) -> Vec<T> {
        self.rest
    }

    /// The error alone, for `?` where the items cannot go: dropped here.
    pub fn without_items(self) -> PutAllError<()> {
        PutAllError {
            rest: Vec::new(),
            refused: self.refused,
            accepted: self.accepted,
        }
    }
}

impl<T> fmt::Debug for PutAllError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutAllError")
            .field("accepted", &self.accepted)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutAllError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (refused, all) = (self.refused, self.refused + self.accepted);
        write!(
            f,
            "cannot put {refused} of {all} items: the queue is shut down"
        )
    }
}

impl<T> Error for PutAllError<T> {}

/// There is no item, and there will be none: the queue is shut down.
#[doc(alias = "QueueShutDown")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GetError {}

impl GetError {
    pub(crate) fn new() -> Self {
        Self {}
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot get an item: the queue is empty and shut down")
    }
}

impl Error for GetError {}

/// `try_get` found no item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TryGetError {
    /// There is none now.
    #[doc(alias = "QueueEmpty")]
    Empty,
    /// There will be none any more.
    #[doc(alias = "QueueShutDown")]
    ShutDown,
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "cannot get an item: the queue is empty",
            Self::ShutDown => "cannot get an item: the queue is empty and shut down",
        })
    }
}

impl Error for TryGetError {}

/// `task_done` was called more often than items have been put in.
#[doc(alias = "ValueError")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TaskDoneError {}

impl TaskDoneError {
    pub(crate) fn new() -> Self {
        Self {}
    }
}

impl fmt::Display for TaskDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done was called more often than items were put into the queue")
    }
}

impl Error for TaskDoneError {}

/// A queue with room for nothing was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CapacityError {}

impl CapacityError {
    pub(crate) fn new() -> Self {
        Self {}
    }
}

impl fmt::Display for CapacityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a queue with a capacity of 0 would never take an item; unbounded() has no limit",
        )
    }
}

impl Error for CapacityError {}
