//! The unit of the wheel.

use std::time::Duration;

/// How long a tick is.
pub(crate) const TICK: Duration = Duration::from_millis(1);

const TICKS_PER_SECOND: u64 = 1000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoundTo {
    Lower,
    Higher,
}

/// How many ticks there are in `duration`. `Duration::as_millis` counts in 128 bits, which is slow, and rounds down.
#[inline]
pub(crate) fn count(duration: Duration, round: RoundTo) -> u64 {
    let nanoseconds = duration.subsec_nanos();
    let part = match round {
        RoundTo::Lower => nanoseconds / TICK.subsec_nanos(),
        RoundTo::Higher => nanoseconds.div_ceil(TICK.subsec_nanos()),
    };
    let whole = duration.as_secs().saturating_mul(TICKS_PER_SECOND);
    whole.saturating_add(u64::from(part))
}
