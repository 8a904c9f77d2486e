//! Connections that many requests share: those of HTTP/2. Each has one place, however many requests there are on it.

use std::{collections::HashMap, sync::Arc};

use smolio_context::Instant;

use super::{
    origin::Origin,
    place::Place,
    pool::{Grant, Leftovers, Pool, PoolLimits, State},
};
use crate::wire::Multiplexed;

/// All of them, by a number that is never used again.
#[derive(Debug, Default)]
pub(super) struct SharedConnections {
    all: HashMap<u64, Shared>,
    next: u64,
}

#[derive(Debug)]
struct Shared {
    origin: Origin,
    /// None when no more requests may go over it: it keeps its place until those on it have ended.
    connection: Option<Multiplexed>,
    streams: usize,
    /// Since when there are no streams.
    since: Instant,
}

/// A request on a connection that it shares with others, or the body of its answer.
#[derive(Debug)]
pub(crate) struct SharedStream {
    pool: Arc<Pool>,
    number: u64,
    pub(crate) connection: Multiplexed,
}

impl SharedStream {
    pub(super) fn new(pool: Arc<Pool>, number: u64, connection: Multiplexed) -> Self {
        Self {
            pool,
            number,
            connection,
        }
    }
}

impl Drop for SharedStream {
    fn drop(&mut self) {
        let mut leftovers = Leftovers::default();
        let limits = self.pool.limits();
        self.pool
            .lock()
            .end_stream(limits, self.number, Instant::now(), &mut leftovers);
        leftovers.settle();
    }
}

impl Place {
    /// Gives the place to a connection that others use too. Where there is one already, because several were made at the
    /// same time, that one is used, and the new one closed.
    pub(crate) fn share(self, connection: Multiplexed) -> SharedStream {
        let mut leftovers = Leftovers::default();
        let (pool, origin, now) = (self.pool().clone(), self.origin().clone(), Instant::now());
        let mut state = pool.lock();
        let grant = state.take_shared(&origin, &mut leftovers);
        let (number, connection) = match grant {
            Some(Grant::Shared(number, other)) => {
                drop(state);
                // Its place goes to the next.
                drop(self);
                (number, other)
            }
            _ => {
                self.give_away();
                let limits = pool.limits();
                let number = state.share(limits, &origin, connection.clone(), now, &mut leftovers);
                drop(state);
                (number, connection)
            }
        };
        leftovers.settle();
        SharedStream::new(pool, number, connection)
    }
}

impl State {
    /// A stream on a connection that is there.
    pub(super) fn take_shared(
        &mut self,
        origin: &Origin,
        leftovers: &mut Leftovers,
    ) -> Option<Grant> {
        if self.shared.all.is_empty() {
            return None;
        }
        let number = self.shared_of(origin)?;
        let shared = self.shared.all.get_mut(&number)?;
        match &shared.connection {
            Some(connection) if connection.is_open() => {
                let connection = connection.clone();
                shared.streams += 1;
                if shared.streams == 1 {
                    self.idle -= 1;
                }
                self.reused += 1;
                Some(Grant::Shared(number, connection))
            }
            _ => {
                self.retire(number, leftovers);
                None
            }
        }
    }

    /// Those who wait for the origin need no places any more.
    fn share(
        &mut self,
        limits: &PoolLimits,
        origin: &Origin,
        connection: Multiplexed,
        now: Instant,
        leftovers: &mut Leftovers,
    ) -> u64 {
        let number = self.shared.next;
        self.shared.next += 1;
        let is_refused = self.is_closed;
        let shared = Shared {
            origin: origin.clone(),
            connection: (!is_refused).then_some(connection),
            streams: 1,
            since: now,
        };
        self.shared.all.insert(number, shared);
        if !is_refused {
            self.set_shared_of(origin, Some(number));
            while let Some(ticket) = self.first_waiting(origin) {
                match self.take_shared(origin, leftovers) {
                    Some(grant) => self.hand_over(limits, origin, ticket, grant, leftovers),
                    None => break,
                }
            }
        }
        number
    }

    pub(super) fn end_stream(
        &mut self,
        limits: &PoolLimits,
        number: u64,
        now: Instant,
        leftovers: &mut Leftovers,
    ) {
        let Some(shared) = self.shared.all.get_mut(&number) else {
            unreachable!("a connection is known while there are streams on it");
        };
        shared.streams -= 1;
        if shared.streams > 0 {
            return;
        }
        shared.since = now;
        let origin = shared.origin.clone();
        if shared.connection.is_some() {
            self.idle += 1;
            if self.idle > limits.idle {
                self.retire(number, leftovers);
            }
        } else {
            self.shared.all.remove(&number);
            self.release(&origin);
        }
        self.look_again(limits, &origin);
        self.serve(limits, now, leftovers);
        self.forget(&origin);
    }

    /// No more requests go over it.
    fn retire(&mut self, number: u64, leftovers: &mut Leftovers) {
        let Some(shared) = self.shared.all.get_mut(&number) else {
            return;
        };
        leftovers.shared.extend(shared.connection.take());
        let (origin, streams) = (shared.origin.clone(), shared.streams);
        self.set_shared_of(&origin, None);
        if streams == 0 {
            self.shared.all.remove(&number);
            self.idle -= 1;
            self.release(&origin);
        }
    }

    /// Closes those without streams for which that is true.
    pub(super) fn retire_idle(
        &mut self,
        is_over: impl Fn(Instant) -> bool,
        leftovers: &mut Leftovers,
    ) {
        let all = self.shared.all.iter();
        let over = all.filter(|(_, shared)| shared.streams == 0 && is_over(shared.since));
        let over: Vec<_> = over.map(|(number, _)| *number).collect();
        for number in over {
            self.retire(number, leftovers);
        }
    }

    /// Closes the one that has had no streams for the longest time.
    pub(super) fn evict_shared(&mut self, leftovers: &mut Leftovers) -> bool {
        let idle = self
            .shared
            .all
            .iter()
            .filter(|(_, shared)| shared.streams == 0);
        let Some((&number, shared)) = idle.min_by_key(|(_, shared)| shared.since) else {
            return false;
        };
        let origin = shared.origin.clone();
        self.retire(number, leftovers);
        self.forget(&origin);
        true
    }

    /// Those with streams may end, but get no more.
    pub(super) fn retire_all(&mut self, leftovers: &mut Leftovers) {
        let all: Vec<_> = self.shared.all.keys().copied().collect();
        for number in all {
            self.retire(number, leftovers);
        }
    }
}
