//! `RateLimiter`: not more often than so.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use smolio_context::{Instant, poll_budget, spend_budget, waiting_for, waiting_until};

use crate::{
    elapsed::in_words,
    rate::Rate,
    sleep::{Sleep, sleep_until},
};

/// Lets so many through per period: requests to somebody else's service, mostly. Clones are handles to the same limiter.
///
/// # The rule
/// `new(10, second)` has ten permits at first. A permit comes back each tenth of a second, until there are ten again. So ten
/// operations may begin at once after a while without any (the burst), and from then on they begin a tenth of a second
/// apart. Within a second there can be nineteen, then: the ten, and those that came back. For a peer that counts, and will
/// not see more than ten in whatever second it looks at, take a burst of one: [`with_burst(10, second, 1)`](Self::with_burst).
///
/// The algorithm is GCRA, the generic cell rate algorithm, which is a token bucket that needs no refilling. It is exact: over
/// any time, at most the burst and what has come back since are let through. But a timer has the granularity of a
/// millisecond, and a limiter with a burst of one cannot make up for a permit that was taken late; such a one does not give
/// more than a thousand per second.
///
/// # Who comes first
/// Those who wait are served in the order of their first poll, and [`try_acquire`](Self::try_acquire) does not overtake them.
/// A future that is dropped while it waits has taken no permit, and those behind it move up. One that is neither polled
/// nor dropped holds up those behind it, so do not put one away half-way: drop it.
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::RateLimiter;
/// use std::time::Duration;
///
/// let limiter = RateLimiter::new(1000, Duration::from_secs(1));
/// for page in 0..3 {
///     limiter.acquire().await;
///     println!("get page {page}");
/// }
/// assert_eq!(limiter.stats().acquired, 3);
/// # });
/// ```
///
/// There is no `acquire_many`: what a permit stands for is the beginning of one operation. How many of them run at the same
/// time is not its business either; that is a semaphore's.
#[doc(alias(
    "AsyncLimiter",
    "aiolimiter",
    "throttle",
    "leaky bucket",
    "token bucket"
))]
#[derive(Clone)]
pub struct RateLimiter(Arc<Mutex<State>>);

struct State {
    rate: Rate,
    /// Those who wait, in their order. The first waits for the clock and has a timer of its own; the others have a waker in
    /// here, and get it used when they have become the first.
    line: BTreeMap<u64, Option<Waker>>,
    next_ticket: u64,
    acquired: u64,
}

/// What became of an attempt to get a permit.
enum Step {
    Acquired,
    /// Nobody is before us. There will be a permit at that moment.
    First(Instant),
    /// Somebody is.
    Behind,
}

impl RateLimiter {
    /// `permits` per `period`, all of which may be taken at once. A period of zero is no limit.
    ///
    /// # Panics
    /// If `permits` is zero: nobody would ever get one. For numbers that are not yours, use
    /// [`try_with_burst`](Self::try_with_burst).
    #[track_caller]
    pub fn new(permits: u32, period: Duration) -> Self {
        Self::with_burst(permits, period, permits)
    }

    /// `permits` per `period`, of which at most `burst` may be taken at once.
    ///
    /// # Panics
    /// If `permits` or `burst` is zero: nobody would ever get one. For numbers that are not yours, use
    /// [`try_with_burst`](Self::try_with_burst).
    ///
    /// ```
    /// # smol::block_on(async {
    /// # use smolio_context::Instant;
    /// use smolio_timer::RateLimiter;
    /// use std::time::Duration;
    ///
    /// // One every 10 ms, and never two at once.
    /// let politely = RateLimiter::with_burst(100, Duration::from_secs(1), 1);
    /// # let start = Instant::now();
    /// politely.acquire().await;
    /// politely.acquire().await;
    /// # assert!(start.elapsed() >= Duration::from_millis(10));
    /// # });
    /// ```
    #[track_caller]
    pub fn with_burst(permits: u32, period: Duration, burst: u32) -> Self {
        match Self::try_with_burst(permits, period, burst) {
            Ok(limiter) => limiter,
            Err(error) => panic!("{error}"),
        }
    }

    /// [`with_burst`](Self::with_burst) for numbers from somewhere else, a configuration perhaps.
    ///
    /// # Errors
    /// [`RateError`] if `permits` or `burst` is zero.
    pub fn try_with_burst(permits: u32, period: Duration, burst: u32) -> Result<Self, RateError> {
        if permits == 0 || burst == 0 {
            return Err(RateError { permits, burst });
        }
        Ok(Self(Arc::new(Mutex::new(State {
            rate: Rate::new(permits, period, burst, Instant::now()),
            line: BTreeMap::new(),
            next_ticket: 0,
            acquired: 0,
        }))))
    }

    /// Takes a permit; waits until there is one, and for all who came before.
    ///
    /// # Cancel safety
    /// Cancel safe: one that is dropped before it is ready has taken no permit. Its place in the line is lost.
    #[doc(alias = "until_ready")]
    pub fn acquire(&self) -> AcquireRate<'_> {
        AcquireRate {
            limiter: self,
            ticket: None,
            sleep: None,
        }
    }

    /// Takes a permit, if there is one now that nobody waits for.
    ///
    /// # Errors
    /// [`TryAcquireRateError`], which tells how long it will be until there is one.
    ///
    /// ```
    /// use smolio_timer::RateLimiter;
    /// use std::time::Duration;
    /// let limiter = RateLimiter::new(2, Duration::from_secs(60));
    /// assert!(limiter.try_acquire().is_ok() && limiter.try_acquire().is_ok());
    /// let refused = limiter.try_acquire().unwrap_err();
    /// assert!(refused.retry_after() <= Duration::from_secs(30)); // for the header of an answer with the status 429
    /// ```
    #[doc(alias = "has_capacity")]
    pub fn try_acquire(&self) -> Result<(), TryAcquireRateError> {
        let mut state = self.state();
        let now = Instant::now();
        if state.line.is_empty() && state.rate.take(now).is_ok() {
            state.acquired += 1;
            return Ok(());
        }
        let waiting = state.line.len();
        let free = state.rate.free_after(waiting, now);
        Err(TryAcquireRateError {
            permits: state.rate.permits,
            period: state.rate.period,
            retry_after: free.duration_since(now),
        })
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> RateLimiterStats {
        self.state().stats()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No user code runs under the lock, so a poisoned one is still in order.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a permit or a place in the line.
    fn step(&self, ticket: &mut Option<u64>, waker: &Waker) -> Step {
        // A waker is foreign code: it is cloned, called and dropped while the lock is free.
        let waker = waker.clone();
        let mut state = self.state();
        if !state.is_first(*ticket) {
            let own = state.enter(ticket);
            let former = state.line.insert(own, Some(waker));
            drop(state);
            drop(former);
            return Step::Behind;
        }
        // Read under the lock, so that it is not earlier than what others have read.
        match state.rate.take(Instant::now()) {
            Ok(()) => {
                state.acquired += 1;
                let left = state.leave(ticket);
                drop(state);
                left.see_to();
                Step::Acquired
            }
            Err(free) => {
                let own = state.enter(ticket);
                state.line.entry(own).or_default();
                Step::First(free)
            }
        }
    }
}

impl State {
    fn stats(&mut self) -> RateLimiterStats {
        RateLimiterStats {
            permits: self.rate.permits,
            period: self.rate.period,
            burst: self.rate.burst,
            available: self.rate.available(Instant::now()),
            waiting: self.line.len(),
            acquired: self.acquired,
        }
    }

    fn is_first(&self, ticket: Option<u64>) -> bool {
        let first = self.line.first_key_value().map(|(first, _)| *first);
        first.is_none() || first == ticket
    }

    /// The place of one who waits, who gets one now if it has none.
    fn enter(&mut self, ticket: &mut Option<u64>) -> u64 {
        *ticket.get_or_insert_with(|| {
            self.next_ticket += 1;
            self.next_ticket
        })
    }

    /// Takes one who waits out of the line. If that was the first, another one is now, and has to be woken: it has a clock to
    /// look at. If it was not, the first has been told already, and has no waker in here.
    fn leave(&mut self, ticket: &mut Option<u64>) -> Left {
        let own = ticket.take().and_then(|ticket| self.line.remove(&ticket));
        let first = self.line.first_entry();
        Left {
            _own: own.flatten(),
            next: first.and_then(|mut first| first.get_mut().take()),
        }
    }
}

/// The wakers that are to be dropped, and to be called, when the lock is free.
struct Left {
    _own: Option<Waker>,
    next: Option<Waker>,
}

impl Left {
    fn see_to(self) {
        if let Some(next) = self.next {
            next.wake();
        }
    }
}

impl fmt::Debug for RateLimiter {
    /// Does not wait for the lock, so the numbers may be missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.0.try_lock().ok().map(|mut state| state.stats());
        f.debug_struct("RateLimiter")
            .field("stats", &stats)
            .finish()
    }
}

/// The future of [`RateLimiter::acquire`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct AcquireRate<'l> {
    limiter: &'l RateLimiter,
    /// The place in the line.
    ticket: Option<u64>,
    /// Of the first in the line.
    sleep: Option<Sleep>,
}

impl Future for AcquireRate<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(poll_budget(cx));
        let this = &mut *self;
        loop {
            let free = match this.limiter.step(&mut this.ticket, cx.waker()) {
                Step::Acquired => break,
                Step::First(free) => free,
                Step::Behind => {
                    waiting_for(|| "RateLimiter::acquire, after others".to_owned());
                    return Poll::Pending;
                }
            };
            let sleep = this.sleep.get_or_insert_with(|| sleep_until(free));
            if sleep.deadline() != free {
                sleep.reset(free);
            }
            if sleep.poll_elapsed(cx).is_pending() {
                waiting_until(free, || "RateLimiter::acquire".to_owned());
                return Poll::Pending;
            }
        }
        spend_budget();
        Poll::Ready(())
    }
}

impl Drop for AcquireRate<'_> {
    fn drop(&mut self) {
        if self.ticket.is_some() {
            let left = self.limiter.state().leave(&mut self.ticket);
            left.see_to();
        }
    }
}

impl fmt::Debug for AcquireRate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireRate")
            .field("in_line", &self.ticket.is_some())
            .finish_non_exhaustive()
    }
}

/// The numbers of a limiter at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RateLimiterStats {
    /// How many permits there are per period.
    pub permits: u32,
    /// How long a period is.
    pub period: Duration,
    /// How many permits there can be at once.
    pub burst: u32,
    /// How many there are.
    pub available: u32,
    /// How many futures wait for one.
    pub waiting: usize,
    /// How many have ever been taken.
    pub acquired: u64,
}

/// `try_acquire` was refused: there is no permit now, or others wait for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TryAcquireRateError {
    permits: u32,
    period: Duration,
    retry_after: Duration,
}

impl TryAcquireRateError {
    /// How long it will be until there is a permit that nobody waits for who is waiting now.
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

impl fmt::Display for TryAcquireRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = in_words(format!("{:?}", self.period));
        let retry_after = in_words(format!("{:.1?}", self.retry_after));
        let permits = self.permits;
        write!(
            f,
            "no permit is left of {permits} per {period}: the next is free in {retry_after}"
        )
    }
}

impl Error for TryAcquireRateError {}

/// A limiter without permits, or without room for one, would never let anybody through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateError {
    permits: u32,
    burst: u32,
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { permits, burst } = self;
        write!(
            f,
            "a rate of {permits} permits in bursts of {burst} would never let anybody through"
        )
    }
}

impl Error for RateError {}
