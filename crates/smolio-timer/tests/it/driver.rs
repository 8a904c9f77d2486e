//! What a loop sees of its wheel.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Wake},
    time::Duration,
};

use smolio_context::{Instant, VirtualClock};
use smolio_timer::{Sleep, driver::Driver, sleep, sleep_until};

use crate::harness::{Harness, Wakes, ms, seconds};

#[test]
fn follows_the_earliest_deadline() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    assert_eq!(harness.driver.next_deadline(), None);
    let mut late = sleep(seconds(10));
    wakes.poll_pending(&mut late);
    assert_eq!(
        harness.driver.next_deadline(),
        Some(harness.at(seconds(10)))
    );
    let mut early = sleep(ms(3));
    wakes.poll_pending(&mut early);
    assert_eq!(harness.driver.next_deadline(), Some(harness.at(ms(3))));
    assert_eq!(harness.advance(seconds(10)), 2);
    assert_eq!(harness.driver.next_deadline(), None);
    assert_eq!(format!("{:?}", harness.driver), "Driver { len: 0 }");
}

#[test]
fn never_overshoots_after_a_cancel() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let [mut first, mut second] = [seconds(5000), seconds(5001)].map(sleep);
    wakes.poll_pending(&mut first);
    wakes.poll_pending(&mut second);
    drop(first);
    while wakes.count() == 0 {
        assert!(harness.jump());
    }
    assert_eq!(harness.elapsed(), seconds(5001));
}

/// Panics when woken.
struct Bomb(&'static str);

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("{}", self.0);
    }
}

fn armed_with_bomb(text: &'static str, duration: Duration) -> Sleep {
    let waker = Arc::new(Bomb(text)).into();
    let mut sleeping = sleep(duration);
    let poll = Pin::new(&mut sleeping).poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    sleeping
}

#[test]
fn a_waker_that_panics_does_not_lose_the_others() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let mut before = sleep(ms(1));
    wakes.poll_pending(&mut before);
    let _bombs = [armed_with_bomb("one", ms(2)), armed_with_bomb("two", ms(3))];
    let mut after = sleep(ms(4));
    wakes.poll_pending(&mut after);
    let panic = catch_unwind(AssertUnwindSafe(|| harness.advance(ms(4)))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "one");
    assert_eq!(wakes.count(), 2);
    assert!(harness.driver.is_empty());
    wakes.poll_ready(&mut after);
}

#[test]
fn wakes_all_when_it_is_dropped() {
    let wakes = Wakes::new();
    let driver = Driver::new();
    let guard = driver.enter();
    let mut sleeping = sleep(seconds(7200));
    wakes.poll_pending(&mut sleeping);
    let _bomb = armed_with_bomb("at the end", seconds(3600));
    let mut other = sleep(seconds(7200));
    wakes.poll_pending(&mut other);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(driver))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "at the end");
    assert_eq!(wakes.count(), 2);
    // Still entered, but nobody would fire what is armed there: it takes the operating system's timer.
    wakes.poll_pending(&mut sleeping);
    drop(guard);
    sleeping.reset(Instant::now() + ms(1));
    smol::block_on(&mut sleeping);
}

#[test]
fn enters_and_leaves_like_brackets() {
    let _clock = VirtualClock::new().install();
    let wakes = Wakes::new();
    let (outer, inner) = (Driver::new(), Driver::new());
    let _outer_guard = outer.enter();
    let mut first = sleep(ms(1));
    wakes.poll_pending(&mut first);
    let mut second = sleep(ms(1));
    {
        let _inner_guard = inner.enter();
        wakes.poll_pending(&mut second);
        assert_eq!((outer.len(), inner.len()), (1, 1));
    }
    let mut third = sleep(ms(1));
    wakes.poll_pending(&mut third);
    assert_eq!((outer.len(), inner.len()), (2, 1));
}

#[test]
fn a_deadline_from_before_the_driver_is_kept_exactly() {
    let clock = VirtualClock::new();
    std::thread::sleep(ms(2));
    // Counts from a moment that the virtual clock has yet to reach.
    let driver = Driver::new();
    let _wheel = driver.enter();
    let _clock = clock.install();
    let wakes = Wakes::new();
    let start = Instant::now();
    let mut sleeping = sleep_until(start + ms(1));
    wakes.poll_pending(&mut sleeping);
    assert_eq!(driver.fire(start), 0);
    let next = driver.next_deadline().unwrap();
    assert!(next >= start + ms(1) && next < start + ms(2));
    clock.advance_to(next);
    assert_eq!(driver.fire(Instant::now()), 1);
    // And one that lies beyond the margin: late, but not early, and no panic.
    if let Some(long_ago) = start.checked_sub(seconds(100 * 24 * 3600)) {
        assert_eq!(driver.fire(long_ago), 0);
    }
}
