//! `Backoff`: how long to wait before something is tried again.

use std::{iter::FusedIterator, time::Duration};

/// Pauses between attempts, each twice as long as the one before: an iterator.
///
/// Each call of `next` stands for one more failure; `None` says that it has been tried often enough. The first pause is
/// 100 ms at most, and none is longer than 10 s, unless [`base`](Self::base) and [`cap`](Self::cap) say otherwise. A clone
/// goes on where the original is, so keep one that was not used, and clone that for each thing that may fail.
///
/// A pause is a random part of what it may be, from nothing to all of it. That is "full jitter": those who failed together do
/// not come back together. Of the ways that Marc Brooker compares in "Exponential Backoff And Jitter" (AWS Architecture Blog,
/// 2015) it is the one that makes the fewest calls. The random numbers are those of the thread's `fastrand` generator, so a
/// test with a seed sees the same pauses each time.
///
/// ```
/// use smolio_timer::Backoff;
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let pauses = Backoff::new(5).base(second).cap(5 * second).jitter(false);
/// assert_eq!(pauses.map(|pause| pause.as_secs()).collect::<Vec<_>>(), [1, 2, 4, 5, 5]);
/// ```
///
/// [`retry`](crate::retry) is the loop around it. A loop of one's own starts anew after each success:
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::{Backoff, sleep};
/// # use std::{cell::Cell, time::Duration};
/// # let sessions = Cell::new(0);
/// # let connect = || { sessions.set(sessions.get() + 1); (sessions.get() % 2 == 0).then(|| async {}) };
///
/// let unused = Backoff::endless();
/// # let unused = unused.base(Duration::from_millis(1));
/// let mut pauses = unused.clone();
/// loop {
///     if let Some(connection) = connect() {
///         pauses = unused.clone();
///         connection.await; // until it breaks
/// #       if sessions.get() > 2 { break }
///     }
///     if let Some(pause) = pauses.next() {
///         sleep(pause).await;
///     }
/// }
/// # });
/// ```
#[doc(alias("wait_exponential", "wait_random_exponential", "ExponentialBackoff"))]
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a backoff only counts: sleep for the pauses that it gives, or hand it to `retry`"]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    jitter: bool,
    /// How many pauses there are yet; `None`: any number.
    left: Option<u32>,
    /// How many there have been, as far as it matters: the longest pause is reached long before this ends.
    done: u32,
}

impl Backoff {
    /// So many pauses, and so one attempt more than that.
    #[doc(alias = "stop_after_attempt")]
    pub fn new(times: u32) -> Self {
        Self {
            base: Duration::from_millis(100),
            cap: Duration::from_secs(10),
            jitter: true,
            left: Some(times),
            done: 0,
        }
    }

    /// A pause whenever one is asked for. For what has to work in the end, such as a connection that a service lives by; in
    /// all else it hides for ever what is wrong.
    #[doc(alias = "stop_never")]
    pub fn endless() -> Self {
        Self {
            left: None,
            ..Self::new(0)
        }
    }

    /// How long the first pause is at most, 100 ms by default. Each further one may be twice as long as the one before.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// What no pause is longer than, 10 s by default.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Whether a pause is a random part of what it may be, as it is by default, or all of it.
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    fn pause(&self) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(self.done));
        let longest = doubled.min(self.cap);
        if !self.jitter {
            return longest;
        }
        // A pause of more than 584 years is not cut too short by this.
        let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(fastrand::u64(0..=longest))
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.nth(0)
    }

    /// Without a random number for each pause that is left out: `backoff.clone().nth(failures)` is how one asks who counts
    /// the failures already.
    fn nth(&mut self, skipped: usize) -> Option<Duration> {
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX);
        if let Some(left) = self.left {
            let after_this = left
                .checked_sub(skipped)
                .and_then(|left| left.checked_sub(1));
            self.left = Some(after_this.unwrap_or(0));
            after_this?;
        }
        self.done = self.done.saturating_add(skipped);
        let pause = self.pause();
        self.done = self.done.saturating_add(1);
        Some(pause)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.left {
            Some(left) => (left as usize, Some(left as usize)),
            None => (usize::MAX, None),
        }
    }
}

impl FusedIterator for Backoff {}
