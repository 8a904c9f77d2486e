//! `interval`: again and again.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use smolio_context::{Instant, poll_budget, spend_budget, waiting_until};

use crate::{
    sleep::{Sleep, sleep_until},
    ticks::TICK,
};

/// A tick that is late by less than this was not missed: every timer is a little late. The number is tokio's.
const TOLERANCE: Duration = Duration::from_millis(5);

/// Ticks now, and then every `period`.
///
/// Where the user of the interval is late, [`MissedTick`] says what becomes of the ticks in between; unless it is
/// chosen, they are made up for. A `period` of less than a millisecond is taken as one, zero included: the wheel has
/// no finer ticks, and an interval of zero would be a loop that never waits. That is no error to be handled, only
/// less than was asked for.
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::interval;
/// use std::time::Duration;
///
/// let mut interval = interval(Duration::from_millis(5));
/// let first = interval.tick().await; // at once
/// let second = interval.tick().await;
/// assert_eq!(second - first, Duration::from_millis(5));
/// # });
/// ```
#[doc(alias = "call_later")]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks at `start`, and then every `period`. In all else it is [`interval`].
///
/// ```
/// # smol::block_on(async {
/// use smolio_context::Instant;
/// use smolio_timer::interval_at;
/// use std::time::Duration;
///
/// // Not at once, but after the first period.
/// let period = Duration::from_millis(5);
/// let start = Instant::now() + period;
/// let mut interval = interval_at(start, period);
/// assert_eq!(interval.tick().await, start);
/// # });
/// ```
#[doc(alias = "call_at")]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval {
        sleep: sleep_until(start),
        period: period.max(TICK),
        missed: MissedTick::Burst,
    }
}

/// What an [`Interval`] does with the ticks that nobody waited for in time.
///
/// A tick is missed if it is asked for, or could be given, more than 5 ms late. Names and rules are those of tokio's
/// `MissedTickBehavior`.
#[doc(alias = "MissedTickBehavior")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MissedTick {
    /// They are made up for without a pause, until the interval is on time again.
    #[default]
    Burst,
    /// From the late tick on, the period is counted anew.
    Delay,
    /// They are left out; the next tick is at the next multiple of the period.
    Skip,
}

impl MissedTick {
    /// When the tick after the one that was due at `due`, and came at `now`, is due.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        let late = now.duration_since(due);
        if late <= TOLERANCE {
            return due.saturating_add(period);
        }
        match self {
            Self::Burst => due.saturating_add(period),
            Self::Delay => now.saturating_add(period),
            Self::Skip => {
                let since_last_multiple = late.as_nanos() % period.as_nanos();
                // Less than a period, and a remainder that does not fit comes from a period of centuries.
                let since_last_multiple = u64::try_from(since_last_multiple).unwrap_or(u64::MAX);
                now.saturating_add(period.saturating_sub(Duration::from_nanos(since_last_multiple)))
            }
        }
    }
}

/// Gives a tick per period; made by [`interval`] and [`interval_at`].
#[derive(Debug)]
#[must_use = "an interval does nothing unless its ticks are awaited"]
pub struct Interval {
    sleep: Sleep,
    period: Duration,
    missed: MissedTick,
}

impl Interval {
    /// The same interval with another way to deal with missed ticks.
    ///
    /// ```
    /// use smolio_timer::{MissedTick, interval};
    /// use std::time::Duration;
    /// let heartbeat = interval(Duration::from_secs(1)).missed_tick(MissedTick::Skip);
    /// # drop(heartbeat);
    /// ```
    pub fn missed_tick(mut self, missed: MissedTick) -> Self {
        self.missed = missed;
        self
    }

    /// The time from one tick to the next.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// When the next tick is due.
    pub fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }

    /// Waits for the next tick and tells when it was due, which may be a while ago.
    ///
    /// # Cancel safety
    /// Cancel safe: a tick that was waited for in vain comes to the next one who asks.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// [`tick`](Self::tick) for `while let`, as streams have it; there is always a next one.
    ///
    /// # Cancel safety
    /// Cancel safe, as `tick` is.
    pub async fn next(&mut self) -> Option<Instant> {
        Some(self.tick().await)
    }

    /// [`tick`](Self::tick) for futures that are written by hand.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(poll_budget(cx));
        if self.sleep.poll_elapsed(cx).is_pending() {
            waiting_until(self.deadline(), || "interval".to_string());
            return Poll::Pending;
        }
        spend_budget();
        let due = self.deadline();
        let now = Instant::now();
        self.sleep
            .reset_at(now, self.missed.next(due, now, self.period));
        Poll::Ready(due)
    }

    /// The next tick comes one period from now.
    ///
    /// ```
    /// # smol::block_on(async {
    /// use smolio_timer::interval;
    /// use std::time::Duration;
    /// let mut keep_alive = interval(Duration::from_secs(30));
    /// keep_alive.tick().await;
    /// // Something was sent, so nothing needs to be sent for another 30 seconds.
    /// keep_alive.reset();
    /// # });
    /// ```
    pub fn reset(&mut self) {
        let now = Instant::now();
        self.sleep.reset_at(now, now.saturating_add(self.period));
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
