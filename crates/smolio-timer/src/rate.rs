//! The arithmetic of a rate: when the next permit is free. Pure data, without a clock, a lock or a waker.

use std::time::Duration;

use smolio_context::Instant;

const NANOSECONDS_PER_SECOND: u128 = 1_000_000_000;

/// So many permits per period, of which some may be taken at once after a while in which nobody took any.
///
/// The rule is the generic cell rate algorithm, in its form as a "continuous-state leaky bucket" (ITU-T I.371, annex A): each
/// permit adds the time that there should be between two, time takes away what has gone by, and while there is more than the
/// tolerance nobody gets one. It lets through what a token bucket does that holds `burst` tokens and is full at first, and
/// there is nothing to be refilled.
///
/// Time is counted in units of a nanosecond divided by `permits`. In these the time between two permits is a whole number, so
/// nothing is rounded, however long it runs.
#[derive(Debug)]
pub(crate) struct Rate {
    pub(crate) permits: u32,
    pub(crate) period: Duration,
    pub(crate) burst: u32,
    /// How far those that were taken are ahead of their time, when it was last looked at: never more than the tolerance and
    /// the time between two.
    ahead: u128,
    seen_at: Instant,
}

impl Rate {
    /// `permits` and `burst` must not be zero.
    pub(crate) fn new(permits: u32, period: Duration, burst: u32, now: Instant) -> Self {
        debug_assert!(permits > 0 && burst > 0, "nobody would ever get a permit");
        Self {
            permits,
            period,
            burst,
            ahead: 0,
            seen_at: now,
        }
    }

    /// Takes a permit.
    ///
    /// # Errors
    /// When there is one, if there is none now.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        self.pass_time(now);
        if self.ahead > self.tolerance() {
            return Err(self.free_after(0, now));
        }
        self.ahead += self.between();
        Ok(())
    }

    /// When there is a permit for one who lets so many others go first.
    pub(crate) fn free_after(&mut self, others: usize, now: Instant) -> Instant {
        self.pass_time(now);
        let others = u128::try_from(others).unwrap_or(u128::MAX);
        let ahead = others
            .saturating_mul(self.between())
            .saturating_add(self.ahead);
        let nanoseconds = ahead
            .saturating_sub(self.tolerance())
            .div_ceil(self.permits.into());
        let seconds = u64::try_from(nanoseconds / NANOSECONDS_PER_SECOND).unwrap_or(u64::MAX);
        // A remainder of that division fits.
        let rest = (nanoseconds % NANOSECONDS_PER_SECOND) as u32;
        now.saturating_add(Duration::new(seconds, rest))
    }

    /// How many could be taken now.
    pub(crate) fn available(&mut self, now: Instant) -> u32 {
        self.pass_time(now);
        let Some(room) = self.tolerance().checked_sub(self.ahead) else {
            return 0;
        };
        // A period of zero is no limit: then all of the burst is there at any time.
        let further = room.checked_div(self.between()).unwrap_or(u128::MAX);
        u32::try_from(further).map_or(self.burst, |further| further + 1)
    }

    /// On a clock that has gone back, as it seems to a limiter that sees one virtual clock after the other, no time has passed.
    fn pass_time(&mut self, now: Instant) {
        // No product overflows: a duration has less than 2^94 nanoseconds, and the other number is below 2^32.
        let passed = now.duration_since(self.seen_at).as_nanos() * u128::from(self.permits);
        self.ahead = self.ahead.saturating_sub(passed);
        self.seen_at = now;
    }

    /// The time between two permits.
    fn between(&self) -> u128 {
        self.period.as_nanos()
    }

    /// How far ahead of its time a permit may be taken.
    fn tolerance(&self) -> u128 {
        u128::from(self.burst - 1) * self.between()
    }
}
