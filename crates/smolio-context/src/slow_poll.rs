//! Polls that take so long that all others have to wait: which task it was, and what to do about it.
//!
//! Only in debug mode.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{polls::Measured, report::warn};

/// In nanoseconds.
static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

pub(crate) fn set_limit(limit: Duration) {
    let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    LIMIT.store(limit, Ordering::Relaxed);
}

/// Whether a poll is slow of which this time is its own.
pub(crate) fn is_slow(own: Duration) -> bool {
    own >= Duration::from_nanos(LIMIT.load(Ordering::Relaxed))
}

/// A poll has ended that took so long.
pub(crate) fn report(poll: &Measured, own: Duration) {
    let task = &poll.task;
    warn(format_args!(
        "{task}, id {}, kept its thread busy for {own:.1?} in one poll: blocking call? move it to to_thread; \
         long computation? yield_now().await now and then",
        task.id()
    ));
}
