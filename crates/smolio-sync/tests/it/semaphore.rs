//! Permits, in the order in which they were asked for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use smolio_executor::{spawn, yield_now};
use smolio_sync::{Acquire, BoundedSemaphore, Permit, Semaphore};

use crate::support::{Log, Wakes, explore};

/// asyncio: `test_initial_value_zero`, `test_semaphore_value`, `test_repr`.
#[test]
fn permits_are_counted() {
    let semaphore = Semaphore::new(2);
    let one = semaphore.try_acquire().unwrap();
    let other = semaphore.try_acquire().unwrap();
    assert_eq!((semaphore.available(), one.count()), (0, 1));
    assert_eq!(
        semaphore.try_acquire().unwrap_err().to_string(),
        "cannot acquire 1 of the semaphore's permits: 0 are free, and 0 come first"
    );
    drop(one);
    assert_eq!(semaphore.available(), 1);
    drop(other);
    let stats = semaphore.stats();
    assert_eq!((stats.permits, stats.available, stats.waiters), (2, 2, 0));

    let empty = Semaphore::new(0);
    assert!(empty.try_acquire().is_err());
    empty.add_permits(1);
    assert!(empty.try_acquire().is_ok());
}

struct Waiter<'s> {
    wakes: Wakes,
    acquire: Option<Acquire<'s>>,
}

impl<'s> Waiter<'s> {
    /// Somebody who waits for so many.
    fn new(semaphore: &'s Semaphore, count: usize) -> Self {
        let wakes = Wakes::new();
        let mut acquire = semaphore.acquire_many(count);
        wakes.poll_pending(&mut acquire);
        let acquire = Some(acquire);
        Self { wakes, acquire }
    }

    fn is_woken(&self) -> bool {
        self.wakes.count() == 1
    }

    #[track_caller]
    fn permit(&mut self) -> Permit {
        self.wakes.poll_ready(self.acquire.as_mut().unwrap())
    }
}

/// asyncio: `test_acquire_fifo_order`, `test_acquire_fifo_order_2`, `_3`.
#[test]
fn permits_come_in_the_order_in_which_they_were_asked_for() {
    explore(|| async {
        let (semaphore, log) = (Semaphore::new(1), Log::new());
        let mut tasks = Vec::new();
        for name in ["c1", "c2", "t1", "c3"] {
            let (semaphore, log) = (semaphore.clone(), log.clone());
            tasks.push(spawn(async move {
                let _permit = semaphore.acquire().await;
                log.add((name, 1));
                smolio_timer::sleep(std::time::Duration::from_millis(10)).await;
                log.add((name, 2));
            }));
            smolio_test::all_blocked().await;
        }
        for task in tasks {
            task.await;
        }
        let expected = ["c1", "c2", "t1", "c3"].map(|name| [(name, 1), (name, 2)]);
        assert_eq!(log.entries(), expected.concat());
    });
}

/// asyncio: `test_acquire_fifo_one_by_one`, `test_acquire_fifo_tie_race`, `test_acquire_no_hang`: who asks when a permit
/// has just been handed on does not get it.
#[test]
fn nobody_comes_in_between() {
    let semaphore = Semaphore::new(1);
    let holder = semaphore.try_acquire().unwrap();
    let mut first = Waiter::new(&semaphore, 1);
    drop(holder);
    assert!(first.is_woken());
    assert!(semaphore.try_acquire().is_err());
    let mut second = Waiter::new(&semaphore, 1);
    semaphore.add_permits(1);
    assert!(second.is_woken(), "there is one for each");
    let (one, other) = (first.permit(), second.permit());
    assert_eq!(semaphore.available(), 0);
    drop((one, other));
    assert_eq!(semaphore.available(), 2);
}

/// asyncio: `test_acquire_cancel`, `test_acquire_cancel_before_awoken`.
#[test]
fn cancelled_waiters_are_passed_over() {
    let semaphore = Semaphore::new(0);
    let mut waiters = [(); 4].map(|()| Waiter::new(&semaphore, 1));
    waiters[0].acquire = None;
    waiters[1].acquire = None;
    semaphore.add_permits(2);
    assert!(waiters[2].is_woken() && waiters[3].is_woken());
    assert_eq!(
        (waiters[0].wakes.count(), waiters[0].wakes.clones()),
        (0, 0)
    );
}

/// asyncio: `test_acquire_hang`, gh-90155: of those that were woken one is cancelled, and its permit goes to the next.
#[test]
fn a_permit_goes_past_one_who_is_cancelled_when_it_was_woken() {
    let semaphore = Semaphore::new(0);
    let mut waiters = [(); 3].map(|()| Waiter::new(&semaphore, 1));
    semaphore.add_permits(1);
    assert!(waiters[0].is_woken() && !waiters[1].is_woken());
    waiters[0].acquire = None;
    assert!(waiters[1].is_woken() && !waiters[2].is_woken());
    drop(waiters[1].permit());
    assert!(waiters[2].is_woken());
    waiters[2].acquire = None;
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn one_that_wants_many_has_its_turn() {
    let semaphore = Semaphore::new(3);
    let mut held: Vec<_> = (0..3).map(|_| semaphore.try_acquire().unwrap()).collect();
    let mut many = Waiter::new(&semaphore, 3);
    let behind = Waiter::new(&semaphore, 1);
    held.pop();
    held.pop();
    // There would be two for the one behind, but it was not there first.
    assert!(!many.is_woken() && !behind.is_woken());
    assert_eq!(
        semaphore.try_acquire().unwrap_err().to_string(),
        "cannot acquire 1 of the semaphore's permits: 2 are free, and 2 come first"
    );
    held.pop();
    assert!(many.is_woken() && !behind.is_woken());
    let permit = many.permit();
    assert_eq!((permit.count(), semaphore.available()), (3, 0));
    drop(permit);
    assert!(behind.is_woken());
}

#[test]
fn when_one_that_wants_many_is_gone_those_behind_it_go_on() {
    let semaphore = Semaphore::new(2);
    let mut many = Waiter::new(&semaphore, 3);
    let (one, other) = (Waiter::new(&semaphore, 1), Waiter::new(&semaphore, 2));
    many.acquire = None;
    assert!(one.is_woken() && !other.is_woken());
}

#[test]
fn none_are_there_at_once() {
    let semaphore = Semaphore::new(0);
    let _waiter = Waiter::new(&semaphore, 1);
    let none = Wakes::new().poll_ready(&mut semaphore.acquire_many(0));
    assert_eq!((none.count(), semaphore.available()), (0, 0));
    assert!(semaphore.try_acquire_many(0).is_ok());
}

#[test]
fn a_permit_that_is_forgotten_does_not_come_back() {
    let semaphore = Semaphore::new(3);
    semaphore.try_acquire_many(2).unwrap().forget();
    let stats = semaphore.stats();
    assert_eq!((stats.permits, stats.available), (1, 1));
    semaphore.add_permits(2);
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn there_are_not_more_permits_than_a_number_can_say() {
    let semaphore = Semaphore::new(usize::MAX - 1);
    semaphore.add_permits(1);
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(1))).is_err());
    let all = semaphore.try_acquire_many(usize::MAX).unwrap();
    assert_eq!(semaphore.available(), 0);
    drop(all);
}

/// asyncio: `test_release_not_acquired`.
#[test]
fn a_bounded_one_is_not_released_too_often() {
    let semaphore = BoundedSemaphore::new(2);
    let message = "cannot release a permit: none of the 2 permits is taken for good";
    assert_eq!(semaphore.release().unwrap_err().to_string(), message);
    // One that is held comes back by itself.
    let permit = semaphore.try_acquire().unwrap();
    assert!(semaphore.release().is_err());
    drop(permit);
    assert_eq!(semaphore.available(), 2);

    semaphore.try_acquire_many(2).unwrap().forget();
    assert_eq!((semaphore.available(), semaphore.stats().permits), (0, 0));
    semaphore.release().unwrap();
    semaphore.release().unwrap();
    assert!(semaphore.release().is_err());
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_release_lets_the_first_who_waits_go_on() {
    explore(|| async {
        let semaphore = BoundedSemaphore::new(1);
        semaphore.acquire().await.forget();
        let waiter = {
            let semaphore = semaphore.clone();
            spawn(async move { semaphore.acquire().await.count() })
        };
        yield_now().await;
        semaphore.release().unwrap();
        assert_eq!(waiter.await, 1);
        assert_eq!(semaphore.available(), 1);
    });
}

#[test]
fn more_than_a_bounded_one_can_have_is_an_error() {
    smolio_test::run(async {
        let semaphore = BoundedSemaphore::new(2);
        let permit = semaphore.acquire_many(2).await.unwrap();
        assert_eq!(permit.count(), 2);
        let error = semaphore.acquire_many(3).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot acquire 3 permits: the semaphore never has more than 2"
        );
        assert!(semaphore.try_acquire().is_err());
    });
}
