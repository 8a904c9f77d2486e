//! Ticks in time, and ticks that were missed.

use std::{pin::Pin, task::Context, time::Duration};

use futures_core::Stream;
use smolio_context::{Instant, TaskContext};
use smolio_timer::{Interval, MissedTick, interval, interval_at, sleep, timeout};

use crate::harness::{Harness, Wakes, ms, seconds};

#[test]
fn ticks_at_once_and_then_each_period() {
    let harness = Harness::new();
    let ticks = harness.run(async {
        let mut interval = interval(ms(100));
        let mut ticks = Vec::new();
        for _ in 0..3 {
            assert_eq!(interval.tick().await, Instant::now());
            ticks.push(harness.elapsed());
        }
        ticks
    });
    assert_eq!(ticks, [ms(0), ms(100), ms(200)]);
}

#[test]
fn starts_when_told_to() {
    let harness = Harness::new();
    let mut later = interval_at(harness.at(seconds(1)), ms(100));
    assert_eq!(later.period(), ms(100));
    assert_eq!(later.deadline(), harness.at(seconds(1)));
    assert_eq!(harness.run(later.tick()), harness.at(seconds(1)));
    assert_eq!(harness.run(later.next()), Some(harness.at(ms(1100))));
    // From the past on: all that was missed is made up for.
    let mut past = interval_at(harness.at(ms(900)), ms(100));
    for due in [900, 1000, 1100, 1200] {
        assert_eq!(harness.run(past.tick()), harness.at(ms(due)));
    }
    assert_eq!(harness.elapsed(), ms(1200));
}

/// Five ticks of a period of 100, of which the user is late for the second; when they were due and when they came.
fn late(missed: MissedTick, late: Duration) -> [(u128, u128); 5] {
    let harness = Harness::new();
    harness.run(async {
        let mut interval = interval(ms(100)).missed_tick(missed);
        let mut ticks = [(0, 0); 5];
        for (number, tick) in ticks.iter_mut().enumerate() {
            if number == 1 {
                sleep(late).await;
            }
            let due = interval.tick().await - harness.at(ms(0));
            *tick = (due.as_millis(), harness.elapsed().as_millis());
        }
        ticks
    })
}

#[test]
fn missed_ticks_come_in_a_burst() {
    let expected = [(0, 0), (100, 250), (200, 250), (300, 300), (400, 400)];
    assert_eq!(late(MissedTick::Burst, ms(250)), expected);
    assert_eq!(MissedTick::default(), MissedTick::Burst);
}

#[test]
fn missed_ticks_delay_the_next() {
    let expected = [(0, 0), (100, 250), (350, 350), (450, 450), (550, 550)];
    assert_eq!(late(MissedTick::Delay, ms(250)), expected);
}

#[test]
fn missed_ticks_are_skipped() {
    let expected = [(0, 0), (100, 250), (300, 300), (400, 400), (500, 500)];
    assert_eq!(late(MissedTick::Skip, ms(250)), expected);
}

#[test]
fn a_little_late_is_not_missed() {
    let expected = [(0, 0), (100, 105), (200, 200), (300, 300), (400, 400)];
    for missed in [MissedTick::Burst, MissedTick::Delay, MissedTick::Skip] {
        assert_eq!(late(missed, ms(105)), expected);
    }
}

#[test]
fn a_period_of_zero_is_a_millisecond() {
    let harness = Harness::new();
    let mut fastest = interval(Duration::ZERO);
    assert_eq!(fastest.period(), ms(1));
    harness.run(async {
        for _ in 0..11 {
            fastest.tick().await;
        }
    });
    assert_eq!(harness.elapsed(), ms(10));
}

#[test]
fn the_longest_period_does_not_panic() {
    let harness = Harness::new();
    for missed in [MissedTick::Burst, MissedTick::Delay, MissedTick::Skip] {
        let mut once = interval(Duration::MAX).missed_tick(missed);
        harness.run(once.tick());
        harness.advance(seconds(1));
        Wakes::new().poll_pending(&mut Box::pin(once.tick()));
    }
}

#[test]
fn a_dropped_tick_is_not_lost() {
    let harness = Harness::new();
    let mut patient = interval_at(harness.at(ms(10)), ms(10));
    assert!(harness.run(timeout(ms(5), patient.tick())).is_err());
    assert_eq!(harness.run(patient.tick()), harness.at(ms(10)));
    {
        // Dropped when it was due but had not been polled.
        let mut tick = Box::pin(patient.tick());
        Wakes::new().poll_pending(&mut tick);
        harness.advance(ms(10));
    }
    assert_eq!(harness.run(patient.tick()), harness.at(ms(20)));
}

#[test]
fn starts_anew_when_reset() {
    let harness = Harness::new();
    let mut keep_alive = interval(ms(100));
    harness.run(keep_alive.tick());
    harness.advance(ms(70));
    keep_alive.reset();
    assert_eq!(harness.run(keep_alive.tick()), harness.at(ms(170)));
}

#[test]
fn is_a_stream() {
    let harness = Harness::new();
    let mut stream = interval(ms(10));
    assert_eq!(Stream::size_hint(&stream), (usize::MAX, None));
    let ticks = harness.run(async {
        let mut ticks = Vec::new();
        for _ in 0..3 {
            let next = std::future::poll_fn(|cx| Pin::new(&mut stream).poll_next(cx));
            ticks.push(next.await.unwrap() - harness.at(ms(0)));
        }
        ticks
    });
    assert_eq!(ticks, [ms(0), ms(10), ms(20)]);
}

#[test]
fn an_endless_burst_starves_nobody() {
    let harness = Harness::new();
    let mut behind: Interval = interval(ms(1));
    harness.advance(seconds(1));
    let wakes = Wakes::new();
    let mut cx = Context::from_waker(wakes.waker());
    let ticks = TaskContext::root().enter(|| {
        let mut ticks = 0;
        while behind.poll_tick(&mut cx).is_ready() {
            ticks += 1;
        }
        ticks
    });
    assert_eq!((ticks, wakes.count()), (128, 1));
}
