//! The wait for a place among the connections: first in, first out, and nobody is held up by those whose host is full.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use smolio_context::{Instant, waiting_for};

#[cfg(feature = "http2")]
use super::shared::SharedStream;
use super::{
    origin::Origin,
    place::Place,
    pool::{Grant, Kept, Leftovers, Pool},
};
use crate::error::{RequestError, RequestErrorKind};

/// What somebody gets who waits for a place.
#[derive(Debug)]
pub(crate) enum Taken {
    /// A place for a new connection.
    Fresh(Place),
    /// A connection that was kept.
    Reused(Place, Kept),
    /// A connection that others use too.
    #[cfg(feature = "http2")]
    Shared(SharedStream),
}

/// Waits for a place.
///
/// Whoever gives a place back hands it over under the lock, so that nobody can take it in between; and when this is dropped
/// with a place in its hands, that one goes to the next.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled or awaited"]
pub(crate) struct Wait {
    pool: Arc<Pool>,
    origin: Origin,
    ticket: Option<u64>,
}

impl Wait {
    pub(crate) fn new(pool: Arc<Pool>, origin: Origin) -> Self {
        Self {
            pool,
            origin,
            ticket: None,
        }
    }

    fn taken(&self, grant: Grant) -> Taken {
        let place = || Place::new(self.pool.clone(), self.origin.clone());
        match grant {
            Grant::Fresh => Taken::Fresh(place()),
            Grant::Reused(kept) => Taken::Reused(place(), kept),
            #[cfg(feature = "http2")]
            Grant::Shared(number, connection) => {
                Taken::Shared(SharedStream::new(self.pool.clone(), number, connection))
            }
        }
    }

    /// Without a wait, or the end of all waits.
    fn take_at_once(&self, now: Instant) -> Option<Result<Taken, RequestError>> {
        let mut leftovers = Leftovers::default();
        let mut state = self.pool.lock();
        if state.is_closed {
            return Some(Err(closed()));
        }
        state.count_request();
        let grant = state.take_at_once(self.pool.limits(), &self.origin, now, &mut leftovers);
        drop(state);
        leftovers.settle();
        grant.map(|grant| Ok(self.taken(grant)))
    }
}

fn closed() -> RequestError {
    RequestError::new(RequestErrorKind::Closed)
}

impl Future for Wait {
    type Output = Result<Taken, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(ticket) = self.ticket else {
            let now = Instant::now();
            if let Some(taken) = self.take_at_once(now) {
                return Poll::Ready(taken);
            }
            // A place may have become free since: look once more, this time with a waker in hand.
            let waker = cx.waker().clone();
            let mut leftovers = Leftovers::default();
            let mut state = self.pool.lock();
            if state.is_closed {
                return Poll::Ready(Err(closed()));
            }
            let (limits, origin) = (self.pool.limits(), &self.origin);
            if let Some(grant) = state.take_at_once(limits, origin, now, &mut leftovers) {
                drop(state);
                leftovers.settle();
                return Poll::Ready(Ok(self.taken(grant)));
            }
            let ticket = state.enqueue(limits, origin, waker);
            drop(state);
            leftovers.settle();
            self.ticket = Some(ticket);
            waiting_for(|| format!("a connection to {}", self.origin));
            return Poll::Pending;
        };
        let waker = cx.waker().clone();
        let mut state = self.pool.lock();
        if let Some(grant) = state.take_granted(ticket) {
            drop(state);
            self.ticket = None;
            return Poll::Ready(Ok(self.taken(grant)));
        }
        if state.is_closed {
            drop(state);
            self.ticket = None;
            return Poll::Ready(Err(closed()));
        }
        let former = state.replace_waker(&self.origin, ticket, waker);
        drop(state);
        drop(former);
        waiting_for(|| format!("a connection to {}", self.origin));
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut leftovers = Leftovers::default();
            let limits = self.pool.limits();
            self.pool
                .lock()
                .dequeue(limits, &self.origin, ticket, &mut leftovers);
            leftovers.settle();
        }
    }
}
