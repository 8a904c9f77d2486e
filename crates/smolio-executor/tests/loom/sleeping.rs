//! The workers' sleep: whoever makes work, and at whatever moment, somebody takes it up. What the workers do here is what
//! `queues.rs` and `local/share.rs` do, with a number for a queue and a flag for a slot.

use std::sync::atomic::Ordering;

use loom::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize},
    },
    thread,
};

use crate::{
    Sleeper, model, model_with,
    sleepers::{Sleepers, WokenBy},
};

struct Pool {
    sleepers: Sleepers,
    /// How many tasks are in the queue for all.
    ready: AtomicUsize,
    /// How many have not been taken up.
    left: AtomicUsize,
    /// The slot of the worker 0.
    slot: AtomicBool,
    beds: Vec<Sleeper>,
}

impl Pool {
    fn new(workers: usize, tasks: usize) -> Arc<Self> {
        let pool = Self {
            sleepers: Sleepers::new(),
            ready: AtomicUsize::new(0),
            left: AtomicUsize::new(tasks),
            slot: AtomicBool::new(false),
            beds: (0..workers).map(|_| Sleeper::new()).collect(),
        };
        Arc::new(pool)
    }

    fn push(&self) {
        // Relaxed: it is the sleepers who must make it visible.
        self.ready.fetch_add(1, Ordering::Relaxed);
        self.sleepers.work_for_all();
    }

    fn has_work(&self) -> bool {
        self.ready.load(Ordering::Relaxed) > 0
    }

    fn take(&self) -> bool {
        let one_less = |ready: usize| ready.checked_sub(1);
        let taken = self
            .ready
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.is_ok()
    }

    /// A task is done; with the last all go home.
    fn done(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            for bed in &self.beds {
                bed.0.notify();
            }
        }
    }

    fn is_over(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    /// As `Queues::search_on`.
    fn search_on(&self) -> bool {
        loop {
            let found = self.take();
            let must_look_again = self.sleepers.end_search() && self.has_work();
            if found {
                if must_look_again {
                    self.sleepers.work_for_all();
                }
                return true;
            }
            if !must_look_again {
                return false;
            }
            self.sleepers.begin_search();
        }
    }

    fn next(&self) -> bool {
        if !self.has_work() {
            return false;
        }
        self.sleepers.begin_search();
        self.search_on()
    }

    /// Sleeps until somebody wakes it; gives whether it has a task.
    fn sleep(&self, worker: usize) -> bool {
        let bed = &self.beds[worker];
        self.sleepers.fall_asleep(worker, &bed.waker());
        if !self.has_work() && !self.is_over() {
            bed.sleep();
        }
        match self.sleepers.wake_up(worker) {
            WokenBy::Work => self.search_on(),
            WokenBy::Event { .. } => false,
        }
    }

    fn work(&self, worker: usize) {
        while !self.is_over() {
            if self.next() || self.sleep(worker) {
                self.done();
            }
        }
    }
}

/// A worker and somebody else, who makes two tasks.
#[test]
fn no_work_is_slept_through() {
    model(|| {
        let pool = Pool::new(1, 2);
        pool.sleepers.come();
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || pool.work(0))
        };
        pool.push();
        pool.push();
        worker.join().unwrap();
    });
}

/// Two workers, one task: the one that finds nothing goes back to sleep, and nobody waits for it.
#[test]
fn one_of_two_takes_it_up() {
    model_with(2, || {
        let pool = Pool::new(2, 1);
        pool.sleepers.come();
        pool.sleepers.come();
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || pool.work(0))
        };
        let pusher = {
            let pool = pool.clone();
            thread::spawn(move || pool.push())
        };
        pool.work(1);
        pusher.join().unwrap();
        worker.join().unwrap();
    });
}

/// A worker that has taken up a task and is stuck in it until another one has been run by somebody else.
#[test]
fn one_who_gets_up_and_is_stuck_has_woken_the_next() {
    model_with(1, || {
        let pool = Pool::new(2, 2);
        let other_runs = Sleeper::new();
        let other = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let other_runs = Arc::new(other_runs);
        let workers = [0, 1].map(|worker| {
            pool.sleepers.come();
            let (pool, other, other_runs) = (pool.clone(), other.clone(), other_runs.clone());
            thread::spawn(move || {
                // All are asleep when it begins, or nearly so.
                let mut has_task = pool.sleep(worker);
                while !pool.is_over() {
                    if !std::mem::take(&mut has_task) && !pool.next() && !pool.sleep(worker) {
                        continue;
                    }
                    if other.fetch_add(1, Ordering::SeqCst) == 0 {
                        other_runs.sleep();
                    } else {
                        other_runs.0.notify();
                    }
                    pool.done();
                }
            })
        });
        thread::yield_now();
        pool.push();
        pool.push();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

/// A worker puts a task into its slot and is stuck: the other one is awake, on guard, or is woken, whatever it was about to do.
#[test]
fn a_slot_is_watched() {
    model(|| {
        let pool = Pool::new(2, 1);
        pool.sleepers.come();
        let stuck = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.sleepers.come();
                pool.slot.store(true, Ordering::SeqCst);
                pool.sleepers.work_for_oneself();
                // It never takes it up itself.
            })
        };
        let bed = &pool.beds[1];
        let waker = bed.waker();
        loop {
            let on_guard = pool.sleepers.fall_asleep(1, &waker);
            if !on_guard {
                bed.sleep();
            }
            let woken_by = pool.sleepers.wake_up(1);
            if woken_by == WokenBy::Work {
                assert!(!pool.search_on());
            }
            if pool.slot.load(Ordering::SeqCst) {
                break;
            }
            // On guard: it is the time that passes.
            thread::yield_now();
        }
        stuck.join().unwrap();
    });
}
