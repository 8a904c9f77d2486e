//! How a shielded scope that is still open is seen by the scopes, groups and timeouts around it.
//!
//! Whoever cancels by dropping has to know, at a body that is pending, whether there is a shield in it. The scope and the
//! one who asks do not know each other: combinators and other people's futures lie between them. So a shielded scope says
//! in each poll in which it stays pending that it is there, and whoever may drop a body watches while polling it.
//!
//! What is reported goes outwards by itself through futures that know nothing of shields, as far as the next one that
//! watches. From there on it is that one's to say: it is silent if it is ready, since then the shield is gone with its body.
//!
//! Reports are counted, and never struck off in between: so a timeout, which is polled a million times for one shield, does
//! no more than to read the count before and, if its time is up, afterwards.
//!
//! A task is a border: nobody outside of it drops what is inside. A loop polls its tasks where nobody watches, so this
//! need not cost it anything. It matters where one is polled within a poll, a clean-up by a group for instance; so
//! [`Scoped`](crate::Scoped) keeps to itself what was reported, when it is polled as a task.

use std::cell::Cell;

thread_local! {
    /// How many shields were reported on this thread, except those that were struck off.
    static REPORTS: Cell<usize> = const { Cell::new(0) };
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
    REPORTS.set(REPORTS.get().wrapping_add(1));
}

/// A moment within a poll, to ask later on whether a shield was reported since. For those who cannot afford more:
/// [`watch_shields`] does the whole of it.
#[derive(Clone, Copy, Debug)]
#[must_use = "it is to be asked later on"]
pub struct ShieldMark(usize);

impl ShieldMark {
    /// This moment.
    #[inline]
    pub fn now() -> Self {
        Self(REPORTS.get())
    }

    /// Whether a shield was reported since then, in the same poll.
    #[inline]
    pub fn is_shielded(self) -> bool {
        REPORTS.get() != self.0
    }

    /// Strikes off what was reported since then: it does not go any further.
    #[inline]
    pub fn strike_off(self) {
        REPORTS.set(self.0);
    }
}

/// Strikes off what was reported since then when it is dropped.
pub(crate) struct ShieldBorder(ShieldMark);

impl ShieldBorder {
    #[inline]
    pub(crate) fn here() -> Self {
        Self(ShieldMark::now())
    }
}

impl Drop for ShieldBorder {
    #[inline]
    fn drop(&mut self) {
        self.0.strike_off();
    }
}

/// For those who end a body by dropping it: runs `poll`, and tells whether a shield was reported in it.
///
/// It goes no further by itself, since a caller that drops the body drops the shield in it: one that stays pending
/// calls [`report_shield`] if it has seen one. What was reported outside before stays, also when `poll` panics.
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
    let border = ShieldBorder::here();
    let result = poll();
    (result, border.0.is_shielded())
}
