//! The lock: one at a time, in the order in which they came, handed over.

use std::sync::Arc;

use smolio_executor::{spawn, yield_now};
use smolio_sync::{Lock, TryLockError};

use crate::support::{Log, Wakes, explore};

/// A holds, B waits and is cancelled as A releases, C waits.
#[test]
fn l1_a_lock_goes_past_one_who_is_cancelled_as_it_gets_it() {
    let lock = Lock::new(0);
    let (b_wakes, c_wakes) = (Wakes::new(), Wakes::new());
    let a = lock.try_lock().unwrap();
    let (mut b, mut c) = (lock.lock(), lock.lock());
    b_wakes.poll_pending(&mut b);
    c_wakes.poll_pending(&mut c);
    drop(a);
    assert_eq!((b_wakes.count(), c_wakes.count()), (1, 0));
    drop(b);
    assert_eq!((b_wakes.count(), c_wakes.count()), (1, 1));
    let guard = c_wakes.poll_ready(&mut c);
    assert!(lock.is_locked());
    drop((guard, c));
    assert!(!lock.is_locked());
    assert_eq!((b_wakes.count(), c_wakes.count()), (1, 1));
}

#[test]
fn l1_with_tasks_in_any_order() {
    explore(|| async {
        let (lock, log) = (Arc::new(Lock::new(())), Log::new());
        let a = lock.lock().await;
        let waiter = |name: &'static str| {
            let (lock, log) = (lock.clone(), log.clone());
            async move {
                let _guard = lock.lock().await;
                log.add(name);
            }
        };
        let b = spawn(waiter("b"));
        smolio_test::all_blocked().await;
        let c = spawn(waiter("c"));
        smolio_test::all_blocked().await;
        drop(a);
        b.cancel().await;
        c.await;
        assert_eq!(log.entries(), ["c"]);
        assert_eq!(lock.stats().waiters, 0);
        assert!(lock.try_lock().is_ok());
    });
}

/// asyncio: `test_acquire`, and that the order is that in which they came.
#[test]
fn those_who_wait_get_it_in_the_order_in_which_they_came() {
    explore(|| async {
        let (lock, log) = (Arc::new(Lock::new(())), Log::new());
        let first = lock.lock().await;
        let mut tasks = Vec::new();
        for number in 0..5 {
            let (lock, log) = (lock.clone(), log.clone());
            tasks.push(spawn(async move {
                let _guard = lock.lock().await;
                log.add(number);
                yield_now().await;
            }));
            smolio_test::all_blocked().await;
        }
        drop(first);
        for task in tasks {
            task.await;
        }
        assert_eq!(log.entries(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn nobody_comes_in_between() {
    let (lock, wakes) = (Lock::new(()), Wakes::new());
    let holder = lock.try_lock().unwrap();
    let mut waiter = lock.lock();
    wakes.poll_pending(&mut waiter);
    drop(holder);
    // The one who waits has not run yet, and has it already.
    assert!(lock.is_locked());
    assert_eq!(
        lock.try_lock().unwrap_err(),
        TryLockError::clone(&lock.try_lock().unwrap_err())
    );
    let late = Wakes::new();
    let mut latecomer = lock.lock();
    late.poll_pending(&mut latecomer);
    let guard = wakes.poll_ready(&mut waiter);
    assert_eq!(late.count(), 0);
    drop(guard);
    assert_eq!(late.count(), 1);
}

/// One that releases the lock and asks again at once has to wait behind the others.
#[test]
fn nobody_starves() {
    explore(|| async {
        let lock = Arc::new(Lock::new(0));
        let greedy = {
            let lock = lock.clone();
            spawn(async move {
                loop {
                    *lock.lock().await += 1;
                }
            })
        };
        yield_now().await;
        for _ in 0..10 {
            let before = *lock.lock().await;
            let after = *lock.lock().await;
            assert!(after - before <= 128, "{before} {after}");
        }
        greedy.cancel().await;
    });
}

/// asyncio: `test_acquire_cancel`, `test_cancel_race`, `test_finished_waiter_cancelled`: one that is cancelled while it
/// waits, once it has been woken, and both at once.
#[test]
fn cancelled_waiters_are_passed_over() {
    for (first_is_cancelled_before, second_is_cancelled_before) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let lock = Lock::new(());
        let wakes = [(); 3].map(|()| Wakes::new());
        let holder = lock.try_lock().unwrap();
        let mut waiters = [(); 3].map(|()| Some(lock.lock()));
        for (waiter, wakes) in waiters.iter_mut().zip(&wakes) {
            wakes.poll_pending(waiter.as_mut().unwrap());
        }
        let before = [first_is_cancelled_before, second_is_cancelled_before];
        for index in (0..2).filter(|&index| before[index]) {
            waiters[index] = None;
        }
        drop(holder);
        for index in (0..2).filter(|&index| !before[index]) {
            waiters[index] = None;
        }
        assert_eq!(wakes[2].count(), 1);
        drop(wakes[2].poll_ready(waiters[2].as_mut().unwrap()));
        assert!(!lock.is_locked());
    }
}

/// asyncio: `test_cancel_release_race`: the holder releases while the one who waits is being cancelled, and asks again.
#[test]
fn a_holder_that_asks_again_gets_what_a_cancelled_one_was_given() {
    let (lock, wakes) = (Lock::new(()), Wakes::new());
    let holder = lock.try_lock().unwrap();
    let mut waiter = lock.lock();
    wakes.poll_pending(&mut waiter);
    drop(holder);
    let again = Wakes::new();
    let mut holder = lock.lock();
    again.poll_pending(&mut holder);
    drop(waiter);
    assert_eq!(again.count(), 1);
    drop(again.poll_ready(&mut holder));
    assert!(!lock.is_locked());
}

#[test]
fn the_value_is_the_same_for_all() {
    explore(|| async {
        let lock = Arc::new(Lock::new(Vec::new()));
        let tasks: Vec<_> = (0..10)
            .map(|number| {
                let lock = lock.clone();
                spawn(async move {
                    let mut guard = lock.lock_owned().await;
                    let length = guard.len();
                    yield_now().await;
                    assert_eq!(guard.len(), length);
                    guard.push(number);
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        let mut numbers = Arc::into_inner(lock).unwrap().into_inner();
        numbers.sort_unstable();
        assert_eq!(numbers, Vec::from_iter(0..10));
    });
}

#[test]
fn guards_that_borrow_and_those_that_do_not() {
    let lock = Arc::new(Lock::new(String::from("a")));
    let mut guard = lock.try_lock().unwrap();
    guard.push('b');
    assert_eq!(
        (format!("{guard}"), format!("{guard:?}")),
        ("ab".into(), "LockGuard(\"ab\")".into())
    );
    assert!(lock.try_lock_owned().is_err());
    drop(guard);
    let mut guard = lock.try_lock_owned().unwrap();
    guard.push('c');
    assert_eq!(format!("{guard:?}"), "OwnedLockGuard(\"abc\")");
    assert_eq!(guard.to_string(), "abc");
    let there = std::thread::spawn(move || drop(guard));
    there.join().unwrap();
    assert_eq!(*lock.try_lock().unwrap(), "abc");
}

#[test]
fn whoever_has_the_only_reference_needs_no_lock() {
    let mut lock = Lock::<u32>::default();
    *lock.get_mut() += 7;
    assert_eq!(lock.into_inner(), 7);
}

#[test]
fn a_value_needs_no_size() {
    let lock: Arc<Lock<dyn Fn() -> u32 + Send>> =
        Arc::new(Lock::from(Box::new(|| 7_u32) as Box<_>));
    assert_eq!((lock.try_lock().unwrap())(), 7);
    assert_eq!((lock.try_lock_owned().unwrap())(), 7);
}

#[test]
fn the_holder_is_known() {
    smolio_test::run(async {
        let lock = Arc::new(Lock::new(()));
        assert!(lock.stats().holder.is_none());
        let guard = lock.lock().await;
        assert_eq!(lock.stats().holder.unwrap().name(), "main");
        let task = smolio_executor::TaskBuilder::new().name("other").spawn({
            let lock = lock.clone();
            async move {
                let _guard = lock.lock().await;
                std::future::pending::<()>().await;
            }
        });
        yield_now().await;
        assert_eq!(lock.stats().waiters, 1);
        drop(guard);
        // It has been given the lock, and has not run yet.
        assert_eq!(lock.stats().holder.unwrap().name(), "other");
        yield_now().await;
        let stats = lock.stats();
        assert_eq!(
            (stats.holder.unwrap().name().into_owned(), stats.waiters),
            ("other".into(), 0)
        );
        task.cancel().await;
        let stats = lock.stats();
        assert!(stats.holder.is_none() && !stats.is_locked);
    });
}
