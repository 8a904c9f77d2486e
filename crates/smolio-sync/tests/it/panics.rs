//! Panics in code that is not ours: wakers, destructors, predicates. Nothing stays locked, and nothing else is lost.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

use smolio_context::UnhandledKind;
use smolio_sync::{
    Broadcast, CapacityLimiter, Condition, Event, Lock, RwLock, Semaphore, Watch, oneshot,
};

use crate::support::{Counter, Hook, PanicWaker, Wakes};

#[test]
fn a_panic_while_it_is_held_releases_it() {
    let lock = Lock::new(0);
    let read_write = RwLock::new(0);
    let semaphore = Semaphore::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = lock.try_lock().unwrap();
        let _reader = read_write.try_read().unwrap();
        let _permit = semaphore.try_acquire().unwrap();
        *guard += 1;
        panic!("half-way");
    }));
    assert!(panicked.is_err());
    assert_eq!(*lock.try_lock().unwrap(), 1);
    assert_eq!(*read_write.try_write().unwrap(), 0);
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn a_waker_that_panics_takes_nothing_with_it() {
    let hook = Hook::install();
    let bad = PanicWaker::waker();
    let good = Wakes::new();
    let (semaphore, event) = (Semaphore::new(0), Event::new());
    let mut acquires = [semaphore.acquire(), semaphore.acquire()];
    let mut waits = [event.wait(), event.wait()];
    let mut bad = Context::from_waker(&bad);
    assert!(Pin::new(&mut acquires[0]).poll(&mut bad).is_pending());
    good.poll_pending(&mut acquires[1]);
    assert!(Pin::new(&mut waits[0]).poll(&mut bad).is_pending());
    good.poll_pending(&mut waits[1]);
    // Whoever gives is not to blame, and those behind are woken.
    semaphore.add_permits(2);
    assert_eq!(good.count(), 1);
    event.set();
    assert_eq!(good.count(), 2);
    let permits = acquires.each_mut().map(|acquire| good.poll_ready(acquire));
    assert_eq!(semaphore.available(), 0);
    drop(permits);
    let panicked = (UnhandledKind::Panic, PanicWaker::MESSAGE.to_string());
    assert_eq!(hook.take_messages(), vec![panicked; 2]);
}

/// A waker that uses what it waits for when it is cloned, woken and dropped: none of that happens under a lock of ours.
struct Uses(Semaphore, Counter);

impl Wake for Uses {
    fn wake(self: Arc<Self>) {
        drop(self.0.try_acquire());
        self.1.add();
    }
}

impl Drop for Uses {
    fn drop(&mut self) {
        drop(self.0.try_acquire());
        self.1.add();
    }
}

#[test]
fn wakers_may_use_what_they_wait_for() {
    let (semaphore, uses) = (Semaphore::new(0), Counter::default());
    let poll = |acquire: &mut smolio_sync::Acquire<'_>| {
        // Only the semaphore keeps the waker.
        let waker = Waker::from(Arc::new(Uses(semaphore.clone(), uses.clone())));
        Pin::new(acquire).poll(&mut Context::from_waker(&waker))
    };
    let mut acquire = semaphore.acquire();
    assert!(poll(&mut acquire).is_pending());
    assert!(poll(&mut acquire).is_pending()); // drops the one before
    assert_eq!(uses.get(), 1);
    semaphore.add_permits(1); // wakes and drops
    assert_eq!(uses.get(), 3);
    assert!(poll(&mut acquire).is_ready());
    let _holds = semaphore.try_acquire().unwrap();
    let mut acquire = semaphore.acquire();
    assert!(poll(&mut acquire).is_pending());
    drop(acquire); // drops the waker that waits
    assert_eq!(uses.get(), 5);
}

#[test]
fn a_predicate_that_panics_passes_the_notification_on() {
    let (lock, condition, wakes) = (Lock::new(false), Condition::new(), Wakes::new());
    let looks = std::cell::Cell::new(0);
    let mut bad = Box::pin(condition.wait_for(lock.try_lock().unwrap(), |_| {
        looks.set(looks.get() + 1);
        assert_eq!(looks.get(), 1, "this predicate does not work twice");
        false
    }));
    wakes.poll_pending(&mut bad);
    let good = Wakes::new();
    let mut other = condition.wait(lock.try_lock().unwrap());
    good.poll_pending(&mut other);
    condition.notify(1);
    assert_eq!((wakes.count(), good.count()), (1, 0));
    assert!(catch_unwind(AssertUnwindSafe(|| wakes.poll(&mut bad).is_ready())).is_err());
    assert_eq!(good.count(), 1);
    drop(good.poll_ready(&mut other));
    assert!(!lock.is_locked());
}

#[test]
fn a_predicate_of_a_watch_that_panics_leaves_the_receiver_as_it_is() {
    let watch = Watch::new(0);
    let mut receiver = watch.subscribe();
    let mut wait = Box::pin(receiver.wait_for(|_| panic!("this predicate does not work")));
    let wakes = Wakes::new();
    assert!(catch_unwind(AssertUnwindSafe(|| wakes.poll(&mut wait).is_ready())).is_err());
    drop(wait);
    watch.set(1);
    assert_eq!(*receiver.try_changed().unwrap(), 1);
}

#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("this value cannot be dropped");
    }
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn a_value_whose_destructor_panics_leaves_everything_in_order() {
    let watch = Watch::new(Some(Bomb));
    let mut receiver = watch.subscribe();
    assert!(panics(|| watch.set(None)));
    assert!(receiver.try_changed().unwrap().is_none());

    let broadcast = Broadcast::new(1);
    let mut receiver = broadcast.subscribe();
    broadcast.send(Some(Bomb)).unwrap();
    assert!(panics(|| broadcast.send(None).unwrap()));
    assert!(receiver.try_recv().is_err(), "it has missed one");
    assert!(receiver.try_recv().unwrap().is_none());
    broadcast.send(Some(Bomb)).unwrap();
    assert!(panics(|| drop(receiver)));
    assert_eq!(
        (broadcast.stats().receivers, broadcast.stats().items),
        (0, 0)
    );

    let (sender, receiver) = oneshot::channel();
    sender.send(Bomb).unwrap();
    assert!(panics(|| drop(receiver)));
}

#[derive(PartialEq, Eq, Hash)]
struct BombOfABorrower(u32);

impl Drop for BombOfABorrower {
    fn drop(&mut self) {
        panic!("this borrower cannot be dropped");
    }
}

#[test]
fn a_borrower_whose_destructor_panics_gives_its_token_back() {
    let limiter = CapacityLimiter::new(1);
    let token = limiter
        .try_acquire_on_behalf_of(BombOfABorrower(1))
        .unwrap();
    assert!(panics(|| drop(
        limiter.try_acquire_on_behalf_of(BombOfABorrower(2))
    )));
    assert!(panics(|| drop(token)));
    assert_eq!(limiter.stats().available, 1);

    let holder = limiter.try_acquire_on_behalf_of("other").unwrap();
    let wakes = Wakes::new();
    let mut acquire = limiter.acquire_on_behalf_of(BombOfABorrower(1));
    wakes.poll_pending(&mut acquire);
    drop(holder);
    assert!(panics(|| drop(acquire)));
    assert_eq!(limiter.stats().available, 1);
}
