//! The models of the join cell, and of the count of a cell's owners.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};

use loom::{cell::UnsafeCell, sync::Arc, thread};

use crate::{
    Sleeper,
    free_slots::{FreeSlots, Freed},
    join::{JoinCell, JoinState, Waiter},
    model,
    owners::Owners,
};

/// What a task gives; counts its drop.
struct Output(std::sync::Arc<AtomicUsize>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A cell with its output, as a task has them.
struct Task {
    state: JoinState,
    waiter: Waiter,
    output: UnsafeCell<Option<Output>>,
}

// SAFETY: what is inside belongs to one thread at a time, which is what the models are about: loom's cells complain.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: JoinState::new(),
            waiter: Waiter::new(),
            output: UnsafeCell::new(None),
        })
    }

    fn join(&self) -> JoinCell<'_> {
        // SAFETY: they are used with each other only.
        unsafe { JoinCell::new(&self.state, &self.waiter) }
    }

    fn replace(&self, output: Option<Output>) -> Option<Output> {
        // SAFETY: loom tells whether it is ours alone.
        self.output
            .with_mut(|slot| unsafe { std::mem::replace(&mut *slot, output) })
    }

    /// For the runner.
    fn complete(&self, output: Output) {
        self.replace(Some(output));
        // SAFETY: each model has one runner, who calls this once.
        unsafe {
            self.join()
                .complete(|| drop(self.replace(None)), Waker::wake_by_ref);
        }
    }

    /// For the handle, and all that follow.
    fn poll(&self, waker: &Waker, alone: bool) -> Poll<()> {
        // SAFETY: each model has one handle, and says where it is.
        unsafe {
            let join = self.join();
            join.poll_complete(&mut Context::from_waker(waker), alone)
        }
    }

    fn take(&self) -> Option<Output> {
        self.join().is_complete().then(|| self.replace(None))?
    }

    fn leave(&self, alone: bool) -> Option<Output> {
        // SAFETY: as above.
        unsafe { self.join().leave(alone) }.then(|| self.replace(None))?
    }
}

/// How many outputs were dropped, and an output that counts.
fn output() -> (std::sync::Arc<AtomicUsize>, Output) {
    let drops = std::sync::Arc::new(AtomicUsize::new(0));
    (drops.clone(), Output(drops))
}

/// A task, the runner's thread that completes it, and how many outputs were dropped.
fn running() -> (
    Arc<Task>,
    thread::JoinHandle<()>,
    std::sync::Arc<AtomicUsize>,
) {
    let (drops, output) = output();
    let cell = Task::new();
    let ours = cell.clone();
    let runner = thread::spawn(move || ours.complete(output));
    (cell, runner, drops)
}

fn poll(cell: &Task, waker: &Waker) -> Poll<()> {
    cell.poll(waker, false)
}

fn sleep_until_complete(cell: &Task, sleeper: &Sleeper) {
    let waker = sleeper.waker();
    while poll(cell, &waker).is_pending() {
        sleeper.sleep();
    }
}

#[test]
fn join_wakes_the_one_who_waits() {
    model(|| {
        let (cell, runner, drops) = running();
        sleep_until_complete(&cell, &Sleeper::new());
        let output = cell.take();
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        assert!(output.is_some());
        drop(output);
        assert!(cell.take().is_none());
        runner.join().unwrap();
        drop(cell);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// The handle goes from one awaiter to the next: the last one is woken.
#[test]
fn join_wakes_the_last_one_who_waits() {
    model(|| {
        let (cell, runner, drops) = running();
        if poll(&cell, &Sleeper::new().waker()).is_pending() {
            sleep_until_complete(&cell, &Sleeper::new());
        }
        assert!(cell.take().is_some());
        runner.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// A handle that leaves without a look: it gets the output, or the runner drops it.
#[test]
fn join_left_at_any_moment() {
    model(|| {
        let (cell, runner, drops) = running();
        let output = cell.leave(false);
        if let Some(output) = output {
            assert_eq!(drops.load(Ordering::Relaxed), 0);
            drop(output);
        }
        runner.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// A handle that has waited, leaves, and still wants to know when the task is gone: what a drop leaves to its collector.
#[test]
fn join_left_and_waited_for() {
    model(|| {
        let (cell, runner, drops) = running();
        let pending = poll(&cell, &Sleeper::new().waker()).is_pending();
        let output = cell.leave(false);
        assert!(output.is_some() || pending);
        sleep_until_complete(&cell, &Sleeper::new());
        drop(output);
        runner.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// Looking for the output without waiting.
#[test]
fn join_taken_when_it_is_there() {
    model(|| {
        let (cell, runner, drops) = running();
        let early = cell.take();
        assert!(early.is_none() || cell.join().is_complete());
        let rest = if early.is_none() {
            cell.leave(false)
        } else {
            None
        };
        runner.join().unwrap();
        drop((early, rest));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// A handle that waits at home, without an exchange, and then goes elsewhere and waits there.
#[test]
fn join_waited_for_at_home_and_abroad() {
    model(|| {
        let (drops, output) = output();
        let cell = Task::new();
        assert!(cell.poll(&Sleeper::new().waker(), true).is_pending());
        let handle = {
            let cell = cell.clone();
            thread::spawn(move || {
                sleep_until_complete(&cell, &Sleeper::new());
                cell.take().is_some()
            })
        };
        cell.complete(output);
        assert!(handle.join().unwrap());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// A handle that waits abroad, then at home, and leaves there or abroad.
#[test]
fn join_left_at_home_and_abroad() {
    for at_home in [true, false] {
        model(move || {
            let (drops, output) = output();
            let cell = Task::new();
            let handle = {
                let cell = cell.clone();
                thread::spawn(move || cell.poll(&Sleeper::new().waker(), false).is_pending())
            };
            assert!(handle.join().unwrap());
            assert!(cell.poll(&Sleeper::new().waker(), true).is_pending());
            if at_home {
                assert!(cell.leave(true).is_none());
                cell.complete(output);
            } else {
                let leaving = {
                    let cell = cell.clone();
                    thread::spawn(move || drop(cell.leave(false)))
                };
                cell.complete(output);
                leaving.join().unwrap();
            }
            assert_eq!(drops.load(Ordering::Relaxed), 1);
        });
    }
}

// ---- owners --------------------------------------------------------------------------------------------------------

/// One of them is the last, and has all to itself by then.
#[test]
fn the_last_owner_is_alone() {
    struct Owned(Owners, UnsafeCell<u32>);
    // SAFETY: the owners read, and the last writes, which is what the model is about.
    unsafe impl Send for Owned {}
    // SAFETY: as above.
    unsafe impl Sync for Owned {}
    fn read_and_go(owned: &Owned) -> bool {
        // SAFETY: whoever writes is the last.
        owned.1.with(|value| unsafe { assert_eq!(*value, 1) });
        let last = owned.0.remove();
        if last {
            // SAFETY: we are the last.
            owned.1.with_mut(|value| unsafe { *value = 2 });
        }
        last
    }
    model(|| {
        let owned = Arc::new(Owned(Owners::new(1), UnsafeCell::new(1)));
        let others = [(); 2].map(|()| {
            owned.0.add();
            let owned = owned.clone();
            thread::spawn(move || read_and_go(&owned))
        });
        let last = read_and_go(&owned);
        let others = others.map(|other| other.join().unwrap());
        let all = [last, others[0], others[1]];
        assert_eq!(all.iter().filter(|last| **last).count(), 1);
    });
}

// ---- the slots of a chunk ------------------------------------------------------------------------------------------

/// Three slots. The users of two let go at any moment, that of the third on the loop's own thread, without an exchange: a slot is
/// taken again by one at a time, and whoever is the last gives the chunk back.
#[test]
fn a_chunk_is_given_back_once() {
    const ALL: u64 = 7;
    struct Chunk(FreeSlots, [UnsafeCell<u32>; 3]);
    // SAFETY: a slot is its user's, which is what the model is about.
    unsafe impl Send for Chunk {}
    // SAFETY: as above.
    unsafe impl Sync for Chunk {}
    fn write(cell: &UnsafeCell<u32>) {
        // SAFETY: the slot is ours, or the chunk is.
        cell.with_mut(|value| unsafe { *value += 1 });
    }
    fn use_and_free(chunk: &Chunk, slot: u32) -> bool {
        write(&chunk.1[slot as usize]);
        let last = chunk.0.free(slot, ALL) == Freed::Abandoned;
        if last {
            chunk.1.iter().for_each(write);
        }
        last
    }
    model(|| {
        let new = || UnsafeCell::new(0);
        let chunk = Arc::new(Chunk(FreeSlots::none(), [new(), new(), new()]));
        let users = [0, 1].map(|slot| {
            let chunk = chunk.clone();
            thread::spawn(move || use_and_free(&chunk, slot))
        });
        write(&chunk.1[2]);
        let free_here = 1 << 2;
        let mut unused = chunk.0.take_over() | free_here;
        let mut gave_back = 0;
        if unused & 1 != 0 {
            // The slab uses the slot again.
            unused &= !1;
            gave_back += u32::from(use_and_free(&chunk, 0));
        }
        if chunk.0.abandon(unused, ALL) {
            chunk.1.iter().for_each(write);
            gave_back += 1;
        }
        for user in users {
            gave_back += u32::from(user.join().unwrap());
        }
        assert_eq!(gave_back, 1);
    });
}
