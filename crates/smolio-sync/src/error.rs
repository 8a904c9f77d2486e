//! What can go wrong: one error per operation.

use std::{error::Error, fmt};

/// An error without anything in it but what was tried.
macro_rules! plain_error {
    ($(#[$attribute:meta])* $name:ident, $message:literal) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[non_exhaustive]
        pub struct $name {}

        impl $name {
            pub(crate) fn new() -> Self {
                Self {}
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($message)
            }
        }

        impl Error for $name {}
    };
}

plain_error! {
    /// `try_lock`: somebody holds the lock.
    TryLockError, "cannot lock: somebody holds the lock"
}

plain_error! {
    /// `try_read`: somebody writes, or waits to write.
    TryReadError, "cannot read: somebody holds the lock to write, or waits for it"
}

plain_error! {
    /// `try_write`: somebody holds the lock.
    TryWriteError, "cannot write: somebody holds the lock, or waits for it"
}

plain_error! {
    /// A barrier for nobody was asked for.
    #[doc(alias = "ValueError")]
    BarrierSizeError, "a barrier for 0 parties would never let anybody go on"
}

plain_error! {
    /// `acquire` of a limiter: the borrower has a token already, or waits for one.
    #[doc(alias = "RuntimeError")]
    BorrowError, "cannot acquire a token: this borrower has one of this limiter already, or waits for one"
}

plain_error! {
    /// `changed` and `wait_for` of a watch: nobody can change the value any more.
    WatchClosed, "cannot wait for a change: nobody can change the value any more"
}

plain_error! {
    /// A broadcast that keeps nothing was asked for.
    BroadcastCapacityError, "a broadcast with a capacity of 0 would lose every item"
}

/// `try_acquire` of a semaphore: there are not so many permits, or others wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TryAcquireError {
    wanted: usize,
    available: usize,
    waiters: usize,
}

impl TryAcquireError {
    pub(crate) fn new(wanted: usize, available: usize, waiters: usize) -> Self {
        Self {
            wanted,
            available,
            waiters,
        }
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wanted,
            available,
            waiters,
        } = self;
        write!(
            f,
            "cannot acquire {wanted} of the semaphore's permits: {available} are free, and {waiters} come first"
        )
    }
}

impl Error for TryAcquireError {}

/// `acquire_many` of a bounded semaphore: there never can be so many permits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AcquireManyError {
    wanted: usize,
    bound: usize,
}

impl AcquireManyError {
    pub(crate) fn new(wanted: usize, bound: usize) -> Self {
        Self { wanted, bound }
    }
}

impl fmt::Display for AcquireManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, bound } = self;
        write!(
            f,
            "cannot acquire {wanted} permits: the semaphore never has more than {bound}"
        )
    }
}

impl Error for AcquireManyError {}

/// `release` of a bounded semaphore: nobody has taken a permit that does not come back by itself.
#[doc(alias = "ValueError")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReleaseError {
    bound: usize,
}

impl ReleaseError {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bound }
    }
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = self.bound;
        write!(
            f,
            "cannot release a permit: none of the {bound} permits is taken for good"
        )
    }
}

impl Error for ReleaseError {}

/// `wait` of a barrier: the others will not come.
#[doc(alias = "BrokenBarrierError")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BrokenBarrier {
    /// Somebody has aborted it, before or while this waited.
    Aborted,
    /// Somebody has reset it while this waited.
    Reset,
}

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "cannot wait at the barrier: it was aborted",
            Self::Reset => "cannot wait at the barrier any longer: it was reset",
        })
    }
}

impl Error for BrokenBarrier {}

/// `try_acquire` of a limiter was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TryBorrowError {
    /// There is no token now, or others wait.
    #[doc(alias = "WouldBlock")]
    NoneFree,
    /// The borrower has a token already, or waits for one.
    Twice,
}

impl fmt::Display for TryBorrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneFree => f.write_str("cannot acquire a token: none is free"),
            Self::Twice => BorrowError::new().fmt(f),
        }
    }
}

impl Error for TryBorrowError {}

/// `try_changed` of a watch: there is nothing new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TryChangedError {
    /// The value has not been changed since it was seen.
    Unchanged,
    /// And nobody can change it any more.
    Closed,
}

impl fmt::Display for TryChangedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "cannot get a new value: it has not been changed",
            Self::Closed => "cannot get a new value: nobody can change it any more",
        })
    }
}

impl Error for TryChangedError {}

/// `send` of a broadcast: there is nobody to receive it. The item is in here.
#[derive(Clone, PartialEq, Eq)]
pub struct BroadcastSendError<T>(T);

impl<T> BroadcastSendError<T> {
    pub(crate) fn new(item: T) -> Self {
        Self(item)
    }

    /// The item that was refused.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// The error alone, for `?` where the item cannot go: dropped here.
    pub fn without_item(self) -> BroadcastSendError<()> {
        BroadcastSendError(())
    }
}

impl<T> fmt::Debug for BroadcastSendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastSendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for BroadcastSendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot send an item: there is no receiver")
    }
}

impl<T> Error for BroadcastSendError<T> {}

/// `recv` of a broadcast: instead of an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BroadcastRecvError {
    /// The receiver was too slow, and has missed so many items. It can go on.
    Lagged(u64),
    /// All has been received, and nobody can send any more.
    Closed,
}

impl fmt::Display for BroadcastRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lagged(missed) => write!(
                f,
                "cannot receive the next item: the receiver was too slow, and has missed {missed}"
            ),
            Self::Closed => f.write_str("cannot receive an item: all senders are gone"),
        }
    }
}

impl Error for BroadcastRecvError {}

/// `try_recv` of a broadcast: instead of an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BroadcastTryRecvError {
    /// There is none now.
    Empty,
    /// The receiver was too slow, and has missed so many items. It can go on.
    Lagged(u64),
    /// All has been received, and nobody can send any more.
    Closed,
}

impl fmt::Display for BroadcastTryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("cannot receive an item: there is none now"),
            Self::Lagged(missed) => BroadcastRecvError::Lagged(*missed).fmt(f),
            Self::Closed => BroadcastRecvError::Closed.fmt(f),
        }
    }
}

impl Error for BroadcastTryRecvError {}
