//! Futures that are dropped after each of their polls: everything is as if they had never been there.

use std::{fmt::Debug, sync::Arc};

use smolio_sync::{
    Barrier, Broadcast, CapacityLimiter, Condition, Event, Lock, RwLock, Semaphore, Watch, oneshot,
};

use crate::support::Wakes;

/// All of them, each so that who comes has to wait.
struct All {
    lock: Arc<Lock<()>>,
    read_write: Arc<RwLock<()>>,
    event: Event,
    semaphore: Semaphore,
    limiter: CapacityLimiter,
    barrier: Barrier,
    condition: Condition,
    watch: Watch<()>,
    broadcast: Broadcast<()>,
}

impl All {
    fn new() -> Self {
        Self {
            lock: Arc::default(),
            read_write: Arc::default(),
            event: Event::new(),
            semaphore: Semaphore::new(0),
            limiter: CapacityLimiter::new(0),
            barrier: Barrier::new(2),
            condition: Condition::new(),
            watch: Watch::new(()),
            broadcast: Broadcast::new(1),
        }
    }

    /// All the numbers. Not `Debug`, which tells the number by which a thing without a name goes in reports, once it has
    /// one.
    fn describe(&self) -> String {
        let locks = (self.lock.stats(), self.read_write.stats());
        let limits = (self.semaphore.stats(), self.limiter.stats());
        let signals = (self.event.stats(), self.barrier.stats());
        let values = (self.watch.stats(), self.broadcast.stats());
        format!(
            "{locks:?} {limits:?} {signals:?} {values:?} {:?}",
            self.condition.stats()
        )
    }
}

/// Polls a future so many times, drops it, and tells how many kinds there have been.
struct Dropper {
    polls: usize,
    wakes: Wakes,
    kinds: usize,
}

impl Dropper {
    fn drop_after_polls<F: Future + Unpin>(&mut self, mut future: F)
    where
        F::Output: Debug,
    {
        for _ in 0..self.polls {
            self.wakes.poll_pending(&mut future);
        }
        drop(future);
        self.kinds += 1;
        let name = std::any::type_name::<F>();
        assert_eq!(self.wakes.clones(), 0, "{name} after {} polls", self.polls);
    }
}

#[test]
fn every_future_dropped_after_every_poll() {
    for polls in 0..4 {
        let all = All::new();
        let (mut changes, mut items) = (all.watch.subscribe(), all.broadcast.subscribe());
        let (mut sender, receiver) = oneshot::channel::<()>();
        let before = all.describe();
        let mut dropper = Dropper {
            polls,
            wakes: Wakes::new(),
            kinds: 0,
        };
        {
            let (_holder, _writer) = (all.lock.try_lock(), all.read_write.try_write());
            dropper.drop_after_polls(all.lock.lock());
            dropper.drop_after_polls(all.lock.lock_owned());
            dropper.drop_after_polls(all.read_write.read());
            dropper.drop_after_polls(all.read_write.write());
            dropper.drop_after_polls(all.read_write.read_owned());
            dropper.drop_after_polls(all.read_write.write_owned());
        }
        dropper.drop_after_polls(all.event.wait());
        dropper.drop_after_polls(all.semaphore.acquire());
        dropper.drop_after_polls(all.semaphore.acquire_many(3));
        dropper.drop_after_polls(all.limiter.acquire());
        dropper.drop_after_polls(all.limiter.acquire_on_behalf_of("a"));
        dropper.drop_after_polls(all.barrier.wait());
        dropper.drop_after_polls(all.condition.wait(all.lock.try_lock().unwrap()));
        dropper.drop_after_polls(all.condition.wait(all.lock.try_lock_owned().unwrap()));
        let guard = all.lock.try_lock().unwrap();
        dropper.drop_after_polls(Box::pin(all.condition.wait_for(guard, |()| false)));
        dropper.drop_after_polls(changes.changed());
        dropper.drop_after_polls(Box::pin(changes.wait_for(|()| false)));
        dropper.drop_after_polls(items.recv());
        dropper.drop_after_polls(sender.closed());
        dropper.drop_after_polls(receiver);
        assert_eq!((dropper.kinds, dropper.wakes.count()), (20, 0));
        assert_eq!(all.describe(), before);
    }
}

/// Each is woken, and dropped without having been polled since. What it was woken with is there for the next.
#[test]
fn every_future_dropped_when_it_was_woken() {
    let all = All::new();
    let wakes = Wakes::new();
    let before = all.describe();
    let mut woken = 0;
    let mut expect_wake = || {
        woken += 1;
        assert_eq!(wakes.count(), woken);
    };

    let holder = all.lock.try_lock();
    let mut lock = all.lock.lock();
    wakes.poll_pending(&mut lock);
    drop(holder);
    expect_wake();
    drop(lock);

    let holder = all.read_write.try_write();
    let mut read = all.read_write.read_owned();
    wakes.poll_pending(&mut read);
    drop(holder);
    expect_wake();
    drop(read);

    let holder = all.read_write.try_read();
    let mut write = all.read_write.write_owned();
    wakes.poll_pending(&mut write);
    drop(holder);
    expect_wake();
    drop(write);

    let mut acquire = all.semaphore.acquire_many(2);
    wakes.poll_pending(&mut acquire);
    all.semaphore.add_permits(2);
    expect_wake();
    drop(acquire);
    all.semaphore.try_acquire_many(2).unwrap().forget();

    let mut acquire = all.limiter.acquire_on_behalf_of("a");
    wakes.poll_pending(&mut acquire);
    all.limiter.set_total_tokens(1);
    expect_wake();
    drop(acquire);
    drop(all.limiter.try_acquire_on_behalf_of("a").unwrap());
    all.limiter.set_total_tokens(0);

    let mut wait = all.event.wait();
    wakes.poll_pending(&mut wait);
    all.event.set();
    expect_wake();
    drop(wait);
    all.event.clear();

    let mut wait = all.condition.wait(all.lock.try_lock().unwrap());
    wakes.poll_pending(&mut wait);
    all.condition.notify(1);
    expect_wake();
    drop(wait);

    let mut wait = all.barrier.wait();
    wakes.poll_pending(&mut wait);
    assert_eq!(Wakes::new().poll_ready(&mut all.barrier.wait()), Ok(1));
    expect_wake();
    drop(wait);

    assert_eq!(all.describe(), before);
    assert_eq!(wakes.clones(), 0);
}
