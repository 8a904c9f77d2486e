//! One sleep on one wheel.

use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
    time::Duration,
};

use smolio_context::{Instant, TaskContext, observe, waits_of};
use smolio_timer::{sleep, sleep_until};

use crate::harness::{Harness, Wakes, ms, seconds};

#[test]
fn takes_exactly_its_time() {
    let harness = Harness::new();
    harness.run(async {
        for duration in [ms(1), ms(63), ms(64), ms(65), ms(4096), seconds(5)] {
            let start = Instant::now();
            sleep(duration).await;
            assert_eq!(start.elapsed(), duration);
        }
        let deadline = Instant::now() + seconds(3);
        sleep_until(deadline).await;
        assert_eq!(Instant::now(), deadline);
    });
    assert!(harness.driver.is_empty());
}

#[test]
fn a_year_and_a_century_pass_at_once() {
    let harness = Harness::new();
    let year = seconds(365 * 24 * 3600);
    harness.run(sleep(year));
    assert_eq!(harness.elapsed(), year);
    harness.run(sleep(100 * year));
    assert_eq!(harness.elapsed(), 101 * year);
}

#[test]
fn the_longest_duration_does_not_panic() {
    let harness = Harness::new();
    let mut endless = sleep(Duration::MAX);
    let wakes = Wakes::new();
    wakes.poll_pending(&mut endless);
    harness.advance(seconds(50 * 365 * 24 * 3600));
    wakes.poll_pending(&mut endless);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn is_never_early_between_two_ticks() {
    let harness = Harness::new();
    let mut short = sleep(Duration::from_micros(1500));
    let wakes = Wakes::new();
    wakes.poll_pending(&mut short);
    harness.advance(ms(1));
    harness.advance(Duration::from_micros(499));
    wakes.poll_pending(&mut short);
    harness.advance(Duration::from_micros(501));
    assert_eq!(wakes.count(), 1);
    wakes.poll_ready(&mut short);
}

#[test]
fn of_no_time_is_ready_at_once_and_is_not_armed() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    wakes.poll_ready(&mut sleep(Duration::ZERO));
    wakes.poll_ready(&mut sleep_until(Instant::now()));
    wakes.poll_ready(&mut sleep_until(Instant::now() - seconds(1)));
    // The loop has been beyond the deadline since it was made.
    let mut short = sleep(ms(1));
    harness.advance(ms(2));
    wakes.poll_ready(&mut short);
    assert!(harness.driver.is_empty());
    assert_eq!(wakes.count(), 0);
}

#[test]
fn is_armed_at_the_first_poll_only() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let mut sleeping = sleep(seconds(1));
    assert!(harness.driver.is_empty());
    wakes.poll_pending(&mut sleeping);
    wakes.poll_pending(&mut sleeping);
    assert_eq!(harness.driver.len(), 1);
    assert_eq!(wakes.clones(), 1);
    drop(sleeping);
    assert!(harness.driver.is_empty());
    assert_eq!(wakes.clones(), 0);
}

#[test]
fn stays_ready_and_can_be_reset() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let mut sleeping = sleep(seconds(1));
    wakes.poll_pending(&mut sleeping);
    assert!(!sleeping.is_elapsed());
    harness.advance(seconds(1));
    assert!(sleeping.is_elapsed());
    wakes.poll_ready(&mut sleeping);
    wakes.poll_ready(&mut sleeping);

    // Over, and again.
    sleeping.reset(Instant::now() + seconds(1));
    assert!(!sleeping.is_elapsed());
    wakes.poll_pending(&mut sleeping);
    // Earlier than it was.
    let deadline = Instant::now() + ms(10);
    sleeping.reset(deadline);
    assert_eq!(sleeping.deadline(), deadline);
    wakes.poll_pending(&mut sleeping);
    assert_eq!(harness.driver.len(), 1);
    assert_eq!(harness.advance(ms(10)), 1);
    wakes.poll_ready(&mut sleeping);
    // Into the past.
    sleeping.reset(Instant::now() - ms(1));
    wakes.poll_ready(&mut sleeping);
    assert!(harness.driver.is_empty());
}

#[test]
fn wakes_the_last_waker_only() {
    let harness = Harness::new();
    let (first, second) = (Wakes::new(), Wakes::new());
    let mut sleeping = sleep(seconds(1));
    first.poll_pending(&mut sleeping);
    second.poll_pending(&mut sleeping);
    assert_eq!((first.clones(), second.clones()), (0, 1));
    harness.advance(seconds(1));
    assert_eq!((first.count(), second.count()), (0, 1));
    second.poll_ready(&mut sleeping);
}

#[test]
fn wakes_in_the_order_of_deadlines_and_of_arming() {
    let harness = Harness::new();
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    struct Log(usize, std::sync::Arc<std::sync::Mutex<Vec<usize>>>);
    impl std::task::Wake for Log {
        fn wake(self: std::sync::Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    // The first two are armed for one tick at different distances.
    let mut sleeps = Vec::new();
    let deadline = harness.at(ms(100));
    for (number, deadline) in [
        (2, deadline),
        (4, harness.at(ms(101))),
        (1, harness.at(ms(70))),
    ] {
        let waker = std::sync::Arc::new(Log(number, order.clone())).into();
        let mut sleeping = sleep_until(deadline);
        assert!(
            std::pin::Pin::new(&mut sleeping)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        sleeps.push(sleeping);
    }
    harness.advance(ms(69));
    let waker = std::sync::Arc::new(Log(3, order.clone())).into();
    let mut late = sleep_until(deadline);
    assert!(
        std::pin::Pin::new(&mut late)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert_eq!(harness.advance(seconds(1)), 4);
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4]);
}

#[test]
fn spends_the_budget_and_waits_without_arming_when_it_is_used_up() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    TaskContext::root().enter(|| {
        let mut ready = 0;
        while wakes.poll(&mut sleep(Duration::ZERO)).is_ready() {
            ready += 1;
        }
        assert_eq!((ready, wakes.count()), (128, 1));
        wakes.poll_pending(&mut sleep(seconds(1)));
        assert_eq!(wakes.count(), 2);
    });
    assert!(harness.driver.is_empty());
}

#[test]
fn says_what_it_waits_for() {
    let harness = Harness::new();
    let _observation = observe();
    let context = TaskContext::root();
    let task = context.info().id();
    let mut sleeping = sleep(ms(3200));
    let mut cx = Context::from_waker(Waker::noop());
    let poll = context.enter(|| std::pin::Pin::new(&mut sleeping).poll(&mut cx));
    assert!(poll.is_pending());
    let waits = waits_of(task);
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0].to_string(), "sleep, 3.2 s left");
    assert!(!harness.driver.is_empty());
}

#[test]
fn a_waker_may_arm_and_drop_timers_while_it_is_woken_or_dropped() {
    use std::sync::{Arc, Mutex};
    /// Drops a sleep and makes another one when it is woken, and when it is dropped.
    struct Busy(Mutex<Vec<smolio_timer::Sleep>>);
    impl Busy {
        fn work(&self) {
            let Ok(mut sleeps) = self.0.try_lock() else {
                return;
            };
            sleeps.clear();
            let mut sleeping = sleep(seconds(1));
            Wakes::new().poll_pending(&mut sleeping);
            sleeps.push(sleeping);
        }
    }
    impl std::task::Wake for Busy {
        fn wake(self: Arc<Self>) {
            self.work();
        }
    }
    impl Drop for Busy {
        fn drop(&mut self) {
            self.work();
        }
    }
    let harness = Harness::new();
    let armed_with_busy_waker = || {
        let waker = Arc::new(Busy(Mutex::default())).into();
        let mut sleeping = sleep(ms(10));
        let mut cx = Context::from_waker(&waker);
        assert!(std::pin::Pin::new(&mut sleeping).poll(&mut cx).is_pending());
        sleeping
    };
    let dropped = armed_with_busy_waker();
    let mut replaced = armed_with_busy_waker();
    let fired = armed_with_busy_waker();
    drop(dropped);
    Wakes::new().poll_pending(&mut replaced);
    harness.advance(ms(10));
    drop((replaced, fired));
    assert!(harness.driver.is_empty());
}

#[test]
fn many_at_once() {
    let harness = Harness::new();
    let mut random = fastrand::Rng::with_seed(7);
    let wakes = Wakes::new();
    let mut sleeps: Vec<_> = (0..10_000)
        .map(|_| sleep(ms(random.u64(1..=1000))))
        .collect();
    harness.run(poll_fn(|cx| {
        sleeps.retain_mut(|sleeping| wakes.poll(sleeping).is_pending());
        if sleeps.is_empty() {
            return Poll::Ready(());
        }
        // The sleeps wake the counter, so the harness has to be told.
        harness.jump();
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    assert_eq!(harness.elapsed(), ms(1000));
    assert_eq!(wakes.count(), 10_000);
}
