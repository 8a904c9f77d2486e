//! A point in time, on whichever clock the thread has.

use std::{
    ops::{Add, AddAssign, Sub, SubAssign},
    time::{Duration, Instant as MachineInstant},
};

use crate::clock;

/// A point in time that tests can own: std's `Instant`, except that [`now`](Self::now) follows a virtual clock where one
/// is installed. Converts from and to std's.
///
/// ```
/// use smolio_context::Instant;
/// use std::time::Duration;
/// let start = Instant::now();
/// let later = start + Duration::from_millis(5);
/// assert_eq!(later - start, Duration::from_millis(5));
/// let std: std::time::Instant = start.into();
/// assert_eq!(Instant::from(std), start);
/// ```
#[doc(alias = "time")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(MachineInstant);

impl Instant {
    /// The present moment on the thread's clock.
    #[inline]
    pub fn now() -> Self {
        clock::now()
    }

    pub(crate) fn from_std(instant: MachineInstant) -> Self {
        Self(instant)
    }

    /// How long ago this was; zero if it lies ahead.
    pub fn elapsed(self) -> Duration {
        Self::now().duration_since(self)
    }

    /// The time from `earlier` to this; zero if `earlier` is the later one.
    pub fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// This moment plus `duration`; `None` if the platform cannot represent it.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// This moment minus `duration`; `None` if the platform cannot represent it.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    /// This moment plus `duration`, or about 100 years from this moment where the platform cannot represent the sum: as
    /// good as never, and without a panic for `Duration::MAX`.
    pub fn saturating_add(self, duration: Duration) -> Self {
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        self.checked_add(duration)
            .or_else(|| self.checked_add(CENTURY))
            .unwrap_or(self)
    }
}

impl From<MachineInstant> for Instant {
    fn from(instant: MachineInstant) -> Self {
        Self(instant)
    }
}

impl From<Instant> for MachineInstant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// If the platform cannot represent the sum; see [`checked_add`](Instant::checked_add).
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// If the platform cannot represent the difference; see [`checked_sub`](Instant::checked_sub).
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
