//! What a connection is up to, as those who have a hand in it tell the one who limits its time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use futures_lite::FutureExt;
use smolio_context::Instant;
use smolio_timer::{Sleep, sleep_until};

/// Shared by the stream, the exchanges and the driver of one connection, which are all polled in turn: nothing here orders
/// anything between threads.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicU64,
    running: AtomicUsize,
    /// Answers of which nothing is wanted for now.
    shut_outlets: AtomicUsize,
    has_part_of_a_head: AtomicBool,
    writes: AtomicU64,
    is_write_blocked: AtomicBool,
    must_look_again: AtomicBool,
    is_closing: AtomicBool,
    has_seen_end: AtomicBool,
    has_left_a_body: AtomicBool,
}

/// What a connection waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// The first request.
    Fresh,
    /// The next request, of which nothing has come.
    Idle,
    /// The rest of the head of a request.
    Head,
    /// The application, or what the client sends to it.
    Running,
    /// The client, which does not take what is sent to it.
    Sending,
}

impl Activity {
    /// A request has come.
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Relaxed);
        self.running.fetch_add(1, Relaxed);
        self.has_part_of_a_head.store(false, Relaxed);
    }

    /// A request has been answered.
    pub(super) fn end(&self) {
        self.running.fetch_sub(1, Relaxed);
    }

    /// So many bytes have come; none is the end.
    pub(super) fn has_read(&self, count: usize) {
        if count == 0 {
            self.has_seen_end.store(true, Relaxed);
        } else if self.running.load(Relaxed) == 0 {
            self.has_part_of_a_head.store(true, Relaxed);
        }
    }

    /// The client has taken something.
    pub(super) fn has_written(&self) {
        self.writes.fetch_add(1, Relaxed);
    }

    /// The client takes something, or does not.
    pub(super) fn set_write_blocked(&self, is_blocked: bool) {
        self.is_write_blocked.store(is_blocked, Relaxed);
    }

    /// The next read is to be tried, also if the reactor has not said that there is something.
    pub(super) fn look_again(&self) {
        self.must_look_again.store(true, Relaxed);
    }

    /// No more requests are wanted.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Relaxed)
    }

    pub(super) fn take_look_again(&self) -> bool {
        self.must_look_again.load(Relaxed) && self.must_look_again.swap(false, Relaxed)
    }

    /// The application has not read the body of a request to its end.
    pub(super) fn leave_body(&self) {
        self.has_left_a_body.store(true, Relaxed);
    }

    pub(super) fn has_left_a_body(&self) -> bool {
        self.has_left_a_body.load(Relaxed)
    }

    pub(super) fn has_seen_end(&self) -> bool {
        self.has_seen_end.load(Relaxed)
    }

    fn phase(&self) -> Phase {
        let running = self.running.load(Relaxed);
        let are_all_shut = running > 0 && self.shut_outlets.load(Relaxed) >= running;
        if are_all_shut || self.is_write_blocked.load(Relaxed) {
            Phase::Sending
        } else if running > 0 {
            Phase::Running
        } else if self.begun.load(Relaxed) == 0 {
            Phase::Fresh
        } else if self.has_part_of_a_head.load(Relaxed) {
            Phase::Head
        } else {
            Phase::Idle
        }
    }
}

/// Whether more of an answer is wanted. Over HTTP/2 that is a matter of the stream's window, not of the socket.
#[derive(Debug)]
pub(super) struct Outlet {
    activity: Arc<Activity>,
    is_shut: bool,
}

impl Outlet {
    /// Shut, until something is asked for.
    pub(super) fn new(activity: &Arc<Activity>) -> Self {
        let activity = activity.clone();
        activity.shut_outlets.fetch_add(1, Relaxed);
        Self {
            activity,
            is_shut: true,
        }
    }

    pub(super) fn open(&mut self) {
        if self.is_shut {
            self.is_shut = false;
            self.activity.shut_outlets.fetch_sub(1, Relaxed);
        }
    }

    pub(super) fn shut(&mut self) {
        if !self.is_shut {
            self.is_shut = true;
            self.activity.shut_outlets.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.open();
    }
}

/// A phase, and since when it lasts.
#[derive(Debug)]
pub(super) struct Watch {
    /// Then bytes are no sign of a request.
    is_multiplexed: bool,
    phase: Phase,
    begun: u64,
    writes: u64,
    since: Instant,
}

impl Watch {
    pub(super) fn new(is_multiplexed: bool) -> Self {
        Self {
            is_multiplexed,
            phase: Phase::Fresh,
            begun: 0,
            writes: 0,
            since: Instant::now(),
        }
    }

    /// The phase of now. The clock is read only if it is another one, or the same one once more.
    pub(super) fn look(&mut self, activity: &Activity) -> (Phase, Instant) {
        let phase = match activity.phase() {
            Phase::Head if self.is_multiplexed => Phase::Idle,
            phase => phase,
        };
        let begun = activity.begun.load(Relaxed);
        let writes = activity.writes.load(Relaxed);
        // The end of an answer may still be on its way when it has been handed over, to a client that takes it slowly.
        let writes_count = phase == Phase::Sending || (phase == Phase::Idle && self.is_multiplexed);
        let has_changed =
            phase != self.phase || begun != self.begun || (writes_count && writes != self.writes);
        (self.phase, self.begun, self.writes) = (phase, begun, writes);
        // Nobody asks how long a request has been running.
        if has_changed && phase != Phase::Running {
            self.since = Instant::now();
        }
        (phase, self.since)
    }
}

/// A limit of time that is put off far more often than it is reached: the timer is set again only once it has fired.
#[derive(Debug)]
pub(super) struct Alarm(Option<Sleep>);

impl Alarm {
    pub(super) fn new() -> Self {
        Self(None)
    }

    pub(super) fn poll_at(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| sleep_until(deadline));
        if deadline < sleep.deadline() {
            sleep.reset(deadline);
        }
        loop {
            ready!(sleep.poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.reset(deadline);
        }
    }
}
