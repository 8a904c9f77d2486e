//! Random programs of a limiter, against a token bucket that is refilled nanosecond by nanosecond.

use std::{collections::VecDeque, task::Poll, time::Duration};

use smolio_timer::{AcquireRate, RateLimiter};

use crate::harness::{Harness, Wakes, ms};

/// What the limiter promises, in the terms that it is explained in and does not use: tokens in a bucket. A token is `period`
/// units, and each nanosecond puts `permits` units in.
struct Bucket {
    permits: u128,
    period: u128,
    burst: u128,
    units: u128,
    filled_at: Duration,
}

impl Bucket {
    fn new(permits: u32, period: Duration, burst: u32) -> Self {
        let (permits, period, burst) = (permits.into(), period.as_nanos(), burst.into());
        Self {
            permits,
            period,
            burst,
            units: burst * period,
            filled_at: Duration::ZERO,
        }
    }

    fn fill(&mut self, now: Duration) {
        let since = (now - self.filled_at).as_nanos();
        self.units = (self.units + since * self.permits).min(self.burst * self.period);
        self.filled_at = now;
    }

    fn tokens(&mut self, now: Duration) -> u128 {
        self.fill(now);
        self.units / self.period
    }

    fn take(&mut self, now: Duration) -> bool {
        let any = self.tokens(now) > 0;
        if any {
            self.units -= self.period;
        }
        any
    }

    /// How long it is until there is a token for one who comes after so many others.
    fn wait(&mut self, others: usize, now: Duration) -> Duration {
        self.fill(now);
        let missing = ((others as u128 + 1) * self.period).saturating_sub(self.units);
        Duration::from_nanos(missing.div_ceil(self.permits) as u64)
    }
}

struct Waiter<'l> {
    number: usize,
    wakes: Wakes,
    /// How often it had been woken when it was last polled; `None`: it was not yet.
    polled_at: Option<usize>,
    future: AcquireRate<'l>,
}

impl Waiter<'_> {
    /// Whether an executor would poll it now.
    fn is_ready(&self) -> bool {
        self.polled_at != Some(self.wakes.count())
    }
}

struct Program<'l> {
    harness: &'l Harness,
    limiter: &'l RateLimiter,
    waiters: Vec<Waiter<'l>>,
    started: usize,
    bucket: Bucket,
    /// The numbers of those who wait, as they are to be served.
    line: VecDeque<usize>,
    random: fastrand::Rng,
}

impl<'l> Program<'l> {
    fn start_one(&mut self) {
        self.waiters.push(Waiter {
            number: self.started,
            wakes: Wakes::new(),
            polled_at: None,
            future: self.limiter.acquire(),
        });
        self.started += 1;
    }

    fn drop_one(&mut self) {
        if !self.waiters.is_empty() {
            let index = self.random.usize(..self.waiters.len());
            let waiter = self.waiters.swap_remove(index);
            self.line.retain(|number| *number != waiter.number);
        }
    }

    fn try_one(&mut self) {
        let now = self.harness.elapsed();
        let expected = self.line.is_empty() && self.bucket.take(now);
        match self.limiter.try_acquire() {
            Ok(()) => assert!(expected),
            Err(refused) => {
                assert!(!expected);
                assert_eq!(
                    refused.retry_after(),
                    self.bucket.wait(self.line.len(), now)
                );
            }
        }
    }

    /// Polls those that were woken, in any order, until there are none; each must get what the bucket has for it.
    fn settle(&mut self) {
        let now = self.harness.elapsed();
        loop {
            let ready: Vec<_> = (0..self.waiters.len())
                .filter(|index| self.waiters[*index].is_ready())
                .collect();
            if ready.is_empty() {
                break;
            }
            let index = ready[self.random.usize(..ready.len())];
            let waiter = &mut self.waiters[index];
            if waiter.polled_at.is_none() {
                self.line.push_back(waiter.number);
            }
            waiter.polled_at = Some(waiter.wakes.count());
            let is_first = self.line.front() == Some(&waiter.number);
            let expected = is_first && self.bucket.take(now);
            assert_eq!(
                waiter.wakes.poll(&mut waiter.future) == Poll::Ready(()),
                expected
            );
            if expected {
                self.line.pop_front();
                self.waiters.swap_remove(index);
            }
        }
        // Whoever could be served was woken, and served.
        assert!(self.line.is_empty() || self.bucket.tokens(now) == 0);
        let stats = self.limiter.stats();
        assert_eq!(u128::from(stats.available), self.bucket.tokens(now));
        assert_eq!(stats.waiting, self.line.len());
    }

    fn step(&mut self) {
        match self.random.u32(..10) {
            0..4 => self.start_one(),
            4 => self.drop_one(),
            5 => self.try_one(),
            _ => drop(self.harness.advance(ms(self.random.u64(..40)))),
        }
        // Not after each: several may have been woken, dropped and moved up before one is polled.
        if self.random.u32(..3) == 0 {
            self.settle();
        }
    }
}

#[test]
fn does_what_a_bucket_of_tokens_does() {
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let harness = Harness::new();
        let (permits, burst) = (random.u32(1..40), random.u32(1..12));
        let period = Duration::from_micros(random.u64(1000..1_000_000));
        let limiter = RateLimiter::with_burst(permits, period, burst);
        let mut program = Program {
            harness: &harness,
            limiter: &limiter,
            waiters: Vec::new(),
            started: 0,
            bucket: Bucket::new(permits, period, burst),
            line: VecDeque::new(),
            random,
        };
        for _ in 0..200 {
            program.step();
        }
        // In the end all are served, by their timers alone.
        program.settle();
        while !program.waiters.is_empty() {
            assert!(harness.jump(), "seed {seed}: nobody will be woken any more");
            program.settle();
        }
    }
}
