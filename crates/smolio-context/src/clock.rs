//! The clock: the machine's, or a virtual one that only moves when a test moves it.

use std::{
    cell::RefCell,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant as MachineInstant},
};

use crate::Instant;

/// True once any virtual clock was made in this process: programs that never test pay one relaxed load per `now`.
static ANY_VIRTUAL: AtomicBool = AtomicBool::new(false);

thread_local! {
    static INSTALLED: RefCell<Option<VirtualClock>> = const { RefCell::new(None) };
}

/// What [`Instant::now`] gives on this thread.
pub(crate) fn now() -> Instant {
    if ANY_VIRTUAL.load(Ordering::Relaxed) {
        if let Some(clock) = VirtualClock::current() {
            return clock.now();
        }
    }
    Instant::from_std(MachineInstant::now())
}

/// Measures the machine's time, whatever clock is installed.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(MachineInstant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(MachineInstant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that stands still until it is told to move. Clones are the same clock.
///
/// ```
/// use smolio_context::{Instant, VirtualClock};
/// use std::time::Duration;
///
/// let clock = VirtualClock::new();
/// let _guard = clock.install();
/// let start = Instant::now();
/// clock.advance(Duration::from_secs(31_536_000));
/// assert_eq!(start.elapsed(), Duration::from_secs(31_536_000));
/// ```
#[derive(Clone)]
pub struct VirtualClock(Arc<State>);

struct State {
    start: MachineInstant,
    nanoseconds: AtomicU64,
}

impl VirtualClock {
    /// A clock that starts at the present moment.
    #[expect(
        clippy::new_without_default,
        reason = "two clocks made one after the other differ"
    )]
    pub fn new() -> Self {
        ANY_VIRTUAL.store(true, Ordering::Relaxed);
        Self(Arc::new(State {
            start: MachineInstant::now(),
            nanoseconds: AtomicU64::new(0),
        }))
    }

    /// The clock that is installed on this thread, if one is.
    pub fn current() -> Option<Self> {
        INSTALLED.with_borrow(Clone::clone)
    }

    /// Makes this the clock of the thread until the guard is dropped.
    pub fn install(&self) -> ClockGuard {
        ClockGuard(INSTALLED.replace(Some(self.clone())))
    }

    /// The clock's present moment.
    pub fn now(&self) -> Instant {
        let elapsed = Duration::from_nanos(self.0.nanoseconds.load(Ordering::Acquire));
        Instant::from_std(self.0.start).saturating_add(elapsed)
    }

    /// Moves the clock forward. It stops at 584 years.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let add = |now: u64| Some(now.saturating_add(by));
        self.0
            .nanoseconds
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add)
            .ok();
    }

    /// Moves the clock forward to `moment`; a moment that has passed changes nothing.
    pub fn advance_to(&self, moment: Instant) {
        let since_start = moment.duration_since(Instant::from_std(self.0.start));
        let target = u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX);
        self.0.nanoseconds.fetch_max(target, Ordering::AcqRel);
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = Duration::from_nanos(self.0.nanoseconds.load(Ordering::Relaxed));
        f.debug_struct("VirtualClock")
            .field("elapsed", &elapsed)
            .finish()
    }
}

/// Puts the thread's former clock back when dropped.
#[derive(Debug)]
#[must_use = "the clock is installed until the guard is dropped"]
pub struct ClockGuard(Option<VirtualClock>);

impl Drop for ClockGuard {
    fn drop(&mut self) {
        INSTALLED.replace(self.0.take());
    }
}
