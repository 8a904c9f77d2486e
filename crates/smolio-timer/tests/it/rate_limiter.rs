//! A limiter, case by case: bursts, turns, dropped waiters, and what it tells of itself.

use std::time::Duration;

use smolio_context::{TaskContext, observe, waits_of};
use smolio_timer::RateLimiter;

use crate::harness::{Harness, Wakes, ms, seconds};

/// When each of so many permits is had by one that takes them as fast as it can.
fn times(harness: &Harness, limiter: &RateLimiter, count: usize) -> Vec<Duration> {
    harness.run(async {
        let mut times = Vec::new();
        for _ in 0..count {
            limiter.acquire().await;
            times.push(harness.elapsed());
        }
        times
    })
}

#[test]
fn a_burst_and_then_one_by_one() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(5, seconds(1));
    let expected = [0, 0, 0, 0, 0, 200, 400, 600].map(ms);
    assert_eq!(times(&harness, &limiter, 8), expected);
    // Nothing is saved beyond the burst.
    harness.advance(seconds(60));
    let expected = [0, 0, 0, 0, 0, 200, 400].map(|late| ms(60_600 + late));
    assert_eq!(times(&harness, &limiter, 7), expected);
}

#[test]
fn a_burst_of_one_is_an_even_pace() {
    let harness = Harness::new();
    let limiter = RateLimiter::with_burst(10, seconds(1), 1);
    assert_eq!(times(&harness, &limiter, 4), [0, 100, 200, 300].map(ms));
    harness.advance(seconds(60));
    assert_eq!(times(&harness, &limiter, 2), [60_300, 60_400].map(ms));
}

/// A third of a second is no whole number of nanoseconds.
#[test]
fn nothing_is_rounded_away() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(3, seconds(1));
    let times = times(&harness, &limiter, 3003);
    assert_eq!(times[3002], seconds(1000));
}

#[test]
fn no_window_has_more_than_the_burst_and_what_came_back() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(10, seconds(1));
    let times = times(&harness, &limiter, 100);
    let most = (0..100).map(|first| {
        let window = times[first] + seconds(1);
        times[first..]
            .iter()
            .take_while(|time| **time < window)
            .count()
    });
    assert_eq!(most.max(), Some(19));
}

#[test]
fn try_acquire_tells_when_to_come_again() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(2, seconds(1));
    assert_eq!(
        (limiter.try_acquire(), limiter.try_acquire()),
        (Ok(()), Ok(()))
    );
    let refused = limiter.try_acquire().unwrap_err();
    assert_eq!(refused.retry_after(), ms(500));
    assert_eq!(
        refused.to_string(),
        "no permit is left of 2 per 1 s: the next is free in 500.0 ms"
    );
    harness.advance(ms(499));
    assert_eq!(limiter.try_acquire().unwrap_err().retry_after(), ms(1));
    harness.advance(ms(1));
    assert!(limiter.try_acquire().is_ok());
    assert!(limiter.try_acquire().is_err());
}

#[test]
fn try_acquire_does_not_overtake() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(1, seconds(1));
    limiter.try_acquire().unwrap();
    let (first, second) = (Wakes::new(), Wakes::new());
    let (mut one, mut other) = (limiter.acquire(), limiter.acquire());
    first.poll_pending(&mut one);
    second.poll_pending(&mut other);
    assert_eq!(limiter.try_acquire().unwrap_err().retry_after(), seconds(3));
    // There is a permit, but somebody waits for it who has not been polled yet.
    harness.advance(seconds(1));
    assert_eq!(limiter.try_acquire().unwrap_err().retry_after(), seconds(2));
    first.poll_ready(&mut one);
    drop(other);
    harness.advance(seconds(1));
    assert!(limiter.try_acquire().is_ok());
}

#[test]
fn those_who_wait_are_served_in_their_order() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(1, seconds(1));
    limiter.try_acquire().unwrap();
    let wakes = [(); 3].map(|()| Wakes::new());
    let mut waiters = [(); 3].map(|()| limiter.acquire());
    for (wakes, waiter) in wakes.iter().zip(&mut waiters) {
        wakes.poll_pending(waiter);
    }
    harness.advance(seconds(10));
    // Only the first has been woken; polled out of turn, the others wait.
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 0, 0]);
    wakes[2].poll_pending(&mut waiters[2]);
    wakes[0].poll_ready(&mut waiters[0]);
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 1, 0]);
    // A burst of one: the time that went by has not been saved.
    wakes[1].poll_pending(&mut waiters[1]);
    harness.advance(seconds(1));
    wakes[1].poll_ready(&mut waiters[1]);
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 2, 1]);
}

#[test]
fn a_dropped_waiter_loses_no_permit() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(1, seconds(1));
    limiter.try_acquire().unwrap();
    let wakes = [(); 4].map(|()| Wakes::new());
    let mut waiters = [(); 4].map(|()| Some(limiter.acquire()));
    for (wakes, waiter) in wakes.iter().zip(&mut waiters) {
        wakes.poll_pending(waiter.as_mut().unwrap());
    }
    // From the middle: nobody needs to know.
    waiters[1] = None;
    assert_eq!(wakes.each_ref().map(Wakes::count), [0; 4]);
    // The first, when it has been woken: the next takes over at once.
    harness.advance(seconds(1));
    assert_eq!(wakes[0].count(), 1);
    waiters[0] = None;
    assert_eq!(wakes[2].count(), 1);
    // That one, woken and never polled.
    waiters[2] = None;
    assert_eq!(wakes[3].count(), 1);
    wakes[3].poll_ready(waiters[3].as_mut().unwrap());
    assert_eq!((limiter.stats().waiting, limiter.stats().acquired), (0, 2));
    assert!(wakes.iter().all(|wakes| wakes.clones() == 0));
}

#[test]
fn the_first_may_move_to_another_task() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(1, seconds(1));
    limiter.try_acquire().unwrap();
    let (before, after) = (Wakes::new(), Wakes::new());
    let (mut first, mut second) = (limiter.acquire(), limiter.acquire());
    before.poll_pending(&mut first);
    before.poll_pending(&mut second);
    after.poll_pending(&mut second);
    after.poll_pending(&mut first);
    harness.advance(seconds(1));
    assert_eq!((before.count(), after.count()), (0, 1));
    after.poll_ready(&mut first);
    assert_eq!((before.count(), after.count()), (0, 2));
}

#[test]
fn a_period_of_zero_is_no_limit() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(1, Duration::ZERO);
    assert_eq!(times(&harness, &limiter, 1000).pop(), Some(Duration::ZERO));
    assert_eq!(limiter.stats().available, 1);
}

#[test]
fn the_longest_period_does_not_overflow() {
    let harness = Harness::new();
    let limiter = RateLimiter::new(u32::MAX, Duration::MAX);
    assert_eq!(limiter.stats().available, u32::MAX);
    limiter.try_acquire().unwrap();
    let slow = RateLimiter::new(1, Duration::MAX);
    slow.try_acquire().unwrap();
    assert!(slow.try_acquire().unwrap_err().retry_after() > seconds(1_000_000_000));
    Wakes::new().poll_pending(&mut slow.acquire());
    // To the last instant that there is.
    harness.advance(Duration::MAX);
    limiter.try_acquire().unwrap();
}

#[test]
fn a_rate_of_zero_is_refused() {
    let error = RateLimiter::try_with_burst(0, seconds(1), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a rate of 0 permits in bursts of 1 would never let anybody through"
    );
    assert!(RateLimiter::try_with_burst(1, seconds(1), 0).is_err());
    let panicked = std::panic::catch_unwind(|| RateLimiter::new(0, seconds(1)));
    assert!(panicked.is_err());
}

/// A limiter in a `static` sees one virtual clock after the other, and one that was years ahead must not stop it.
#[test]
fn a_clock_that_went_back_costs_no_more_than_a_burst() {
    let limiter = {
        let harness = Harness::new();
        harness.advance(seconds(100_000_000));
        let limiter = RateLimiter::new(2, seconds(1));
        assert_eq!(times(&harness, &limiter, 3).len(), 3);
        limiter
    };
    let harness = Harness::new();
    let expected = [500, 1000, 1500].map(ms);
    assert_eq!(times(&harness, &limiter, 3), expected);
}

#[test]
fn it_tells_of_itself() {
    let harness = Harness::new();
    let limiter = RateLimiter::with_burst(10, seconds(1), 3);
    let wakes = Wakes::new();
    for available in (0..3).rev() {
        limiter.try_acquire().unwrap();
        assert_eq!(limiter.stats().available, available);
    }
    let mut waiter = limiter.acquire();
    wakes.poll_pending(&mut waiter);
    let stats = limiter.clone().stats();
    assert_eq!(
        (stats.permits, stats.period, stats.burst),
        (10, seconds(1), 3)
    );
    assert_eq!((stats.waiting, stats.acquired), (1, 3));
    assert!(format!("{limiter:?}").contains("waiting: 1"), "{limiter:?}");
    drop(waiter);
    harness.advance(ms(250));
    assert_eq!(limiter.stats().available, 2);
}

#[test]
fn what_a_task_waits_for_is_said() {
    let _observation = observe();
    let harness = Harness::new();
    let limiter = RateLimiter::new(1, seconds(1));
    limiter.try_acquire().unwrap();
    let (mut first, mut second) = (limiter.acquire(), limiter.acquire());
    let context = TaskContext::root();
    context.enter(|| Wakes::new().poll_pending(&mut first));
    assert_eq!(
        waits_of(context.info().id())[0].to_string(),
        "RateLimiter::acquire, 1 s left"
    );
    context.enter(|| Wakes::new().poll_pending(&mut second));
    assert_eq!(
        waits_of(context.info().id())[0].to_string(),
        "RateLimiter::acquire, after others"
    );
    drop(harness);
}

#[test]
fn one_that_is_always_free_starves_nobody() {
    let _harness = Harness::new();
    let limiter = RateLimiter::new(1, Duration::ZERO);
    let wakes = Wakes::new();
    let in_one_poll = TaskContext::root().enter(|| {
        let mut count = 0;
        while wakes.poll(&mut limiter.acquire()).is_ready() {
            count += 1;
        }
        count
    });
    assert_eq!((in_one_poll, wakes.count()), (128, 1));
}
