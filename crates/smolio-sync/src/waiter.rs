//! The states of a future that waits: for a lock, a permit, an event, or whatever else somebody has to give.
//!
//! ```text
//!   entered            granted
//! ──────────> Waiting ──────────> Granted ──> gone
//!                │                  │ polled: has what it was given
//!                └──> gone          │ dropped: gives it back, and the next in the line gets it
//!             dropped               v
//! ```
//!
//! What somebody waits for is *handed over*: whoever gives it up, gives it to the first in the line, who has it from that
//! moment on, and not from the moment in which it runs. So nobody who comes in between can take it away, which makes the
//! line first in, first out; and a wake-up cannot be lost with a future that is dropped, for what it was woken with is
//! given back. All of that happens under one lock; wakers are called when it is free.
//!
//! So do trio's locks, for the reasons that its manual gives under "Fairness". asyncio wakes the first and lets it try, and
//! has had to mend the ways in which a wake-up was lost more than once (gh-90155, gh-112202).

use std::task::Waker;

/// One future that waits.
pub(crate) struct Waiter<W, G> {
    /// What it asks for.
    pub(crate) want: W,
    pub(crate) phase: Phase<G>,
}

/// Where a waiter stands. One that is *gone* has no entry.
pub(crate) enum Phase<G> {
    /// Linked to its neighbours, so that it can leave from the middle of the line.
    Waiting {
        waker: Waker,
        before: usize,
        after: usize,
    },
    /// Has been given this. Its waker has been taken, and is called or will be; it is out of the chain, and comes to
    /// fetch what is in here, or is dropped.
    Granted(G),
}
