//! What a loop does when nothing is ready: for those who write a test clock.
//!
//! A loop without a policy waits for events and for its next timer. A policy may move a virtual clock instead, or find that
//! nothing can ever happen again.

use std::time::Duration;

use smolio_context::Instant;

/// Decides what the loop does when nothing is ready. See [`Builder::idle_policy`](crate::Builder::idle_policy).
pub trait IdlePolicy {
    /// Called on the loop's thread, as part of the loop, when neither the queue nor the inbox has anything.
    fn on_idle(&self, state: &IdleState) -> IdleAction;
}

/// What the policy may want to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IdleState {
    /// The earliest timer of the loop.
    pub next_timer: Option<Instant>,
    /// How many `to_thread` closures have not returned yet.
    pub threads_in_flight: usize,
    /// Nothing has run since the policy was last asked: the turn or the wait that it chose brought nothing. Also true after a
    /// wake for nothing, so a [`ParkFor`](IdleAction::ParkFor) may have ended early.
    pub still_idle: bool,
}

/// What the loop is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IdleAction {
    /// Wait for events or for the next timer, as a loop without a policy does. The timer goes by the machine's clock: not for
    /// loops on a virtual one.
    Park,
    /// Wait for events, at most this long in real time.
    ParkFor(Duration),
    /// Look for events without waiting, then ask again if there were none.
    Turn,
    /// Something was made ready (the clock moved, a waker was called): go on.
    Continue,
    /// Give up: the main future is dropped, and `run` panics with this message.
    Fail(String),
}
