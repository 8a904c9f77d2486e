//! The share of one worker in the work of all.
//!
//! async-executor puts each task that is woken onto one queue, and threads that meet there at each step keep each other waiting:
//! over two of them, a yield took 223 ns with one executor, and takes 84 ns with two. So each worker has an executor of its own,
//! and a task belongs to one of them for life. A worker runs the tasks of its own executor; where there are none, those of the
//! others, and now and then it does so anyway, since their owners may be busy with one task for long. One that finds nothing
//! sleeps in all of the executors, so that whichever gets work may wake it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use async_executor::Executor;

/// How many tasks are polled before others on this thread have their turn.
const SHARE: u32 = 61;

/// After so many tasks of its own a worker takes one from another, if there is one: often enough that it does not starve, and
/// seldom enough that the two do not meet all the time.
const ABROAD: u32 = 16;

/// Runs tasks for as long as it is polled. `Sleep` is the future of `Executor::tick`, which has no name.
pub(crate) struct Share<'a, Sleep, Make> {
    executors: &'a [Executor<'static>],
    /// The worker's own executor.
    own: usize,
    /// How many were taken from it since one was taken from another.
    at_home: u32,
    /// Whose turn that is, counted from our own.
    next: usize,
    make_sleep: Make,
    /// One for each executor; `None` while the worker is awake.
    sleeps: Vec<Pin<Box<Option<Sleep>>>>,
}

/// The share of the worker that has the executor `own`.
pub(crate) fn share(executors: &[Executor<'static>], own: usize) -> impl Future<Output = ()> {
    let make_sleep = |index: usize| executors[index].tick();
    Share {
        executors,
        own,
        at_home: 0,
        next: 1,
        make_sleep,
        sleeps: executors.iter().map(|_| Box::pin(None)).collect(),
    }
}

impl<Sleep: Future<Output = ()>, Make: Fn(usize) -> Sleep> Share<'_, Sleep, Make> {
    /// Polls one task; `false` if there is none.
    fn run_one(&mut self) -> bool {
        if self.at_home < ABROAD {
            self.at_home += 1;
            if self.executors[self.own].try_tick() {
                return true;
            }
        }
        self.at_home = 0;
        self.run_one_abroad() || self.executors[self.own].try_tick()
    }

    fn run_one_abroad(&mut self) -> bool {
        let count = self.executors.len();
        for _ in 1..count {
            let other = (self.own + self.next) % count;
            self.next = self.next % (count - 1) + 1;
            if self.executors[other].try_tick() {
                return true;
            }
        }
        false
    }

    /// Goes to sleep in all executors; `false` if one of them had a task after all, which was polled.
    fn sleep(&mut self, cx: &mut Context<'_>) -> bool {
        for (index, sleep) in self.sleeps.iter_mut().enumerate() {
            sleep.set(Some((self.make_sleep)(index)));
            let woken = sleep.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx));
            if woken == Some(Poll::Ready(())) {
                self.wake_up();
                return false;
            }
        }
        true
    }

    /// Takes care that nobody counts on us as one who sleeps. Whoever has woken us, the wake goes on to another sleeper: it may
    /// be busy for long with the task that we take up.
    fn wake_up(&mut self) {
        for sleep in &mut self.sleeps {
            sleep.set(None);
        }
    }
}

impl<Sleep, Make> Future for Share<'_, Sleep, Make>
where
    Sleep: Future<Output = ()>,
    Make: Fn(usize) -> Sleep + Unpin,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.wake_up();
        for _ in 0..SHARE {
            if !self.run_one() && self.sleep(cx) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
