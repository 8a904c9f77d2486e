//! The turn of a loop, whose beginning stands for the present, so that a timeout need not read the clock.
//!
//! Nearly all timeouts are cancelled. Of what such a one costs, reading the clock would be half. So within a turn of
//! the loop they count from its beginning, which the loop has read for all. That is too early by as much of the turn
//! as was over when they were made, and timers must never be early. What is done about it:
//! - a timer that is armed within a turn gets one tick more than its duration. So it is right if the turn ends in the
//!   tick in which it began.
//! - if the turn ends `n` ticks later, because a task was busy, it gets `n` ticks more.
//!
//! So it takes its place on the wheel only when the turn ends. Many a timeout is over by then: its body had to wait for a
//! task that was ready. It has cost neither a way in nor one out.
//!
//! So they are late by at most a tick and the rest of the turn. Nothing may be armed here while the loop waits, or
//! the wait would be added: the loop ends the turn before it does.
//!
//! What is left is, for the most part, the waker's clone and drop, two atomic operations. A task that goes from one
//! timeout to the next would drop and clone the same waker; so the one of the timer that was cancelled last is kept
//! for the rest of the turn. It stays on the wheel, in an entry apart, so that nothing moves where one timer is cancelled
//! and the next one armed: the entry is the same.

use std::{task::Waker, time::Duration};

use smolio_context::Instant;

use crate::{
    ticks::{self, RoundTo},
    wheel::{Key, Wheel},
};

/// How many timers one turn can have; the others read the clock.
const MOST: usize = 1024;

pub(crate) struct Turn {
    // `None` between two turns.
    begin: Option<Begin>,
    armed: Vec<Armed>,
    // Apart from all others, with the waker of one that was cancelled. Only within a turn.
    spare: Option<Key>,
}

#[derive(Clone, Copy)]
struct Begin {
    moment: Instant,
    tick: u64,
}

/// Inserted into the wheel, apart from all others.
#[derive(Clone, Copy)]
struct Armed {
    key: Key,
    // Not its ticks, which take a division: of those that are over when the turn ends nobody needs to know them.
    duration: Duration,
}

impl Turn {
    /// Not begun.
    pub(crate) fn new() -> Self {
        Self {
            begin: None,
            armed: Vec::new(),
            spare: None,
        }
    }

    /// Begins at `moment`, which lies in `tick`. The turn before must have been ended.
    pub(crate) fn begin(&mut self, moment: Instant, tick: u64) {
        debug_assert!(self.armed.is_empty(), "the turn before was not ended");
        self.begin = Some(Begin { moment, tick });
    }

    /// About when something is due that is given `duration` now: too early by the part of the turn that is over.
    /// `None` between two turns.
    pub(crate) fn deadline(&self, duration: Duration) -> Option<Instant> {
        let begin = self.begin?;
        Some(begin.moment.saturating_add(duration))
    }

    /// Whether another timer can be armed in this turn. If not, that takes a clock.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.begin.is_some() && self.armed.len() < MOST
    }

    /// Arms what was inserted apart: it must not expire before `duration` from now. To be called only if the turn is open.
    #[inline]
    pub(crate) fn arm(&mut self, duration: Duration, key: Key) {
        self.armed.push(Armed { key, duration });
    }

    /// Cancels a timer. Within a turn its waker is kept. Gives back what is to be dropped.
    #[inline]
    pub(crate) fn cancel<T>(&mut self, wheel: &mut Wheel<T>, key: Key) -> Option<T> {
        let spare = if self.armed.last().is_some_and(|last| last.key == key) {
            // Nothing is left of it but its entry.
            self.armed.pop();
            wheel.renew(key)?
        } else {
            let waker = wheel.remove(key)?;
            if self.begin.is_none() {
                return Some(waker);
            }
            wheel.insert_apart(waker)
        };
        let former = self.spare.replace(spare)?;
        wheel.remove(former)
    }

    /// The entry with the waker that was kept, if that is the one that is needed.
    #[inline]
    pub(crate) fn spare(&mut self, wheel: &mut Wheel<Waker>, waker: &Waker) -> Option<Key> {
        self.spare.take_if(|key| {
            let kept = wheel.get_mut(*key);
            kept.is_some_and(|kept| kept.will_wake(waker))
        })
    }

    /// It was not needed after all.
    pub(crate) fn keep(&mut self, spare: Key) {
        self.spare = Some(spare);
    }

    /// How many entries of the wheel stand for no timer.
    pub(crate) fn spares(&self) -> usize {
        usize::from(self.spare.is_some())
    }

    /// Ends the turn, if there is one. `tick` gives the present tick; it is asked only if that matters. Gives back
    /// what is to be dropped.
    pub(crate) fn end<T>(
        &mut self,
        wheel: &mut Wheel<T>,
        tick: impl FnOnce() -> Option<u64>,
    ) -> Option<T> {
        let begin = self.begin.take()?;
        if !self.armed.is_empty() {
            let late = tick().map_or(0, |tick| tick.saturating_sub(begin.tick));
            // It may have begun at the end of its tick, and all of them may have been armed when it ended.
            let end = begin.tick.saturating_add(late).saturating_add(1);
            for Armed { key, duration } in self.armed.drain(..) {
                let ticks = ticks::count(duration, RoundTo::Higher);
                wheel.arm(key, end.saturating_add(ticks));
            }
        }
        wheel.remove(self.spare.take()?)
    }
}
