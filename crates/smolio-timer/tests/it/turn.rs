//! Timeouts that do not read the clock: late by a little, but never early.
//!
//! No virtual clock here, since under one there are no turns. The moments are made up, or real for some milliseconds.

use std::{
    cell::Cell,
    future::{pending, poll_fn},
    pin::pin,
    task::Poll,
    thread,
};

use smolio_context::Instant;
use smolio_timer::{driver::Driver, move_on_after, sleep, timeout};

use crate::harness::{Harness, Wakes, ms};

#[test]
fn one_tick_is_added_in_a_short_turn() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    let begin = Instant::now();
    driver.fire_and_begin_turn(begin);
    let mut waiting = timeout(ms(10), pending::<()>());
    wakes.poll_pending(&mut waiting);
    // The turn may end up to here without another tick.
    driver.fire_and_begin_turn(begin);
    assert_eq!(driver.fire(begin + ms(10)), 0);
    assert_eq!(driver.fire(begin + ms(11)), 1);
    assert!(wakes.poll_ready(&mut waiting).is_err());
    assert!(driver.is_empty());
}

#[test]
fn what_was_armed_in_a_long_turn_is_postponed() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    let begin = Instant::now();
    driver.fire_and_begin_turn(begin);
    let mut waiting = timeout(ms(10), pending::<()>());
    wakes.poll_pending(&mut waiting);
    // It may have been armed just now.
    assert_eq!(driver.fire_and_begin_turn(begin + ms(50)), 0);
    assert_eq!(driver.fire_and_begin_turn(begin + ms(60)), 0);
    // What happens in later turns does not concern it.
    assert_eq!(driver.fire(begin + ms(61)), 1);
    assert!(wakes.poll_ready(&mut waiting).is_err());
}

#[test]
fn the_turn_ends_when_the_loop_is_about_to_wait() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    let begin = Instant::now() - ms(50);
    driver.fire_and_begin_turn(begin);
    let mut waiting = timeout(ms(10), pending::<()>());
    let before = Instant::now();
    wakes.poll_pending(&mut waiting);
    let next = driver.next_deadline().unwrap();
    assert!(next >= before + ms(10));
    // The wait is not added: from here on the clock is read.
    let mut later = timeout(ms(5), pending::<()>());
    wakes.poll_pending(&mut later);
    let next = driver.next_deadline().unwrap();
    assert!(next >= before + ms(5) && next < Instant::now() + ms(7));
    assert_eq!(driver.fire(begin), 0);
}

#[test]
fn a_body_that_ends_the_turn_gets_its_time() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    driver.fire_and_begin_turn(Instant::now() - ms(50));
    let body = poll_fn(|_| {
        driver.next_deadline();
        Poll::<()>::Pending
    });
    let mut waiting = timeout(ms(10), body);
    let before = Instant::now();
    Wakes::new().poll_pending(&mut waiting);
    assert!(driver.next_deadline().unwrap() >= before + ms(10));
}

#[test]
fn there_is_no_end_to_them_in_one_turn() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    driver.fire_and_begin_turn(Instant::now());
    let mut many: Vec<_> = (0..3000)
        .map(|_| move_on_after(ms(10), pending::<()>()))
        .collect();
    for waiting in &mut many {
        wakes.poll_pending(waiting);
    }
    assert_eq!(driver.len(), 3000);
    driver.next_deadline();
    assert_eq!(driver.fire(Instant::now() + ms(12)), 3000);
    for waiting in &mut many {
        assert_eq!(wakes.poll_ready(waiting), None);
    }
}

#[test]
fn under_a_virtual_clock_times_are_exact() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    harness.driver.fire_and_begin_turn(Instant::now());
    let mut waiting = timeout(ms(10), pending::<()>());
    wakes.poll_pending(&mut waiting);
    assert_eq!(harness.driver.next_deadline(), Some(harness.at(ms(10))));
}

#[test]
fn one_that_is_moved_to_another_thread_starts_anew() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    driver.fire_and_begin_turn(Instant::now());
    let mut waiting = Box::pin(timeout(ms(5), pending::<()>()));
    wakes.poll_pending(&mut waiting);
    assert_eq!(driver.len(), 1);
    let moved = Instant::now();
    let elapsed = thread::spawn(|| smol::block_on(waiting))
        .join()
        .unwrap()
        .unwrap_err();
    assert!(moved.elapsed() >= ms(5));
    assert_eq!(elapsed.limit(), Some(ms(5)));
    assert!(driver.is_empty());
    assert_eq!(wakes.count(), 0);
}

#[test]
fn the_last_waker_is_kept_until_the_turn_ends() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let (first, second) = (Wakes::new(), Wakes::new());
    let armed_and_dropped =
        |wakes: &Wakes| wakes.poll_pending(&mut timeout(ms(5), pending::<()>()));
    driver.fire_and_begin_turn(Instant::now());
    armed_and_dropped(&first);
    armed_and_dropped(&first);
    assert_eq!(first.clones(), 1);
    // What is kept is no timer, and neither is what is kept of a sleep.
    assert!(driver.is_empty());
    let mut sleeping = sleep(ms(5));
    first.poll_pending(&mut sleeping);
    assert_eq!((first.clones(), driver.len()), (1, 1));
    drop(sleeping);
    assert_eq!((first.clones(), driver.len()), (1, 0));
    armed_and_dropped(&second);
    assert_eq!((first.clones(), second.clones()), (0, 1));
    driver.next_deadline();
    assert_eq!((first.clones(), second.clones()), (0, 0));
    // Between two turns none is kept.
    armed_and_dropped(&first);
    assert_eq!(first.clones(), 0);
    // Nor is one left behind at the end.
    driver.fire_and_begin_turn(Instant::now());
    armed_and_dropped(&first);
    drop(driver);
    assert_eq!(first.clones(), 0);
}

#[test]
fn what_was_kept_fires_for_the_next_one_only() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    let begin = Instant::now();
    driver.fire_and_begin_turn(begin);
    let (mut short, mut long) = (
        timeout(ms(5), pending::<()>()),
        timeout(ms(50), pending::<()>()),
    );
    wakes.poll_pending(&mut short);
    drop(short);
    wakes.poll_pending(&mut long);
    assert_eq!(driver.fire_and_begin_turn(begin), 0);
    assert_eq!(driver.fire_and_begin_turn(begin + ms(20)), 0);
    wakes.poll_pending(&mut long);
    // Not in the turn in which it was armed, and not one that was armed last.
    drop(long);
    assert!(driver.is_empty());
    assert_eq!(driver.fire(begin + ms(100)), 0);
    assert_eq!(wakes.clones(), 0);
}

#[test]
fn of_two_nested_ones_only_the_outer_reports() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    let reported = Cell::new(false);
    let begin = Instant::now() - ms(100);
    driver.fire_and_begin_turn(begin);
    let inner = async {
        let result = timeout(ms(10), pending::<()>()).await;
        reported.set(true);
        result
    };
    let mut outer = pin!(timeout(ms(10), inner));
    wakes.poll_pending(&mut outer.as_mut());
    assert_eq!(driver.fire(begin + ms(50)), 0);
    assert_eq!(driver.fire(begin + ms(99)), 2);
    assert!(wakes.poll_ready(&mut outer.as_mut()).is_err());
    assert!(!reported.get());
}

#[test]
fn never_early_on_the_real_clock() {
    let driver = Driver::new();
    let _wheel = driver.enter();
    let wakes = Wakes::new();
    for busy in [0, 300, 700, 1100, 2500] {
        driver.fire_and_begin_turn(Instant::now());
        thread::sleep(std::time::Duration::from_micros(busy));
        let start = Instant::now();
        let mut waiting = timeout(ms(2), pending::<()>());
        wakes.poll_pending(&mut waiting);
        while wakes.poll(&mut waiting).is_pending() {
            driver.fire_and_begin_turn(Instant::now());
        }
        assert!(start.elapsed() >= ms(2), "after {busy} µs");
    }
}
