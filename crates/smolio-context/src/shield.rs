//! How a shielded scope that is still open is seen by the scopes, groups and timeouts around it.
//!
//! Whoever cancels by dropping has to know, at a body that is pending, whether there is a shield in it. The scope and the
//! one who asks do not know each other: combinators and other people's futures lie between them. So a shielded scope says
//! in each poll in which it stays pending that it is there, and whoever may drop a body watches while polling it.
//!
//! What is reported goes outwards by itself through futures that know nothing of shields, as far as the next one that
//! watches. From there on it is that one's to say: it is silent if it is ready, since then the shield is gone with its body.
//!
//! A task is a border: nobody outside of it drops what is inside. That must not cost anything where there are no shields,
//! so [`TaskContext::enter`](crate::TaskContext::enter) knows nothing of it. A watch is for one task, the one that was being
//! polled when it began, and takes no report from another.

use std::cell::Cell;

use crate::task::{TaskAddress, enclosing_address};

thread_local! {
    /// What the innermost watch waits for. Without one nobody reads it.
    static WATCH: Cell<Watch> = const { Cell::new(Watch::Reported) };
}

/// A watch goes from the first state to the second, once at most.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// For a report from within this task.
    For(TaskAddress),
    /// There was one.
    Reported,
}

/// Makes the watch outside of this one the innermost again.
struct WatchGuard(Watch);

impl Drop for WatchGuard {
    #[inline]
    fn drop(&mut self) {
        WATCH.set(self.0);
    }
}

/// For shielded scopes, in each poll in which they stay pending: whoever is about to drop the future that is being polled
/// waits until the shield is closed.
///
/// Combinators that poll only those of their members that were woken call it as well, in each poll in which they stay
/// pending while a member reported a shield in its last poll.
///
/// Whoever waits for the shield looks again when the body is polled, so there must be such a poll: a scope that has reported
/// wakes the waker of its last poll when it closes, whether it is ready or dropped. It may close in the very poll that it
/// was reported in, or be dropped by somebody else.
///
/// See [`watch_shields`] for an example.
pub fn report_shield() {
    if WATCH.get() == Watch::For(enclosing_address()) {
        WATCH.set(Watch::Reported);
    }
}

/// For those who end a body by dropping it: runs `poll`, and tells whether a shield was reported in it.
///
/// It goes no further by itself, since a caller that drops the body drops the shield in it: one that stays pending
/// calls [`report_shield`] if it has seen one. What was reported outside before is put back, also when `poll` panics.
///
/// ```
/// use smolio_context::{report_shield, watch_shields};
/// use std::{future::{Future, poll_fn}, pin::pin, task::{Context, Poll, Waker}};
///
/// // A scope that is open for good, and somebody who wants to be rid of it.
/// let mut body = pin!(async {
///     poll_fn(|_| { report_shield(); Poll::<()>::Pending }).await
/// });
/// let mut cx = Context::from_waker(Waker::noop());
/// let (poll, shielded) = watch_shields(|| body.as_mut().poll(&mut cx));
/// assert!(poll.is_pending() && shielded); // not now
/// ```
#[inline]
pub fn watch_shields<R>(poll: impl FnOnce() -> R) -> (R, bool) {
    let _outside = WatchGuard(WATCH.replace(Watch::For(enclosing_address())));
    let result = poll();
    (result, WATCH.get() == Watch::Reported)
}
