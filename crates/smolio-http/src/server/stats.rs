//! What a server does, in numbers.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// How a server has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Served<T> {
    /// What the future gave that told it to stop.
    pub reason: T,
    /// What it did.
    pub stats: ServerStats,
}

/// What a server does, or has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections that are open.
    pub open: usize,
    /// Requests that are being answered.
    pub running: usize,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Requests that have come, whatever the answer was.
    pub requests: u64,
    /// Connections that ended with something that is no request, is larger than allowed, or with no agreement on TLS.
    pub refused: u64,
    /// Requests whose answer failed: the application panicked or gave an error, or the body of the response did.
    pub failed: u64,
    /// Connections that were closed because the client was too slow. Those that were merely idle do not count.
    pub timed_out: u64,
    /// Connections that were dropped because something was still going on when the grace was over.
    pub cut_off: u64,
}

/// Tells what a server is doing while it does it, from [`Serve::handle`](super::Serve::handle). Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServerHandle(pub(super) Arc<Counters>);

impl ServerHandle {
    /// The numbers of now. They are read one after the other, while others change them.
    #[must_use]
    pub fn stats(&self) -> ServerStats {
        self.0.stats()
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    accepted: AtomicU64,
    open: AtomicUsize,
    requests: AtomicU64,
    running: AtomicUsize,
    refused: AtomicU64,
    failed: AtomicU64,
    timed_out: AtomicU64,
    cut_off: AtomicU64,
}

impl Counters {
    pub(super) fn accept(self: &Arc<Self>) -> Open {
        self.accepted.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        Open {
            counters: self.clone(),
            has_ended: false,
        }
    }

    pub(super) fn begin_request(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.running.fetch_add(1, Relaxed);
    }

    pub(super) fn end_request(&self) {
        self.running.fetch_sub(1, Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn fail(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    pub(super) fn time_out(&self) {
        self.timed_out.fetch_add(1, Relaxed);
    }

    pub(super) fn stats(&self) -> ServerStats {
        ServerStats {
            open: self.open.load(Relaxed),
            running: self.running.load(Relaxed),
            accepted: self.accepted.load(Relaxed),
            requests: self.requests.load(Relaxed),
            refused: self.refused.load(Relaxed),
            failed: self.failed.load(Relaxed),
            timed_out: self.timed_out.load(Relaxed),
            cut_off: self.cut_off.load(Relaxed),
        }
    }
}

/// A connection that is counted for as long as this lives.
#[derive(Debug)]
pub(super) struct Open {
    counters: Arc<Counters>,
    has_ended: bool,
}

impl Open {
    /// It was not cut off.
    pub(super) fn end(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.counters.open.fetch_sub(1, Relaxed);
        if !self.has_ended {
            self.counters.cut_off.fetch_add(1, Relaxed);
        }
    }
}
