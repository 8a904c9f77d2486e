//! The queues of the workers, and how they take from each other.
//!
//! Each worker has a queue, from which the others may steal, and a slot for the task that was woken or spawned last: what it needs
//! is still in the cache, and where two tasks hand something to and fro, nobody else need know. What comes from other threads, and
//! what a queue has no room for, goes to one queue for all. See [`sleepers`](crate::sleepers) for who is told.
//!
//! From the slot of another only a guard takes, and only where the other has polled nothing for a while: else two workers would
//! pull the same few tasks to and fro.

use std::{
    mem,
    sync::atomic::{AtomicU32, Ordering},
};

use async_task::Runnable;
use concurrent_queue::ConcurrentQueue;

use crate::{
    cell::Slot,
    loops::LoopId,
    sleepers::{Sleepers, WokenBy},
};

/// A task of the workers that is ready. It knows the main loop of its runtime.
pub(crate) type Ready = Runnable<LoopId>;

/// How many tasks a queue has room for. Two tasks that yield do not get into each other's way here, but in the one for all.
const ROOM: usize = 1024;

/// After so many tasks from the slot one from the queue has its turn.
const FROM_SLOT: u32 = 3;

/// After so many tasks a worker looks at what has come from elsewhere, though it has work of its own.
const ABROAD: u32 = 61;

/// How many are taken at once from the queue for all, at most.
const BATCH: usize = 64;

pub(crate) struct Queues {
    workers: Box<[Worker]>,
    common: ConcurrentQueue<Ready>,
    pub(crate) sleepers: Sleepers,
}

// Two cache lines, which are fetched together: nothing else should lie there.
#[repr(align(128))]
struct Worker {
    slot: Slot<LoopId>,
    queue: ConcurrentQueue<Ready>,
    /// How many tasks it has taken up. Written by itself only.
    taken: AtomicU32,
}

/// What a worker alone knows of its turns.
#[derive(Default)]
pub(crate) struct Turns {
    /// How many tasks in a row came from the slot.
    from_slot: u32,
}

impl Worker {
    #[inline]
    fn next(&self) -> Option<Ready> {
        self.queue.pop().ok().or_else(|| self.slot.take())
    }
}

impl Queues {
    pub(crate) fn new(workers: usize) -> Self {
        let worker = |_| Worker {
            slot: Slot::new(),
            queue: ConcurrentQueue::bounded(ROOM),
            taken: AtomicU32::new(0),
        };
        Self {
            workers: (0..workers).map(worker).collect(),
            common: ConcurrentQueue::unbounded(),
            sleepers: Sleepers::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.workers.len()
    }

    // ---- putting in ------------------------------------------------------------------------------------------------

    /// On the worker's own thread: a task was spawned or woken.
    #[inline]
    pub(crate) fn push(&self, worker: usize, task: Ready) {
        let own = &self.workers[worker];
        match own.slot.replace(task) {
            None => self.sleepers.work_for_oneself(),
            Some(former) => {
                self.push_back(own, former);
                self.sleepers.work_for_all();
            }
        }
    }

    /// On the worker's own thread: the task that it has just polled is ready again.
    ///
    /// The worker goes on with what it has, and this is no more than there was a moment ago: nobody needs to know.
    #[inline]
    pub(crate) fn push_again(&self, worker: usize, task: Ready) {
        if !self.push_back(&self.workers[worker], task) {
            self.sleepers.work_for_all();
        }
    }

    /// `false` if there was no room, and all have it now.
    #[inline]
    fn push_back(&self, own: &Worker, task: Ready) -> bool {
        match own.queue.push(task) {
            Ok(()) => true,
            Err(full) => {
                self.push_common(full.into_inner());
                false
            }
        }
    }

    /// On any thread.
    pub(crate) fn push_from_afar(&self, task: Ready) {
        self.push_common(task);
        self.sleepers.work_for_all();
    }

    fn push_common(&self, task: Ready) {
        if self.common.push(task).is_err() {
            unreachable!("the queue for all is never closed, nor full");
        }
    }

    // ---- taking out ------------------------------------------------------------------------------------------------

    /// The next task for a worker; `None` if there is none anywhere.
    #[inline]
    pub(crate) fn next(&self, worker: usize, turns: &mut Turns) -> Option<Ready> {
        let own = &self.workers[worker];
        let taken = own.taken.load(Ordering::Relaxed).wrapping_add(1);
        own.taken.store(taken, Ordering::Relaxed);
        if taken % ABROAD == 0 {
            if let Ok(task) = self.common.pop() {
                return Some(task);
            }
        }
        if turns.from_slot < FROM_SLOT {
            if let Some(task) = own.slot.take() {
                turns.from_slot += 1;
                return Some(task);
            }
        }
        turns.from_slot = 0;
        own.next().or_else(|| self.search(worker))
    }

    /// Whether there is anything that a worker may take.
    pub(crate) fn have_work_for(&self, worker: usize) -> bool {
        let queues = self.workers.iter();
        !self.common.is_empty()
            || !self.workers[worker].slot.is_empty()
            || queues.into_iter().any(|other| !other.queue.is_empty())
    }

    /// Looks for work of others.
    #[cold]
    fn search(&self, worker: usize) -> Option<Ready> {
        if !self.have_work_for(worker) {
            return None;
        }
        self.sleepers.begin_search();
        self.search_on(worker)
    }

    /// As [`next`](Self::next), for a worker that counts as one who searches.
    pub(crate) fn search_on(&self, worker: usize) -> Option<Ready> {
        loop {
            let found = self.look_around(worker);
            let must_look_again = self.sleepers.end_search() && self.have_work_for(worker);
            match found {
                Some(_) => {
                    if must_look_again {
                        // We may be busy for long with what we have found.
                        self.sleepers.work_for_all();
                    }
                    return found;
                }
                None if must_look_again => self.sleepers.begin_search(),
                None => return None,
            }
        }
    }

    fn look_around(&self, worker: usize) -> Option<Ready> {
        let own = &self.workers[worker];
        if let Some(task) = own.next() {
            return Some(task);
        }
        let share = self.common.len() / self.workers.len();
        if let Some(task) = self.take(own, &self.common, share.min(BATCH)) {
            return Some(task);
        }
        let count = self.workers.len();
        (1..count).find_map(|distance| {
            let other = &self.workers[(worker + distance) % count].queue;
            self.take(own, other, other.len().div_ceil(2).min(ROOM / 2))
        })
    }

    /// Takes a task, and some more for later.
    fn take(&self, own: &Worker, from: &ConcurrentQueue<Ready>, count: usize) -> Option<Ready> {
        let first = from.pop().ok()?;
        for _ in 1..count {
            let Ok(task) = from.pop() else { break };
            self.push_back(own, task);
        }
        Some(first)
    }

    // ---- standing guard --------------------------------------------------------------------------------------------

    /// Takes what waits in the slots of those who have taken up nothing since `seen`, which is brought up to date. Gives whether
    /// there was any.
    pub(crate) fn rescue(&self, worker: usize, seen: &mut Vec<u32>) -> bool {
        seen.resize(self.workers.len(), 0);
        let mut found = false;
        for (index, other) in self.workers.iter().enumerate() {
            let taken = other.taken.load(Ordering::Relaxed);
            let is_stuck = mem::replace(&mut seen[index], taken) == taken;
            if index != worker && is_stuck {
                if let Some(task) = other.slot.take() {
                    self.push_back(&self.workers[worker], task);
                    found = true;
                }
            }
        }
        found
    }

    /// A worker that was on guard has woken up, and may be busy for long: another must see what happens meanwhile.
    pub(crate) fn hand_over_guard(&self, worker: usize) {
        let mut others = self.workers.iter().enumerate();
        if others.any(|(index, other)| index != worker && !other.slot.is_empty()) {
            self.sleepers.work_for_oneself();
        }
    }

    /// A worker is to leave that sleeps. If others have counted on it, they must find another.
    pub(crate) fn wake_up_to_leave(&self, worker: usize) {
        let is_searching = self.sleepers.wake_up(worker) == WokenBy::Work;
        if is_searching && self.sleepers.end_search() && self.have_work_for(worker) {
            self.sleepers.work_for_all();
        }
    }

    /// A worker goes away: what it has is for the others.
    pub(crate) fn leave(&self, worker: usize) {
        self.sleepers.go_away();
        let own = &self.workers[worker];
        if let Some(task) = own.slot.take() {
            self.push_back(own, task);
        }
        if !own.queue.is_empty() {
            self.sleepers.work_for_all();
        }
    }
}

impl Drop for Queues {
    fn drop(&mut self) {
        // Tasks that nobody could run any more. This may be any thread, and no future is dropped on a thread that is not its own.
        for worker in &self.workers {
            let in_slot = worker.slot.take().into_iter();
            in_slot.chain(worker.queue.try_iter()).for_each(mem::forget);
        }
        self.common.try_iter().for_each(mem::forget);
    }
}
