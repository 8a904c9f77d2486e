//! The states of a future that waits at a queue: for an item, for room, or for the work to be done.
//!
//! ```text
//!   entered            notified
//! ──────────> Waiting ──────────> Notified ──┐
//!                │  ^                │       │ served, or dropped
//!                │  └────────────────┘       v
//!                │      found nothing       gone
//!                └───────────────────────────^
//! ```
//!
//! Whoever changes the queue notifies as many of those that wait as can be served, in the order in which they entered,
//! and those that can be served already count. So a wake-up cannot get lost with a future that is dropped: when it
//! is gone, one more can be served than has been notified, and the next in the line is. All of that happens under the
//! queue's lock; wakers are called when it is free.

use std::task::Waker;

/// One future that waits.
pub(crate) struct Waiter {
    /// The order in which waiters have entered. Kept by those that were notified and found nothing.
    pub(crate) ticket: u64,
    /// With how many items, or how much room, it can do something: at least that much is left to it when it has been
    /// notified. Zero for those that may never come back: a stream that is not polled any more.
    pub(crate) wants: u32,
    pub(crate) phase: Phase,
}

/// The key of a waiter, or [`NOBODY`]: half as large as an `Option`, and each wait writes and reads some.
pub(crate) type Neighbour = usize;

/// The neighbour of those at the ends of the line.
pub(crate) const NOBODY: Neighbour = usize::MAX;

/// Where a waiter stands. One that is *gone* has no entry: it was served, refused or dropped.
pub(crate) enum Phase {
    /// Cannot be served yet. Linked to its neighbours, so that it can leave from the middle of the line.
    Waiting {
        waker: Waker,
        before: Neighbour,
        after: Neighbour,
    },
    /// Its waker has been taken, and is called or will be. It is out of the chain, and what it wants counts as claimed,
    /// until it is polled or dropped. Others who come first may take what it was notified of: then it waits again, in
    /// its old place.
    Notified,
}
