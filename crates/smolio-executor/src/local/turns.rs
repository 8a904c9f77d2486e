//! The turns of a loop: who is polled, and when timers, the inbox and the reactor are looked at.
//!
//! The loop is one future, driven by `async_io::block_on`, so that the reactor is polled on this thread whenever nothing is
//! ready. A turn of it is a few rounds; a round reads the inbox, fires timers, and polls at most [`ROUND`] tasks, fewer where
//! these take long. After a turn the reactor looks for events.

use std::{
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_task::waker;
use smolio_context::{
    Instant, ReadyOrder, TaskInfo, Unhandled, hide_deadlines, install_sink, report_unhandled,
    watch_shields,
};

use super::{
    CURRENT, Local,
    guards::{Entered, MainWake, Turning},
};
use crate::{
    cell::{Ran, Runnable, Shared},
    idle::{IdleAction, IdleState},
    pool,
    wake::{Key, Kind, Message, Ready},
};

/// How many tasks are polled before timers and the inbox get their turn: tokio's number, a prime, so that it does not fall
/// into step with patterns in the program.
const ROUND: u32 = 61;

/// A turn goes on for another round if it has taken less than this.
///
/// A look at the reactor costs five system calls, about a microsecond. Where a poll takes some tens of nanoseconds, that is as
/// much as a whole round; what an event that is waiting cares for is time, not a number of polls. It is less than the 50 µs
/// after which the helper thread of async-io takes the reactor for abandoned and drives it itself.
const SHORTEST_TURN: Duration = Duration::from_micros(40);

/// After so many polls of a round it looks at the clock, and then each time after twice as many.
///
/// A poll that takes tens of nanoseconds should not read the clock each time. One that makes system calls takes ten
/// microseconds: a whole round of these would be so long that the helper thread of async-io takes the reactor, and keeps it,
/// since the next round is as long. Every event would come through the inbox then.
const FIRST_LOOK: u32 = 4;

/// Where the round before took no longer than [`QUICK_ROUND`] it first looks after so many polls: to read the clock takes as long
/// as to poll a small task, or longer.
const FIRST_LOOK_IF_QUICK: u32 = 32;
const QUICK_ROUND: Duration = Duration::from_micros(8);

/// How many rounds a turn has at most: the time of a virtual clock stands still. (The helper thread would step in, but what it
/// wakes comes through the inbox, at twice the price.)
const ROUNDS: u32 = 32;

/// A queue with room for no more than this keeps it.
const KEPT_READY: usize = 1024;

/// How a round ended.
enum Round<T> {
    /// Main is ready.
    Main(T),
    /// Nobody is ready.
    Idle,
    /// There may be more.
    More,
}

impl Local {
    /// Drives the loop until `main` is ready.
    ///
    /// # Panics
    /// If `main` does, or if the idle policy gives up.
    pub(crate) fn drive<T>(
        self: &Rc<Self>,
        main_task: Option<TaskInfo>,
        main: impl Future<Output = T>,
    ) -> T {
        CURRENT.set(self, || self.drive_current(main_task, main))
    }

    fn drive_current<T>(
        self: &Rc<Self>,
        main_task: Option<TaskInfo>,
        main: impl Future<Output = T>,
    ) -> T {
        let _entered = Entered::new(self, main_task);
        let _timers = self.timers.enter();
        let _sink = install_sink(self.clone());
        let _tokio = self.runtime.tokio().enter();
        let main_wake = Arc::new(MainWake::new(self));
        let main_waker = waker(main_wake.clone());
        self.enqueue(Ready::Woken(Key::MAIN));
        // Declared last, so that it is dropped first, while all of the above still holds.
        let mut main = pin!(main);
        let turn = |cx: &mut Context<'_>| {
            self.turn(cx, &main_wake, || {
                main.as_mut().poll(&mut Context::from_waker(&main_waker))
            })
        };
        // Where somebody blocks on a loop in the middle of a poll, his timeouts do not hold in here, and a shield in here is not
        // one of his.
        let _deadlines = hide_deadlines();
        watch_shields(|| async_io::block_on(poll_fn(turn))).0
    }

    fn turn<T>(
        &self,
        cx: &mut Context<'_>,
        main: &MainWake,
        mut poll_main: impl FnMut() -> Poll<T>,
    ) -> Poll<T> {
        self.follow(cx.waker());
        let _turning = Turning::new(&self.turning);
        self.begin_share();
        let begin = Instant::now();
        let mut now = begin;
        for _ in 0..ROUNDS {
            self.read_inbox(main);
            self.fire_timers(now);
            match self.round(main, &mut poll_main, begin, now) {
                Round::Main(value) => return Poll::Ready(value),
                Round::Idle if self.has_share_to_do(cx) => now = Instant::now(),
                Round::Idle => {
                    self.trim();
                    self.idle(cx);
                    return Poll::Pending;
                }
                Round::More => {
                    let began = mem::replace(&mut now, Instant::now());
                    let is_quick = now.duration_since(began) <= QUICK_ROUND;
                    self.was_quick.set(is_quick);
                }
            }
            if now.duration_since(begin) >= SHORTEST_TURN {
                break;
            }
        }
        self.trim();
        // There may be more: the reactor gets a turn, and then we go on.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Gives the memory of a past rush back.
    fn trim(&self) {
        self.slab.trim();
        let mut queue = self.queue.borrow_mut();
        if queue.capacity() > KEPT_READY && queue.len() < queue.capacity() / 8 {
            let room = (2 * queue.len()).max(KEPT_READY);
            queue.shrink_to(room);
        }
    }

    fn round<T>(
        &self,
        main: &MainWake,
        poll_main: &mut impl FnMut() -> Poll<T>,
        turn_began: Instant,
        round_began: Instant,
    ) -> Round<T> {
        let shares = self.runtime.pool().is_some();
        let mut polls = 0;
        let mut look = match self.was_quick.get() {
            true => FIRST_LOOK_IF_QUICK,
            false => FIRST_LOOK,
        };
        while polls < ROUND {
            let Some(ready) = self.next_ready() else {
                return Round::Idle;
            };
            self.still_idle.set(false);
            match ready {
                Ready::New(task) => self.run_first(task),
                Ready::Woken(key) if !key.is_of_the_loop() => self.run_again(key),
                Ready::Woken(Key::SHARE) => self.run_share(),
                Ready::Woken(_) => {
                    main.dequeued();
                    if let Poll::Ready(value) = poll_main() {
                        return Round::Main(value);
                    }
                }
            }
            polls += 1;
            if shares {
                // That may have been a share of the workers' common work, or a poll in which somebody drives another loop.
                polls += pool::take_polls();
            }
            if polls >= look {
                look *= 2;
                // Until the next look it would take as long again as the round has taken by now.
                let now = Instant::now();
                let as_long_again = now.duration_since(round_began);
                if now.duration_since(turn_began) + as_long_again >= SHORTEST_TURN {
                    return Round::More;
                }
            }
        }
        Round::More
    }

    fn fire_timers(&self, now: Instant) {
        let fire = || {
            if self.runtime.pool().is_none() {
                // Timeouts that are made in this round count from here, and need not read the clock each.
                self.timers.fire_and_begin_turn(now);
            } else if !self.timers.is_empty() {
                // A task that moves to another worker takes its timeouts along, out of the turn.
                self.timers.fire(now);
            }
        };
        // Wakers are foreign code, where somebody polls a timer by hand. One that panics must not take the loop with it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(fire)) {
            report_unhandled(Unhandled::panic(None, &*payload));
            mem::forget(payload);
        }
    }

    /// Makes sure that whoever drives the loop now is the one that is woken.
    fn follow(&self, waker: &Waker) {
        let known = matches!(&*self.driver.borrow(), Some(driver) if driver.will_wake(waker));
        if !known {
            self.driver.replace(Some(waker.clone()));
            self.inbox.set_driver(Some(waker.clone()));
        }
    }

    /// The first poll of a task.
    fn run_first(&self, task: Shared<dyn Runnable>) {
        match task.run(None, &self.running) {
            Ran::Ended(kind) => self.note_end(kind),
            Ran::Pending | Ran::Stale => {
                if let Some(key) = self.table.insert(task) {
                    self.enqueue(Ready::Woken(key));
                }
            }
        }
    }

    /// Any other poll.
    fn run_again(&self, key: Key) {
        if let Ran::Ended(kind) = self.table.run(key, &self.running) {
            self.note_end(kind);
        }
    }

    fn note_end(&self, kind: Kind) {
        let count = &self.counts[kind as usize];
        count.set(count.get() - 1);
        self.wake_watcher();
    }

    /// Nothing is ready: arms the alarm, or asks the policy what to do.
    fn idle(&self, cx: &mut Context<'_>) {
        let Some(policy) = &self.policy else {
            self.alarm.set(cx, self.timers.next_deadline());
            return;
        };
        let state = IdleState {
            next_timer: self.timers.next_deadline(),
            threads_in_flight: self.runtime.threads_in_flight(),
            still_idle: self.still_idle.replace(true),
        };
        match policy.on_idle(&state) {
            IdleAction::Park => self.alarm.set(cx, state.next_timer),
            IdleAction::ParkFor(duration) => self.alarm.set_after(cx, duration),
            IdleAction::Turn | IdleAction::Continue => cx.waker().wake_by_ref(),
            IdleAction::Fail(report) => panic!("{report}"),
        }
    }

    #[inline]
    fn next_ready(&self) -> Option<Ready> {
        let mut queue = self.queue.borrow_mut();
        if queue.is_empty() {
            return None;
        }
        match ReadyOrder::pick(queue.len()) {
            0 => queue.pop_front(),
            // The seeded orders of tests only; keeps the others in order, so that one seed is one schedule.
            index => queue.remove(index),
        }
    }

    fn read_inbox(&self, main: &MainWake) {
        let mut messages = self.messages.take();
        self.inbox.drain(&mut messages);
        for message in messages.drain(..) {
            match message {
                Message::Wake(Key::MAIN) => main.target().received(self),
                Message::Wake(key) => {
                    self.table
                        .with(key, |task| task.wake_target().received(self));
                }
                Message::Adopt(task) => self.adopt(task),
                Message::Look => self.wake_watcher(),
            }
        }
        self.messages.replace(messages);
    }
}
