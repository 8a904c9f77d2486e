//! A sleep that is armed in one place and polled or dropped in another.

use std::{cell::RefCell, pin::Pin, task::Context, thread};

use smolio_context::VirtualClock;
use smolio_timer::{Sleep, driver::Driver, sleep};

use crate::harness::{Harness, Wakes, ms, seconds};

#[test]
fn from_one_driver_to_another() {
    let harness = Harness::new();
    let other = Driver::new();
    let (first, second) = (Wakes::new(), Wakes::new());
    let mut sleeping = sleep(ms(10));
    first.poll_pending(&mut sleeping);
    {
        let _other = other.enter();
        second.poll_pending(&mut sleeping);
        second.poll_pending(&mut sleeping);
    }
    assert_eq!((harness.driver.len(), other.len()), (0, 1));
    assert_eq!(first.clones(), 0);
    // The clock moves, but only the other one fires.
    assert_eq!(harness.advance(ms(10)), 0);
    assert_eq!(other.fire(harness.clock.now()), 1);
    assert_eq!((first.count(), second.count()), (0, 1));
    // Fired on the other one, polled here: the clock tells that it is over.
    first.poll_ready(&mut sleeping);
}

#[test]
fn to_a_thread_without_a_loop_and_back() {
    let driver = Driver::new();
    let wheel = driver.enter();
    let (here, there) = (Wakes::new(), Wakes::new());
    let mut sleeping = sleep(seconds(3600));
    here.poll_pending(&mut sleeping);
    let mut sleeping = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            there.poll_pending(&mut sleeping);
            sleeping
        });
        thread.join().unwrap()
    });
    assert!(driver.is_empty());
    assert_eq!(here.clones(), 0);
    here.poll_pending(&mut sleeping);
    assert_eq!(driver.len(), 1);
    // Dropped where the wheel is not the current one, but on its thread.
    drop(wheel);
    drop(sleeping);
    assert!(driver.is_empty());
    assert_eq!((here.count(), there.count()), (0, 0));
}

#[test]
fn dropped_on_a_foreign_thread() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let mut sleeps: Vec<_> = (1..=100).map(|n| sleep(ms(n))).collect();
    for sleeping in &mut sleeps {
        wakes.poll_pending(sleeping);
    }
    let left = sleeps.split_off(98);
    thread::spawn(move || drop(sleeps)).join().unwrap();
    // They are gone before any of them could fire.
    assert_eq!(harness.driver.len(), 2);
    assert_eq!(wakes.clones(), 2);
    assert_eq!(harness.advance(ms(98)), 0);
    assert_eq!(harness.driver.next_deadline(), Some(harness.at(ms(99))));
    assert_eq!(harness.advance(seconds(1)), 2);
    assert_eq!(wakes.count(), 2);
    drop(left);
}

#[test]
fn dropped_after_its_driver() {
    let wakes = Wakes::new();
    let mut sleeping = sleep(seconds(1));
    {
        let harness = Harness::new();
        wakes.poll_pending(&mut sleeping);
        drop(harness);
    }
    assert_eq!((wakes.count(), wakes.clones()), (1, 0));
    drop(sleeping);
}

#[test]
fn from_a_loop_that_ended_to_the_next_one() {
    let clock = VirtualClock::new();
    let _clock = clock.install();
    let wakes = Wakes::new();
    let mut sleeping = sleep(ms(10));
    {
        let driver = Driver::new();
        let _wheel = driver.enter();
        wakes.poll_pending(&mut sleeping);
    }
    assert_eq!(wakes.count(), 1);
    let driver = Driver::new();
    let _wheel = driver.enter();
    wakes.poll_pending(&mut sleeping);
    assert_eq!(driver.len(), 1);
    clock.advance(ms(10));
    assert_eq!(driver.fire(clock.now()), 1);
    wakes.poll_ready(&mut sleeping);
}

#[test]
fn to_another_thread_while_the_first_fires() {
    // Real threads: whichever way each race ends, each sleep is over in time and both wheels are empty afterwards.
    let driver = Driver::new();
    let _wheel = driver.enter();
    for _ in 0..50 {
        let wakes = Wakes::new();
        let mut sleeping = sleep(ms(1));
        if wakes.poll(&mut sleeping).is_ready() {
            continue;
        }
        let thread = thread::spawn(|| smol::block_on(sleeping));
        while !thread.is_finished() {
            driver.fire(smolio_context::Instant::now());
        }
        thread.join().unwrap();
        assert!(driver.is_empty());
        assert_eq!(wakes.clones(), 0);
    }
}

thread_local! {
    static KEPT: RefCell<Vec<Sleep>> = const { RefCell::new(Vec::new()) };
    static KEPT_DRIVER: RefCell<Vec<Driver>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn dropped_while_its_thread_ends() {
    // Thread-locals are destroyed in some order; both are tried.
    for sleep_first in [true, false] {
        let keep_sleep = || KEPT.with_borrow_mut(|kept| kept.push(sleep(seconds(1))));
        let thread = thread::spawn(move || {
            if sleep_first {
                keep_sleep();
            }
            let driver = Driver::new();
            std::mem::forget(driver.enter());
            KEPT_DRIVER.with_borrow_mut(|kept| kept.push(driver));
            if !sleep_first {
                keep_sleep();
            }
            let wakes = Wakes::new();
            KEPT.with_borrow_mut(|kept| {
                let mut cx = Context::from_waker(wakes.waker());
                assert!(Pin::new(&mut kept[0]).poll(&mut cx).is_pending());
            });
        });
        thread.join().unwrap();
    }
}
