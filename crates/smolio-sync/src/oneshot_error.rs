//! What can go wrong with a oneshot.

use std::{error::Error, fmt};

/// `send`: the receiver is gone. The value is in here.
#[doc(alias = "InvalidStateError")]
#[derive(Clone, PartialEq, Eq)]
pub struct SendError<T>(T);

impl<T> SendError<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value that was refused.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// The error alone, for `?` where the value cannot go: dropped here.
    pub fn without_value(self) -> SendError<()> {
        SendError(())
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot send a value: the receiver is gone")
    }
}

impl<T> Error for SendError<T> {}

/// The sender is gone, and has sent nothing.
#[doc(alias = "CancelledError")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RecvError {}

impl RecvError {
    pub(crate) fn new() -> Self {
        Self {}
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot receive a value: the sender is gone")
    }
}

impl Error for RecvError {}

/// `try_recv` found no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TryRecvError {
    /// It has not been sent yet.
    #[doc(alias = "InvalidStateError")]
    Empty,
    /// It cannot be sent any more: the sender is gone.
    Closed,
    /// It was received before.
    Received,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "cannot receive a value: it has not been sent yet",
            Self::Closed => "cannot receive a value: the sender is gone",
            Self::Received => "cannot receive a value: it was received before",
        })
    }
}

impl Error for TryRecvError {}
