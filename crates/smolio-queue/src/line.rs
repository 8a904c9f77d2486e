//! A waiting line: who waits, first come first notified, and how much is claimed by those who have been notified.
//!
//! Pure data: no lock, and no waker is called, cloned or dropped in here. Entries live in a slab and are chained through
//! their keys, so entering, leaving from anywhere and notifying take constant time, and no allocation in the long run.

use std::task::Waker;

use slab::Slab;

use crate::{
    waiter::{NOBODY, Neighbour, Phase, Waiter},
    wakes::Wakes,
};

pub(crate) struct Line {
    waiters: Slab<Waiter>,
    // The ends of the chain of those that are waiting, in the order of their tickets.
    first: Neighbour,
    last: Neighbour,
    next_ticket: u64,
    // The sum of what those want who have been notified. It cannot overflow: there are fewer than 2^32 of them.
    claimed: u64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            waiters: Slab::new(),
            first: NOBODY,
            last: NOBODY,
            next_ticket: 0,
            claimed: 0,
        }
    }
}

impl Line {
    /// How many there are, notified or not.
    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Puts the waiter at `key` into the line, or back into its old place, and gives the waker that it had before.
    #[inline]
    pub(crate) fn wait(
        &mut self,
        key: &mut Option<usize>,
        wants: u32,
        waker: Waker,
    ) -> Option<Waker> {
        if let Some(key) = *key {
            return self.wait_again(key, wants, waker);
        }
        *key = Some(self.enter(wants, waker));
        None
    }

    fn wait_again(&mut self, key: usize, wants: u32, waker: Waker) -> Option<Waker> {
        let waiter = &mut self.waiters[key];
        let notified_with = std::mem::replace(&mut waiter.wants, wants);
        if let Phase::Waiting { waker: old, .. } = &mut waiter.phase {
            return Some(std::mem::replace(old, waker));
        }
        self.claimed -= u64::from(notified_with);
        self.link(key, waker);
        None
    }

    #[inline]
    fn enter(&mut self, wants: u32, waker: Waker) -> usize {
        let before = self.last;
        let key = self.waiters.insert(Waiter {
            ticket: self.next_ticket,
            wants,
            phase: Phase::Waiting {
                waker,
                before,
                after: NOBODY,
            },
        });
        self.next_ticket += 1;
        self.last = key;
        self.set_after(before, key);
        key
    }

    /// Whether the waiter is in the line with a waker to the same effect; then it wants this much from now on.
    pub(crate) fn goes_on_waiting(&mut self, key: usize, wants: u32, waker: &Waker) -> bool {
        let waiter = &mut self.waiters[key];
        let waits =
            matches!(&waiter.phase, Phase::Waiting { waker: old, .. } if old.will_wake(waker));
        if waits {
            waiter.wants = wants;
        }
        waits
    }

    /// Takes the waiter out, wherever it stands, and gives its waker.
    #[inline]
    pub(crate) fn leave(&mut self, key: usize) -> Option<Waker> {
        let waiter = self.waiters.remove(key);
        match waiter.phase {
            Phase::Waiting {
                waker,
                before,
                after,
            } => {
                self.unchain(before, after);
                Some(waker)
            }
            Phase::Notified => {
                self.claimed -= u64::from(waiter.wants);
                None
            }
        }
    }

    fn unchain(&mut self, before: Neighbour, after: Neighbour) {
        self.set_after(before, after);
        self.set_before(after, before);
    }

    /// Whether there is somebody to notify.
    #[inline]
    pub(crate) fn is_waited_in(&self) -> bool {
        self.first != NOBODY
    }

    /// Notifies one after the other until `available` is claimed, or none is waiting.
    #[inline]
    pub(crate) fn notify(&mut self, available: u64, wakes: &mut Wakes) {
        if self.is_waited_in() && self.claimed < available {
            self.notify_some(available, wakes);
        }
    }

    // By itself, so that what is asked after each change is small enough to stand where that is.
    #[inline(never)]
    fn notify_some(&mut self, available: u64, wakes: &mut Wakes) {
        while self.is_waited_in() && self.claimed < available {
            let waiter = &mut self.waiters[self.first];
            self.claimed += u64::from(waiter.wants);
            let phase = std::mem::replace(&mut waiter.phase, Phase::Notified);
            if let Phase::Waiting {
                waker,
                before,
                after,
            } = phase
            {
                self.unchain(before, after);
                wakes.push(waker);
            }
        }
    }

    /// Chains one that comes back to its neighbours of before.
    fn link(&mut self, key: usize, waker: Waker) {
        let ticket = self.waiters[key].ticket;
        let (before, after) = self.neighbours(ticket);
        self.waiters[key].phase = Phase::Waiting {
            waker,
            before,
            after,
        };
        self.set_after(before, key);
        self.set_before(after, key);
    }

    /// Between whom a ticket belongs. Those that come back were at the front, so the search ends soon.
    fn neighbours(&self, ticket: u64) -> (Neighbour, Neighbour) {
        if self.last == NOBODY || self.waiters[self.last].ticket < ticket {
            return (self.last, NOBODY);
        }
        let (mut before, mut after) = (NOBODY, self.first);
        while after != NOBODY && self.waiters[after].ticket < ticket {
            (before, after) = (after, self.after(after));
        }
        (before, after)
    }

    fn after(&self, key: usize) -> Neighbour {
        match self.waiters[key].phase {
            Phase::Waiting { after, .. } => after,
            Phase::Notified => NOBODY,
        }
    }

    /// Says who comes after `key`, or is the first, where that is nobody.
    #[inline]
    fn set_after(&mut self, key: Neighbour, new: Neighbour) {
        if key == NOBODY {
            self.first = new;
        } else if let Phase::Waiting { after, .. } = &mut self.waiters[key].phase {
            *after = new;
        }
    }

    /// Says who comes before `key`, or is the last, where that is nobody.
    #[inline]
    fn set_before(&mut self, key: Neighbour, new: Neighbour) {
        if key == NOBODY {
            self.last = new;
        } else if let Phase::Waiting { before, .. } = &mut self.waiters[key].phase {
            *before = new;
        }
    }
}
