//! What they tell about themselves: to a report of who waits for what, to `Debug`. And their budget.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll},
};

use smolio_context::{TaskContext, observe, panic_message, waits_of};
use smolio_executor::{TaskBuilder, spawn, yield_now};
use smolio_sync::{
    Barrier, BoundedSemaphore, Broadcast, CapacityLimiter, Condition, Event, Lock, RwLock,
    Semaphore, Watch, oneshot,
};

use crate::support::Wakes;

/// The report of a test in which all are blocked.
fn report<F: Future<Output = ()>>(test: F) -> String {
    let blocked = catch_unwind(AssertUnwindSafe(|| smolio_test::run(test)));
    panic_message(&*blocked.unwrap_err()).to_owned()
}

/// Two tasks, each of which waits for a lock that the other holds.
#[test]
fn v3_a_deadlock_names_both_the_locks_and_who_holds_them() {
    let first_line = line!();
    let report = report(async {
        let current = Arc::new(Lock::new(()).named("current"));
        let savings = Arc::new(Lock::new(()).named("savings"));
        let (one, other) = (current.clone(), savings.clone());
        let transfer = TaskBuilder::new().name("transfer").spawn(async move {
            let _one = one.lock().await;
            yield_now().await;
            let _other = other.lock().await;
        });
        let audit = TaskBuilder::new().name("audit").spawn(async move {
            let _one = savings.lock().await;
            yield_now().await;
            let _other = current.lock().await;
        });
        transfer.await;
        audit.await;
    });
    let (file, first, second) = (file!(), first_line + 5, first_line + 10);
    for part in [
        "these 2 wait for each other".to_owned(),
        format!("waiting (spawned at {file}:{first}:"),
        format!("waiting (spawned at {file}:{second}:"),
        "waits for Lock \"savings\", held by audit".to_owned(),
        "waits for Lock \"current\", held by transfer".to_owned(),
    ] {
        assert!(report.contains(&part), "{part}\n{report}");
    }
}

#[test]
fn a_report_says_what_is_waited_for() {
    let report = report(async {
        let lock = Arc::new(RwLock::new(()).named("routes"));
        let (event, barrier) = (Event::new().named("ready"), Barrier::new(2).named("start"));
        let semaphore = Semaphore::new(0).named("connections");
        let bounded = BoundedSemaphore::new(0).named("seats");
        let limiter = CapacityLimiter::new(0).named("threads");
        let condition = Condition::new().named("delivered");
        let (watch, broadcast) = (
            Watch::new(0).named("level"),
            Broadcast::<()>::new(1).named("news"),
        );
        let (mut changes, mut items) = (watch.subscribe(), broadcast.subscribe());
        let (sender, receiver) = oneshot::channel::<()>();
        let guard = lock.try_write_owned().unwrap();
        spawn(async move { drop(lock.read().await) }).detach();
        spawn(async move { event.wait().await }).detach();
        spawn(async move { barrier.wait().await }).detach();
        spawn(async move { semaphore.acquire().await }).detach();
        spawn(async move {
            drop(bounded.acquire_many(0).await);
            bounded.acquire().await
        })
        .detach();
        spawn(async move { drop(limiter.acquire().await) }).detach();
        spawn(async move {
            let lock = Lock::new(());
            drop(condition.wait(lock.lock().await).await);
        })
        .detach();
        spawn(async move { changes.changed().await }).detach();
        spawn(async move { items.recv().await }).detach();
        receiver.await.ok();
        drop((watch, broadcast, sender, guard));
    });
    for what in [
        "RwLock \"routes\", held by main",
        "Event \"ready\"",
        "Barrier \"start\"",
        "Semaphore \"connections\"",
        "BoundedSemaphore \"seats\"",
        "CapacityLimiter \"threads\"",
        "Condition \"delivered\"",
        "Watch \"level\"",
        "Broadcast \"news\"",
        "oneshot",
    ] {
        let line = format!("waits for {what}");
        assert!(report.contains(&line), "{line}\n{report}");
    }
}

#[test]
fn a_wait_keeps_its_beginning() {
    let _observing = observe();
    let (lock, wakes) = (Lock::new(()).named("a"), Wakes::new());
    let task = TaskContext::root();
    let _guard = lock.try_lock().unwrap();
    let mut waiter = lock.lock();
    task.enter(|| wakes.poll_pending(&mut waiter));
    let first = waits_of(task.info().id());
    assert_eq!((first.len(), first[0].what()), (1, "Lock \"a\""));
    task.enter(|| wakes.poll_pending(&mut waiter));
    assert_eq!(waits_of(task.info().id()), first);
}

#[test]
fn a_name_is_given_before_there_are_clones() {
    let event = Event::new().named("a").named("b");
    assert!(format!("{event:?}").contains("Event \"b\""));
    let clone = event.clone();
    let late = catch_unwind(AssertUnwindSafe(|| event.named("c")));
    assert_eq!(
        panic_message(&*late.unwrap_err()),
        "\"c\" comes too late: there is a clone"
    );
    assert!(format!("{clone:?}").contains("Event \"b\""));
    let watch = Watch::new(0);
    let _receiver = watch.subscribe();
    assert!(catch_unwind(AssertUnwindSafe(|| watch.named("c"))).is_err());
}

#[derive(Default)]
struct Secret;

impl std::fmt::Debug for Secret {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("the value is none of Debug's business");
    }
}

#[test]
fn debug_shows_the_numbers_and_never_the_value() {
    let lock = Arc::new(Lock::new(Secret).named("accounts"));
    let debug = format!("{lock:?}");
    for part in [
        "Lock {",
        "Lock \"accounts\"",
        "is_locked: false",
        "waiters: 0",
    ] {
        assert!(debug.contains(part), "{debug}");
    }
    let guard = lock.try_lock().unwrap();
    assert!(format!("{lock:?}").contains("is_locked: true"));
    drop(guard);
    assert!(format!("{:?}", RwLock::new(Secret)).contains("readers: 0"));
    assert!(format!("{:?}", Watch::new(Secret)).contains("changes: 0"));
    assert!(format!("{:?}", Watch::new(Secret).subscribe()).starts_with("WatchReceiver"));
    assert!(format!("{:?}", Broadcast::<Secret>::new(1)).contains("capacity: 1"));
    assert!(format!("{:?}", oneshot::channel::<Secret>()).starts_with("(Sender"));
    assert!(format!("{:?}", Semaphore::new(3)).contains("available: 3"));
    assert!(format!("{:?}", BoundedSemaphore::new(3)).starts_with("BoundedSemaphore"));
    assert!(format!("{:?}", CapacityLimiter::new(3)).contains("total: 3"));
    assert!(format!("{:?}", Barrier::new(3)).contains("parties: 3"));
    assert!(format!("{:?}", Condition::new()).contains("waiters: 0"));
    assert!(format!("{:?}", lock.lock()).starts_with("AcquireLock("));
    assert!(format!("{:?}", lock.lock_owned()).starts_with("AcquireLockOwned("));
    assert!(format!("{:?}", RwLock::new(Secret).read()).starts_with("AcquireRead("));
    let semaphore = Semaphore::new(1);
    assert!(format!("{:?}", semaphore.acquire()).starts_with("Acquire {"));
    assert!(format!("{:?}", semaphore.try_acquire()).contains("Permit { count: 1"));
}

#[test]
fn what_is_always_ready_starves_nobody() {
    let wakes = Wakes::new();
    let task = TaskContext::root();
    let ready = std::cell::Cell::new(0);
    let count = || ready.set(ready.get() + 1);
    let (lock, read_write) = (Arc::new(Lock::new(())), RwLock::new(()));
    let (event, barrier) = (Event::new(), Barrier::new(1));
    let (semaphore, limiter) = (Semaphore::new(1), CapacityLimiter::new(1));
    let (watch, broadcast) = (Watch::new(0), Broadcast::new(1));
    let (mut changes, mut items) = (watch.subscribe(), broadcast.subscribe());
    event.set();
    let mut greedy = Box::pin(async {
        loop {
            drop(lock.lock().await);
            count();
            drop(lock.lock_owned().await);
            count();
            drop(read_write.read().await);
            count();
            drop(read_write.write().await);
            count();
            event.wait().await;
            count();
            barrier.wait().await.unwrap();
            count();
            drop(semaphore.acquire().await);
            count();
            drop(limiter.acquire().await.unwrap());
            count();
            watch.set(0);
            changes.changed().await.unwrap();
            count();
            broadcast.send(0).unwrap();
            items.recv().await.unwrap();
            count();
            let (sender, receiver) = oneshot::channel();
            sender.send(0).unwrap();
            receiver.await.unwrap();
            count();
        }
    });
    let mut cx = Context::from_waker(wakes.waker());
    for poll in 1..4 {
        let _: Poll<()> = task.enter(|| greedy.as_mut().poll(&mut cx));
        assert_eq!((wakes.count(), ready.get()), (poll, 128 * poll));
    }
}
