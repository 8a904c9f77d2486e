//! The deadline of whoever is running: the earliest of all the timeouts that the current poll is inside of.
//!
//! asyncio and trio keep the list of nested scopes; a timeout needs only to know whether *some* enclosing one has passed
//! (then that one reports, and the inner one stays pending), and that is a question about their minimum.

use std::cell::Cell;

use crate::Instant;

thread_local! {
    static EARLIEST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// When the operation that is running now will be given up, if an enclosing timeout says so.
///
/// Children of a group are inside the timeouts of the group; spawned tasks are not inside those of their spawner.
#[doc(alias = "current_effective_deadline")]
pub fn current_deadline() -> Option<Instant> {
    EARLIEST.get()
}

/// Puts the enclosing deadline back when dropped.
#[derive(Debug)]
#[must_use = "the deadline holds until the guard is dropped"]
pub struct DeadlineGuard(Option<Instant>);

impl Drop for DeadlineGuard {
    #[inline]
    fn drop(&mut self) {
        EARLIEST.set(self.0);
    }
}

impl DeadlineGuard {
    /// The deadline that was in force outside of this one.
    #[inline]
    pub fn enclosing(&self) -> Option<Instant> {
        self.0
    }
}

/// For timeouts, around the poll of their body: `deadline` holds inside, or the enclosing one where that is earlier.
#[inline]
pub fn enter_deadline(deadline: Option<Instant>) -> DeadlineGuard {
    let enclosing = EARLIEST.get();
    let earliest = match (enclosing, deadline) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    EARLIEST.set(earliest);
    DeadlineGuard(enclosing)
}

/// For shielded scopes, around the poll of their body: the deadlines outside of them do not hold inside.
///
/// A timeout in there would else wait for an enclosing one to report, which waits for the shield to close.
///
/// The poll of a task has it too, in [`TaskContext::enter`](crate::TaskContext::enter): a task has no part in the deadlines of
/// whoever happens to poll it.
///
/// ```
/// use smolio_context::{Instant, current_deadline, enter_deadline, hide_deadlines};
/// let now = Instant::now();
/// let _timeout = enter_deadline(Some(now));
/// let shield = hide_deadlines();
/// assert_eq!(current_deadline(), None);
/// drop(shield);
/// assert_eq!(current_deadline(), Some(now));
/// ```
#[inline]
pub fn hide_deadlines() -> DeadlineGuard {
    DeadlineGuard(EARLIEST.take())
}
