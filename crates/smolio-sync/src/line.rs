//! A waiting line: first come, first served.
//!
//! Pure data: no lock, and no waker is called, cloned or dropped in here. Entries live in a slab and are chained through
//! their keys, so entering, granting and leaving from anywhere take constant time, and no allocation in the long run.

use std::{mem, task::Waker};

use slab::Slab;

use crate::{
    waiter::{Phase, Waiter},
    wakes::Wakes,
};

/// The neighbour of those at the ends of the line.
const NOBODY: usize = usize::MAX;

/// Those that wait for a grant `G`, and what each of them wants.
pub(crate) struct Line<W, G> {
    waiters: Slab<Waiter<W, G>>,
    // The ends of the chain of those that have been granted nothing yet.
    first: usize,
    last: usize,
    waiting: usize,
}

/// What a waiter finds when it is polled.
pub(crate) enum Found<G> {
    /// It has been served, and is out of the line.
    Granted(G),
    /// It waits, with a waker to the same effect.
    Waits,
    /// It waits with another waker.
    OtherWaker,
}

/// What is left of a waiter that is dropped.
pub(crate) enum Left<G> {
    /// It had been granted this.
    Granted(G),
    /// It was still waiting. The waker is to be dropped where no lock is held.
    Waiting(Waker),
}

impl<W, G> Default for Line<W, G> {
    fn default() -> Self {
        Self {
            waiters: Slab::new(),
            first: NOBODY,
            last: NOBODY,
            waiting: 0,
        }
    }
}

impl<W, G> Line<W, G> {
    /// How many wait, not counting those that have been granted something.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Puts a waiter at the end of the line.
    pub(crate) fn enter(&mut self, want: W, waker: Waker) -> usize {
        let before = self.last;
        let key = self.waiters.insert(Waiter {
            want,
            phase: Phase::Waiting {
                waker,
                before,
                after: NOBODY,
            },
        });
        self.last = key;
        self.set_after(before, key);
        self.waiting += 1;
        key
    }

    /// What the first in the line wants.
    pub(crate) fn first(&self) -> Option<&W> {
        self.waiters.get(self.first).map(|waiter| &waiter.want)
    }

    /// Gives this to the first in the line, or back if nobody waits.
    pub(crate) fn grant_first(&mut self, grant: G, wakes: &mut Wakes) -> Option<G> {
        let Some(waiter) = self.waiters.get_mut(self.first) else {
            return Some(grant);
        };
        let phase = mem::replace(&mut waiter.phase, Phase::Granted(grant));
        if let Phase::Waiting { waker, after, .. } = phase {
            self.unlink(NOBODY, after);
            wakes.push(waker);
        }
        None
    }

    /// Gives something to each that waits, in their order.
    pub(crate) fn grant_all(&mut self, mut grant: impl FnMut() -> G, wakes: &mut Wakes) {
        while self.waiting > 0 {
            self.grant_first(grant(), wakes);
        }
    }

    /// Looks what has become of a waiter. One that has been served leaves the line.
    pub(crate) fn look(&mut self, key: usize, waker: &Waker) -> Found<G> {
        if let Phase::Waiting { waker: old, .. } = &self.waiters[key].phase {
            return if old.will_wake(waker) {
                Found::Waits
            } else {
                Found::OtherWaker
            };
        }
        match self.leave(key) {
            Left::Granted(grant) => Found::Granted(grant),
            Left::Waiting(_) => unreachable!("it was seen that it waits no more"),
        }
    }

    /// As [`look`](Self::look), and exchanges the waker of one that waits.
    pub(crate) fn look_with(&mut self, key: usize, waker: &mut Waker) -> Found<G> {
        let found = self.look(key, waker);
        if let Found::OtherWaker = found {
            if let Phase::Waiting { waker: old, .. } = &mut self.waiters[key].phase {
                mem::swap(old, waker);
            }
        }
        found
    }

    /// Takes a waiter out, wherever it stands.
    pub(crate) fn leave(&mut self, key: usize) -> Left<G> {
        match self.waiters.remove(key).phase {
            Phase::Waiting {
                waker,
                before,
                after,
            } => {
                self.unlink(before, after);
                Left::Waiting(waker)
            }
            Phase::Granted(grant) => Left::Granted(grant),
        }
    }

    /// Closes the gap that somebody leaves between these two.
    fn unlink(&mut self, before: usize, after: usize) {
        self.set_after(before, after);
        self.set_before(after, before);
        self.waiting -= 1;
    }

    /// Says who comes after `key`, or is the first, where that is nobody.
    fn set_after(&mut self, key: usize, new: usize) {
        if key == NOBODY {
            self.first = new;
        } else if let Phase::Waiting { after, .. } = &mut self.waiters[key].phase {
            *after = new;
        }
    }

    /// Says who comes before `key`, or is the last, where that is nobody.
    fn set_before(&mut self, key: usize, new: usize) {
        if key == NOBODY {
            self.last = new;
        } else if let Phase::Waiting { before, .. } = &mut self.waiters[key].phase {
            *before = new;
        }
    }
}
