//! The condition.

use std::sync::Arc;

use smolio_executor::{Task, spawn, yield_now};
use smolio_sync::{Condition, Lock, LockGuard};
use smolio_test::all_blocked;
use smolio_timer::timeout;

use crate::support::{Log, Wakes, explore};

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

/// Cancelled while it waits for the lock again: the lock is not held, and the notification passes on.
#[test]
fn l5_cancelled_while_it_waits_for_the_lock_again() {
    let (lock, condition) = (Lock::new(()), Condition::new());
    let (first, second) = (Wakes::new(), Wakes::new());
    let mut one = condition.wait(lock.try_lock().unwrap());
    first.poll_pending(&mut one);
    let mut other = condition.wait(lock.try_lock().unwrap());
    second.poll_pending(&mut other);

    let guard = lock.try_lock().unwrap();
    condition.notify(1);
    first.poll_pending(&mut one);
    assert_eq!((lock.stats().waiters, condition.stats().waiters), (1, 1));
    drop(one);
    assert_eq!(lock.stats().waiters, 0, "it is gone from there too");
    assert_eq!((condition.stats().waiters, second.count()), (0, 1));
    drop(guard);
    drop(second.poll_ready(&mut other));
    assert!(!lock.is_locked());
}

/// The same when it has been given the lock already.
#[test]
fn l5_cancelled_when_it_has_been_given_the_lock() {
    let (lock, condition) = (Lock::new(()), Condition::new());
    let (first, second) = (Wakes::new(), Wakes::new());
    let mut one = condition.wait(lock.try_lock().unwrap());
    first.poll_pending(&mut one);
    let mut other = condition.wait(lock.try_lock().unwrap());
    second.poll_pending(&mut other);
    let guard = lock.try_lock().unwrap();
    condition.notify(1);
    first.poll_pending(&mut one);
    drop(guard);
    assert!(lock.is_locked());
    drop(one);
    assert!(!lock.is_locked());
    drop(second.poll_ready(&mut other));
}

/// asyncio: `test_wait_cancel_after_notify`: a notified waiter that is cancelled before it runs.
#[test]
fn l5_a_notified_waiter_is_cancelled() {
    explore(|| async {
        let (lock, condition, log) = (Arc::new(Lock::new(())), Condition::new(), Log::new());
        let mut tasks = Vec::new();
        for number in 0..3 {
            tasks.push(waiter(number, &lock, &condition, &log));
            all_blocked().await;
        }
        condition.notify(1);
        tasks.remove(0).cancel().await;
        tasks.remove(0).await;
        assert_eq!(log.entries(), [1]);
        assert_eq!(condition.stats().waiters, 1);
        condition.notify(1);
        tasks.remove(0).await;
        assert!(!lock.is_locked());
    });
}

fn waiter(number: u32, lock: &Arc<Lock<()>>, condition: &Condition, log: &Log<u32>) -> Task<()> {
    let (lock, condition, log) = (lock.clone(), condition.clone(), log.clone());
    spawn(async move {
        let guard = lock.lock().await;
        let _guard = condition.wait(guard).await;
        assert!(lock.is_locked());
        log.add(number);
    })
}

#[test]
fn l5_one_that_is_told_with_all_others_passes_nothing_on() {
    let (lock, condition) = (Lock::new(()), Condition::new());
    let (first, late) = (Wakes::new(), Wakes::new());
    let mut one = condition.wait(lock.try_lock().unwrap());
    first.poll_pending(&mut one);
    condition.notify_all();
    let mut other = condition.wait(lock.try_lock().unwrap());
    late.poll_pending(&mut other);
    drop(one);
    assert_eq!(late.count(), 0);
}

/// asyncio: `test_wait`, `test_notify`, `test_notify_all`.
#[test]
fn they_are_notified_in_the_order_in_which_they_came() {
    explore(|| async {
        let (lock, condition, log) = (Arc::new(Lock::new(())), Condition::new(), Log::new());
        let mut tasks = Vec::new();
        for number in 0..5 {
            tasks.push(waiter(number, &lock, &condition, &log));
            all_blocked().await;
        }
        let guard = lock.lock().await;
        condition.notify(1);
        all_blocked().await;
        assert!(log.entries().is_empty(), "the lock is held here");
        drop(guard);
        all_blocked().await;
        assert_eq!(log.take(), [0]);
        condition.notify(2);
        all_blocked().await;
        let mut two = log.take();
        two.sort_unstable();
        assert_eq!(two, [1, 2]);
        condition.notify_all();
        all_blocked().await;
        assert_eq!(log.take().len(), 2);
        condition.notify(100); // nobody waits, and nothing is kept for those who come
        assert_eq!(condition.stats().waiters, 0);
        for task in tasks {
            task.await;
        }
    });
}

/// asyncio: `test_wait_for`.
#[test]
fn waits_until_the_predicate_is_true() {
    explore(|| async {
        let (lock, condition) = (Arc::new(Lock::new(0)), Condition::new());
        let customer = {
            let (lock, condition) = (lock.clone(), condition.clone());
            spawn(async move {
                let guard = lock.lock_owned().await;
                let mut looks = 0;
                let mut guard = condition
                    .wait_for(guard, |value| {
                        looks += 1;
                        *value >= 3
                    })
                    .await;
                *guard -= 3;
                looks
            })
        };
        all_blocked().await;
        for _ in 0..3 {
            *lock.lock().await += 1;
            condition.notify(1);
            all_blocked().await;
        }
        assert_eq!(customer.await, 4);
        let guard = condition
            .wait_for(lock.lock().await, |value| *value == 0)
            .await;
        assert_eq!(*guard, 0, "at once, if it is true");
    });
}

/// asyncio: `test_wait_cancel`, `test_timeout_in_block`.
#[test]
fn one_that_is_cancelled_is_gone() {
    explore(|| async {
        let (lock, condition) = (Lock::new(()), Condition::new());
        let guard = lock.lock().await;
        assert!(timeout(SECOND, condition.wait(guard)).await.is_err());
        assert!(!lock.is_locked());
        assert_eq!(condition.stats().waiters, 0);
    });
}

#[test]
fn before_the_first_poll_the_lock_is_held() {
    let (lock, condition, wakes) = (Lock::new(()), Condition::new(), Wakes::new());
    let wait = condition.wait(lock.try_lock().unwrap());
    assert!(lock.is_locked());
    drop(wait);
    assert!(!lock.is_locked());
    let mut wait = condition.wait(lock.try_lock().unwrap());
    wakes.poll_pending(&mut wait);
    assert!(!lock.is_locked());
    assert_eq!(condition.stats().waiters, 1);
}

/// There is no moment between the lock and the line in which a notification could be missed.
#[test]
fn a_notification_between_look_and_wait_is_not_missed() {
    let (lock, condition) = (Lock::new(false), Condition::new());
    let (wakes, other) = (Wakes::new(), Wakes::new());
    let mut change = lock.lock();
    let guard = lock.try_lock().unwrap();
    other.poll_pending(&mut change);
    let mut wait = condition.wait(guard);
    wakes.poll_pending(&mut wait);
    // The lock was handed on within that poll; now it is changed.
    let mut guard: LockGuard<'_, bool> = other.poll_ready(&mut change);
    *guard = true;
    condition.notify(1);
    drop(guard);
    assert!(*wakes.poll_ready(&mut wait));
}

#[test]
fn a_task_with_no_budget_left_holds_the_lock_until_it_can_wait() {
    smolio_test::run(async {
        let (lock, condition) = (Arc::new(Lock::new(0)), Condition::new());
        let other = {
            let (lock, condition) = (lock.clone(), condition.clone());
            spawn(async move {
                *lock.lock().await += 1;
                condition.notify(1);
            })
        };
        let mut guard = lock.lock().await;
        while smolio_context::budget_left() != Some(0) {
            smolio_context::spend_budget();
        }
        guard = condition.wait(guard).await;
        assert_eq!(*guard, 1);
        drop(guard);
        other.await;
        yield_now().await;
    });
}
