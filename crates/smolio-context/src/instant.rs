//! A point in time, on whichever clock the thread has.

use std::{
    fmt,
    num::NonZeroU64,
    ops::{Add, AddAssign, Sub, SubAssign},
    sync::LazyLock,
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU64);

// In nanoseconds, half as large as std's: each sleep and each timeout keeps one.
const _: () = assert!(size_of::<Option<Instant>>() == 8);

/// The moment from which all others are counted: the first that anybody in this process asked for.
static ANCHOR: LazyLock<MachineInstant> = LazyLock::new(MachineInstant::now);

/// The number of that moment. So there are some 146 years before it, and some 438 after it.
const AT_ANCHOR: u64 = 1 << 62;

/// `None` from 584 years on.
#[inline]
fn nanoseconds(duration: Duration) -> Option<u64> {
    const PER_SECOND: u64 = 1_000_000_000;
    let whole = duration.as_secs().checked_mul(PER_SECOND)?;
    whole.checked_add(u64::from(duration.subsec_nanos()))
}

impl Instant {
    /// The present moment on the thread's clock.
    #[inline]
    pub fn now() -> Self {
        clock::now()
    }

    /// This moment plus `duration`, or the last one that can be told.
    pub(crate) fn add_at_most(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(nanoseconds(duration).unwrap_or(u64::MAX)),
        )
    }

    /// How long ago this was; zero if it lies ahead.
    pub fn elapsed(self) -> Duration {
        Self::now().duration_since(self)
    }

    /// The time from `earlier` to this; zero if `earlier` is the later one.
    #[inline]
    pub fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }

    /// This moment plus `duration`; `None` if that is some centuries ahead and cannot be represented.
    #[inline]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(nanoseconds(duration)?).map(Self)
    }

    /// This moment minus `duration`; `None` if the platform cannot represent it, or if that is more than a century ago.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let moment = self.0.get().checked_sub(nanoseconds(duration)?)?;
        let moment = Self(NonZeroU64::new(moment)?);
        // Some platforms know of no time before they were started.
        moment.to_std().is_some().then_some(moment)
    }

    fn to_std(self) -> Option<MachineInstant> {
        let number = self.0.get();
        if number >= AT_ANCHOR {
            ANCHOR.checked_add(Duration::from_nanos(number - AT_ANCHOR))
        } else {
            ANCHOR.checked_sub(Duration::from_nanos(AT_ANCHOR - number))
        }
    }

    /// This moment plus `duration`, or about 100 years from this moment where the sum cannot be represented: as good as
    /// never, and without a panic for `Duration::MAX`.
    #[inline]
    pub fn saturating_add(self, duration: Duration) -> Self {
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        self.checked_add(duration)
            .or_else(|| self.checked_add(CENTURY))
            .unwrap_or(self)
    }
}

/// One that lies centuries away becomes the first or the last that can be represented.
impl From<MachineInstant> for Instant {
    #[inline]
    fn from(instant: MachineInstant) -> Self {
        let anchor = *ANCHOR;
        let number = match instant.checked_duration_since(anchor) {
            Some(after) => {
                nanoseconds(after).map_or(u64::MAX, |after| AT_ANCHOR.saturating_add(after))
            }
            None => {
                let before = nanoseconds(anchor - instant).unwrap_or(u64::MAX);
                AT_ANCHOR.saturating_sub(before)
            }
        };
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<Instant> for MachineInstant {
    fn from(instant: Instant) -> Self {
        // What the platform cannot represent is not made: see `checked_sub`.
        instant.to_std().unwrap_or(*ANCHOR)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instant")
            .field(&MachineInstant::from(*self))
            .finish()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// If the sum cannot be represented; see [`checked_add`](Instant::checked_add).
    #[track_caller]
    fn add(self, duration: Duration) -> Self {
        match self.checked_add(duration) {
            Some(sum) => sum,
            None => panic!("{duration:?} after {self:?} cannot be represented"),
        }
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
    /// If the difference cannot be represented; see [`checked_sub`](Instant::checked_sub).
    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        match self.checked_sub(duration) {
            Some(difference) => difference,
            None => panic!("{duration:?} before {self:?} cannot be represented"),
        }
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
