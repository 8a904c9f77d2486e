//! `Pool`: which connections there are, and who may have one. Plain values under a lock: no task looks after them.
//!
//! A *place* is the right to have one connection. There are so many in all, and so many for each origin if that is limited. A
//! connection that is kept has its place, as one in use has. Who finds no place waits in [`wait`](super::wait).
//!
//! What is taken out under the lock, connections to close and tasks to wake, is dropped and woken when the lock is free
//! again: see [`Leftovers`].

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Duration,
};

use smolio_context::Instant;

#[cfg(feature = "http2")]
use super::shared::SharedConnections;
use super::{alarm::Alarm, origin::Origin, stats::TransportStats};
use crate::wire::Connection;
#[cfg(feature = "http2")]
use crate::wire::Multiplexed;

/// Looking for what is too old costs a look at all that are kept: so not more often than that.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// What of the builder is about the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolLimits {
    /// Connections in all.
    pub(crate) connections: usize,
    pub(crate) per_host: Option<usize>,
    /// Connections that are kept while nobody uses them.
    pub(crate) idle: usize,
    /// And for how long.
    pub(crate) idle_time: Duration,
}

/// A connection that is kept, with its timer.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) connection: Connection,
    pub(crate) alarm: Alarm,
    pub(crate) since: Instant,
    /// Whether its last answer had a body, and so has been seen to end where it should. Behind one without there may be a
    /// body all the same: servers err there.
    pub(crate) had_body: bool,
}

/// What somebody gets who asks for a place.
#[derive(Debug)]
pub(super) enum Grant {
    /// A place, for a connection that is to be made.
    Fresh,
    /// A place with its connection.
    Reused(Kept),
    /// No place, but a part of a connection that has one: its number, and itself.
    #[cfg(feature = "http2")]
    Shared(u64, Multiplexed),
}

#[derive(Debug)]
pub(crate) struct Pool {
    limits: PoolLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    hosts: HashMap<Origin, Host>,
    /// Places that are taken.
    open: usize,
    /// Connections that are kept.
    pub(super) idle: usize,
    #[cfg(feature = "http2")]
    pub(super) shared: SharedConnections,
    waiting: usize,
    /// The first who waits for each origin that has no limit of its own in the way: those who could go on if there were a
    /// place. The number of the ticket says who came first.
    turns: BTreeMap<u64, Origin>,
    /// For those who waited, until they look.
    granted: HashMap<u64, Grant>,
    next_ticket: u64,
    next_sweep: Option<Instant>,
    pub(super) is_closed: bool,
    requests: u64,
    connected: u64,
    pub(super) reused: u64,
}

/// What there is of one origin.
#[derive(Debug, Default)]
struct Host {
    open: usize,
    /// The oldest in front. The last one in is the first one out, so that those that are not needed grow old.
    idle: VecDeque<Kept>,
    waiting: BTreeMap<u64, Waker>,
    /// What `turns` has of it.
    turn: Option<u64>,
    /// The connection that new requests share.
    #[cfg(feature = "http2")]
    shared: Option<u64>,
}

/// What is to be dropped, and who is to be woken, when the lock is free.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    connections: Vec<Kept>,
    #[cfg(feature = "http2")]
    pub(super) shared: Vec<Multiplexed>,
    wakers: Vec<Waker>,
    /// Nobody waits for it any more.
    unused: Option<Waker>,
}

impl Leftovers {
    pub(super) fn settle(self) {
        // First the sockets: those who are woken may count on their being closed.
        drop((self.connections, self.unused));
        #[cfg(feature = "http2")]
        drop(self.shared);
        for waker in self.wakers {
            waker.wake();
        }
    }
}

impl Pool {
    pub(crate) fn new(limits: PoolLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            state: Mutex::default(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of ours panics under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limits(&self) -> &PoolLimits {
        &self.limits
    }

    /// Gives a place back, with its connection if another request may go over it.
    pub(super) fn give_back(&self, origin: &Origin, connection: Option<Kept>) {
        let now = (connection.as_ref()).map_or_else(Instant::now, |kept| kept.since);
        let mut leftovers = Leftovers::default();
        self.lock()
            .give_back(&self.limits, origin, connection, now, &mut leftovers);
        leftovers.settle();
    }

    /// Refuses from now on who asks for a place, and those who wait. Closes what is kept; what is in use may end.
    pub(crate) fn close(&self) {
        let mut leftovers = Leftovers::default();
        self.lock().close(&mut leftovers);
        leftovers.settle();
    }

    pub(super) fn count_connected(&self) {
        self.lock().connected += 1;
    }

    pub(crate) fn stats(&self) -> TransportStats {
        let state = self.lock();
        TransportStats {
            open: state.open,
            in_use: state.open - state.idle,
            idle: state.idle,
            waiting: state.waiting,
            requests: state.requests,
            connected: state.connected,
            reused: state.reused,
        }
    }
}

impl State {
    /// A place for an origin, if there is one now.
    pub(super) fn take(
        &mut self,
        limits: &PoolLimits,
        origin: &Origin,
        now: Instant,
        leftovers: &mut Leftovers,
    ) -> Option<Grant> {
        self.sweep(limits, now, leftovers);
        #[cfg(feature = "http2")]
        if let Some(grant) = self.take_shared(origin, leftovers) {
            return Some(grant);
        }
        if let Some(host) = self.hosts.get_mut(origin) {
            if let Some(kept) = host.idle.pop_back() {
                self.idle -= 1;
                if now.duration_since(kept.since) < limits.idle_time {
                    self.reused += 1;
                    return Some(Grant::Reused(kept));
                }
                // The sweep has not been here yet. Its place is taken over.
                leftovers.connections.push(kept);
                return Some(Grant::Fresh);
            }
            if limits.per_host.is_some_and(|limit| host.open >= limit) {
                return None;
            }
        }
        if self.open >= limits.connections && !self.evict(leftovers) {
            return None;
        }
        self.open += 1;
        self.hosts.entry(origin.clone()).or_default().open += 1;
        Some(Grant::Fresh)
    }

    /// The same for somebody who has just come: not past those who wait for a place.
    pub(super) fn take_at_once(
        &mut self,
        limits: &PoolLimits,
        origin: &Origin,
        now: Instant,
        leftovers: &mut Leftovers,
    ) -> Option<Grant> {
        #[cfg(feature = "http2")]
        if let Some(grant) = self.take_shared(origin, leftovers) {
            return Some(grant);
        }
        if !self.turns.is_empty() {
            return None;
        }
        self.take(limits, origin, now, leftovers)
    }

    pub(super) fn give_back(
        &mut self,
        limits: &PoolLimits,
        origin: &Origin,
        connection: Option<Kept>,
        now: Instant,
        leftovers: &mut Leftovers,
    ) {
        self.sweep(limits, now, leftovers);
        let Some(host) = self.hosts.get_mut(origin) else {
            unreachable!("an origin is known while a place of it is taken");
        };
        match connection {
            Some(connection) if !self.is_closed => {
                host.idle.push_back(connection);
                self.idle += 1;
                if self.waiting == 0 && self.idle <= limits.idle {
                    // As it nearly always is. There is nobody to hand it to.
                    return;
                }
            }
            connection => {
                leftovers.connections.extend(connection);
                host.open -= 1;
                self.open -= 1;
            }
        }
        self.look_again(limits, origin);
        self.serve(limits, now, leftovers);
        if self.idle > limits.idle {
            self.evict(leftovers);
        }
        self.forget(origin);
    }

    /// Closes the one that has been kept for the longest time, of whichever origin.
    ///
    /// It is looked for only where there is no place left, which is why nothing keeps them in order.
    fn evict(&mut self, leftovers: &mut Leftovers) -> bool {
        let oldest = |host: &Host| host.idle.front().map(|kept| kept.since);
        let hosts = self.hosts.iter();
        let found = hosts.filter_map(|(origin, host)| Some((oldest(host)?, origin)));
        let Some((_, origin)) = found.min_by_key(|(since, _)| *since) else {
            #[cfg(feature = "http2")]
            return self.evict_shared(leftovers);
            #[cfg(not(feature = "http2"))]
            return false;
        };
        let origin = origin.clone();
        if let Some(host) = self.hosts.get_mut(&origin) {
            leftovers.connections.extend(host.idle.pop_front());
            host.open -= 1;
            self.open -= 1;
            self.idle -= 1;
        }
        self.forget(&origin);
        true
    }

    /// Closes what has been kept for too long.
    fn sweep(&mut self, limits: &PoolLimits, now: Instant, leftovers: &mut Leftovers) {
        if self.idle == 0 || self.next_sweep.is_some_and(|next| now < next) {
            return;
        }
        self.next_sweep = Some(now.saturating_add(SWEEP_EVERY.min(limits.idle_time)));
        let is_old = |since: Instant| now.duration_since(since) >= limits.idle_time;
        #[cfg(feature = "http2")]
        self.retire_idle(is_old, leftovers);
        let (open, idle) = (&mut self.open, &mut self.idle);
        self.hosts.retain(|_, host| {
            while host.idle.front().is_some_and(|kept| is_old(kept.since)) {
                leftovers.connections.extend(host.idle.pop_front());
                host.open -= 1;
                *open -= 1;
                *idle -= 1;
            }
            host.open > 0 || !host.waiting.is_empty()
        });
    }

    pub(super) fn forget(&mut self, origin: &Origin) {
        let host = self.hosts.get(origin);
        if host.is_some_and(|host| host.open == 0 && host.waiting.is_empty()) {
            self.hosts.remove(origin);
        }
    }

    fn close(&mut self, leftovers: &mut Leftovers) {
        self.is_closed = true;
        #[cfg(feature = "http2")]
        self.retire_all(leftovers);
        for host in self.hosts.values_mut() {
            let closed = host.idle.len();
            leftovers.connections.extend(host.idle.drain(..));
            host.open -= closed;
            self.open -= closed;
            // They see for themselves that it is closed.
            let waiting = std::mem::take(&mut host.waiting);
            leftovers.wakers.extend(waiting.into_values());
            host.turn = None;
        }
        self.hosts.retain(|_, host| host.open > 0);
        self.turns.clear();
        self.idle = 0;
        self.waiting = 0;
    }

    /// Puts somebody at the end of the line.
    pub(super) fn enqueue(&mut self, limits: &PoolLimits, origin: &Origin, waker: Waker) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        let host = self.hosts.entry(origin.clone()).or_default();
        host.waiting.insert(ticket, waker);
        self.look_again(limits, origin);
        ticket
    }

    /// What somebody who waited got.
    pub(super) fn take_granted(&mut self, ticket: u64) -> Option<Grant> {
        self.granted.remove(&ticket)
    }

    /// Whom to wake instead; the former waker is given back.
    pub(super) fn replace_waker(
        &mut self,
        origin: &Origin,
        ticket: u64,
        waker: Waker,
    ) -> Option<Waker> {
        let slot = self.hosts.get_mut(origin)?.waiting.get_mut(&ticket)?;
        Some(std::mem::replace(slot, waker))
    }

    /// Takes somebody out of the line. If that one was handed a place meanwhile, it goes to the next.
    pub(super) fn dequeue(
        &mut self,
        limits: &PoolLimits,
        origin: &Origin,
        ticket: u64,
        leftovers: &mut Leftovers,
    ) {
        match self.granted.remove(&ticket) {
            Some(grant) => {
                let connection = match grant {
                    Grant::Fresh => None,
                    Grant::Reused(kept) => Some(kept),
                    #[cfg(feature = "http2")]
                    Grant::Shared(number, connection) => {
                        leftovers.shared.push(connection);
                        return self.end_stream(limits, number, Instant::now(), leftovers);
                    }
                };
                self.give_back(limits, origin, connection, Instant::now(), leftovers);
            }
            None => {
                let Some(host) = self.hosts.get_mut(origin) else {
                    return;
                };
                leftovers.unused = host.waiting.remove(&ticket);
                if leftovers.unused.is_some() {
                    self.waiting -= 1;
                    self.look_again(limits, origin);
                    self.forget(origin);
                }
            }
        }
    }

    /// Hands places to those who wait, as long as there are some: who came first goes first.
    pub(super) fn serve(&mut self, limits: &PoolLimits, now: Instant, leftovers: &mut Leftovers) {
        while let Some((&ticket, origin)) = self.turns.first_key_value() {
            let origin = origin.clone();
            let Some(grant) = self.take(limits, &origin, now, leftovers) else {
                return;
            };
            self.hand_over(limits, &origin, ticket, grant, leftovers);
        }
    }

    /// Gives somebody who waits what was waited for.
    pub(super) fn hand_over(
        &mut self,
        limits: &PoolLimits,
        origin: &Origin,
        ticket: u64,
        grant: Grant,
        leftovers: &mut Leftovers,
    ) {
        if let Some(host) = self.hosts.get_mut(origin) {
            leftovers.wakers.extend(host.waiting.remove(&ticket));
        }
        self.waiting -= 1;
        self.granted.insert(ticket, grant);
        self.look_again(limits, origin);
    }

    /// To be called when those who wait for an origin, or its places, have changed.
    pub(super) fn look_again(&mut self, limits: &PoolLimits, origin: &Origin) {
        let Some(host) = self.hosts.get_mut(origin) else {
            return;
        };
        let has_place = limits.per_host.is_none_or(|limit| host.open < limit);
        let first = host.waiting.first_key_value().map(|(ticket, _)| *ticket);
        let turn = first.filter(|_| has_place || !host.idle.is_empty());
        if turn == host.turn {
            return;
        }
        if let Some(former) = std::mem::replace(&mut host.turn, turn) {
            self.turns.remove(&former);
        }
        if let Some(turn) = turn {
            self.turns.insert(turn, origin.clone());
        }
    }

    /// A place of the origin is free again.
    #[cfg(feature = "http2")]
    pub(super) fn release(&mut self, origin: &Origin) {
        if let Some(host) = self.hosts.get_mut(origin) {
            host.open -= 1;
            self.open -= 1;
        }
    }

    #[cfg(feature = "http2")]
    pub(super) fn shared_of(&self, origin: &Origin) -> Option<u64> {
        self.hosts.get(origin)?.shared
    }

    #[cfg(feature = "http2")]
    pub(super) fn set_shared_of(&mut self, origin: &Origin, number: Option<u64>) {
        if let Some(host) = self.hosts.get_mut(origin) {
            host.shared = number;
        }
    }

    #[cfg(feature = "http2")]
    pub(super) fn first_waiting(&self, origin: &Origin) -> Option<u64> {
        let (ticket, _) = self.hosts.get(origin)?.waiting.first_key_value()?;
        Some(*ticket)
    }

    pub(super) fn count_request(&mut self) {
        self.requests += 1;
    }
}
