//! The part of a loop that it takes in the work of all, where there are several workers.
//!
//! It is one thing on the loop's queue among others ([`Key::SHARE`]), and polls some tasks each time. It is there while there
//! may be work; when the loop goes idle, the worker sleeps together with its loop.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    task::Context,
    time::Duration,
};

use async_io::Timer;

use super::Local;
use crate::{
    pool::Pool,
    queues::{self, Turns},
    sleepers::WokenBy,
    wake::{Key, Kind, Ready},
};

/// How many tasks are polled before others on this thread have their turn.
const SHARE: u32 = 61;

/// How long a guard sleeps after it has had to step in, and at most: twice as long each time that it was not needed.
const SHORTEST_WATCH: Duration = Duration::from_millis(1);
const LONGEST_WATCH: Duration = Duration::from_millis(4);

#[derive(Default)]
pub(crate) struct Share {
    /// The main loop is the first worker.
    worker: usize,
    /// The loop is being driven, and has not been told to stop.
    is_there: Cell<bool>,
    stopped: Cell<bool>,
    /// It is on the queue of the loop, or going on.
    is_queued: Cell<bool>,
    /// The worker is in the list of those who sleep.
    is_asleep: Cell<bool>,
    turns: RefCell<Turns>,
    guard: RefCell<Guard>,
}

/// What the worker knows of the others from the times that it was on guard.
#[derive(Default)]
struct Guard {
    taken: Vec<u32>,
    watch: Duration,
    timer: Option<Timer>,
}

impl Share {
    pub(crate) fn of(worker: usize) -> Self {
        Self {
            worker,
            ..Self::default()
        }
    }
}

impl Local {
    /// The number of this worker among those of `pool`, if it takes part in their work.
    #[inline]
    pub(crate) fn worker(&self) -> Option<usize> {
        self.share.is_there.get().then_some(self.share.worker)
    }

    /// On the loop's own thread: a task of the workers is ready.
    #[inline]
    pub(crate) fn share_out(&self, pool: &Pool, task: queues::Ready, again: bool) {
        let worker = self.share.worker;
        if again {
            pool.queues().push_again(worker, task);
        } else {
            pool.queues().push(worker, task);
        }
        self.enqueue_share();
    }

    #[inline]
    fn enqueue_share(&self) {
        if !self.share.is_queued.replace(true) {
            self.enqueue(Ready::Woken(Key::SHARE));
        }
    }

    /// The loop is driven from now on.
    pub(super) fn come(&self) {
        let Some(pool) = self.runtime.pool() else {
            return;
        };
        if !self.share.stopped.get() && !self.share.is_there.replace(true) {
            pool.queues().sleepers.come();
            self.enqueue_share();
        }
    }

    /// The loop is not driven any more, for now.
    pub(super) fn go_away(&self) {
        let Some(pool) = self.runtime.pool() else {
            return;
        };
        if self.share.is_there.replace(false) {
            // Only where a turn was left by a panic.
            if self.share.is_asleep.replace(false) {
                pool.queues().wake_up_to_leave(self.share.worker);
            }
            pool.queues().leave(self.share.worker);
        }
    }

    /// The loop leaves the work of all to others from now on.
    pub(crate) fn stop_sharing(&self) {
        self.share.stopped.set(true);
        self.go_away();
    }

    /// Polls some tasks.
    pub(super) fn run_share(&self) {
        self.share.is_queued.set(false);
        let Some(pool) = self.runtime.pool() else {
            return;
        };
        if self.worker().is_some() {
            self.run_some(pool, None);
        }
    }

    fn run_some(&self, pool: &Pool, mut first: Option<queues::Ready>) {
        // It may be on the queue as well, where work has woken the worker.
        let is_queued = self.share.is_queued.replace(true);
        let outer = self.running.replace(Kind::Internal);
        let mut has_more = true;
        for _ in 0..SHARE {
            let next = first.take().or_else(|| {
                let mut turns = self.share.turns.borrow_mut();
                pool.queues().next(self.share.worker, &mut turns)
            });
            let Some(task) = next else {
                has_more = false;
                break;
            };
            task.run();
        }
        self.running.set(outer);
        self.share.is_queued.set(is_queued);
        if has_more {
            self.enqueue_share();
        }
    }

    // ---- sleeping --------------------------------------------------------------------------------------------------

    /// A turn begins. What has woken us for the sake of all comes first: the others count on us.
    #[inline]
    pub(super) fn begin_share(&self) {
        let Some(pool) = self.runtime.pool() else {
            return;
        };
        if self.share.is_asleep.get() {
            self.get_up(pool);
        }
        let may_have_work = || pool.queues().have_work_for(self.share.worker);
        if !self.share.is_queued.get() && self.share.is_there.get() && may_have_work() {
            self.enqueue_share();
        }
    }

    fn get_up(&self, pool: &Pool) {
        if !self.share.is_asleep.replace(false) {
            return;
        }
        let queues = pool.queues();
        match queues.sleepers.wake_up(self.share.worker) {
            WokenBy::Work => {
                if let Some(task) = queues.search_on(self.share.worker) {
                    self.run_some(pool, Some(task));
                }
            }
            WokenBy::Event { was_on_guard: true } => {
                let mut guard = self.share.guard.borrow_mut();
                let stepped_in = queues.rescue(self.share.worker, &mut guard.taken);
                guard.watch = if stepped_in {
                    SHORTEST_WATCH
                } else {
                    (2 * guard.watch).min(LONGEST_WATCH)
                };
                queues.hand_over_guard(self.share.worker);
            }
            WokenBy::Event {
                was_on_guard: false,
            } => {}
        }
    }

    /// The loop has nothing to do. Gives whether the worker has: then it must not sleep.
    pub(super) fn has_share_to_do(&self, cx: &mut Context<'_>) -> bool {
        let Some(pool) = self.runtime.pool() else {
            return false;
        };
        if !self.share.is_there.get() {
            return false;
        }
        let queues = pool.queues();
        let has_work = || queues.have_work_for(self.share.worker);
        if has_work() {
            self.enqueue_share();
            return true;
        }
        let on_guard = queues.sleepers.fall_asleep(self.share.worker, cx.waker());
        self.share.is_asleep.set(true);
        if has_work() {
            self.get_up(pool);
            self.enqueue_share();
            return true;
        }
        if on_guard {
            self.stand_guard(cx);
        }
        false
    }

    fn stand_guard(&self, cx: &mut Context<'_>) {
        let mut guard = self.share.guard.borrow_mut();
        let watch = guard.watch.max(SHORTEST_WATCH);
        guard.watch = watch;
        let timer = guard.timer.get_or_insert_with(|| Timer::after(watch));
        while Pin::new(&mut *timer).poll(cx).is_ready() {
            timer.set_after(watch);
        }
    }
}
