//! The wheel of the thread, as the futures of this crate see it.
//!
//! Wakers are other people's code: cloning, waking or dropping one may do anything, arm and cancel timers included. So no
//! waker is touched in here while the wheel is borrowed, except to compare it.

use std::{
    cell::{Cell, RefCell},
    mem,
    rc::Rc,
    sync::Arc,
    task::Waker,
    time::Duration,
};

use smolio_context::Instant;

use crate::{
    foreign::ForeignCancels,
    registry::{self, WheelId},
    wheel::{Key, Wheel},
};

thread_local! {
    static CURRENT: RefCell<Option<Rc<LocalWheel>>> = const { RefCell::new(None) };
}

/// How long a tick is.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// How far before its creation the ticks of a wheel begin, so that moments before that are told apart as well.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A wheel together with what belongs to its thread.
pub(crate) struct LocalWheel {
    id: WheelId,
    // Tick 0.
    origin: Instant,
    wheel: RefCell<Wheel<Waker>>,
    cancels: Arc<ForeignCancels<Key>>,
    // The driver is gone: nobody will fire what is armed here.
    closed: Cell<bool>,
}

/// What a `Sleep` keeps of its entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    wheel: WheelId,
    key: Key,
}

/// What came of arming a timer.
pub(crate) enum Armed {
    /// It is on the wheel of this thread.
    Waiting(Ticket),
    /// The wheel has been beyond the deadline already.
    Passed,
    /// This thread has no wheel.
    NoWheel,
}

/// What became of an armed timer.
pub(crate) enum Progress {
    /// It is still waiting, and will wake the waker given.
    Waiting,
    /// The wheel has gone beyond its deadline.
    Fired,
    /// It was armed on another wheel than the one of this thread.
    Elsewhere,
}

impl LocalWheel {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let cancels = Arc::new(ForeignCancels::new());
        Self {
            id: registry::register(cancels.clone()),
            // Where the clock began less than that ago, at least nothing fires early.
            origin: now.checked_sub(MARGIN).unwrap_or(now),
            wheel: RefCell::new(Wheel::new()),
            cancels,
            closed: Cell::new(false),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.remove_cancelled();
        self.wheel.borrow().len()
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.remove_cancelled();
        let tick = self.wheel.borrow().next_deadline()?;
        Some(self.origin.saturating_add(Duration::from_millis(tick)))
    }

    /// The last tick that is not after `now`; `None` before the first one.
    pub(crate) fn tick_at(&self, now: Instant) -> Option<u64> {
        let elapsed = now.duration_since(self.origin);
        (now >= self.origin).then(|| milliseconds(elapsed, RoundTo::Lower))
    }

    /// Removes one entry that is due; see `Wheel::pop_expired`.
    pub(crate) fn pop_expired(&self, tick: u64) -> Option<Waker> {
        self.wheel.borrow_mut().pop_expired(tick)
    }

    /// Removes any one entry.
    pub(crate) fn pop_any(&self) -> Option<Waker> {
        self.wheel.borrow_mut().pop_any()
    }

    /// From now on nothing is armed here; what is armed is left to the caller.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        registry::unregister(self.id);
    }

    /// Removes what other threads cancelled.
    pub(crate) fn remove_cancelled(&self) {
        for key in self.cancels.take() {
            self.remove(key);
        }
    }

    fn remove(&self, key: Key) {
        let waker = self.wheel.borrow_mut().remove(key);
        // It may be the last reference to a task; by now the wheel is not borrowed any more.
        drop(waker);
    }

    /// The first tick that is not before `deadline`: timers are late by up to a tick, but never early.
    fn tick_of(&self, deadline: Instant) -> u64 {
        milliseconds(deadline.duration_since(self.origin), RoundTo::Higher)
    }
}

impl Drop for LocalWheel {
    fn drop(&mut self) {
        registry::unregister(self.id);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RoundTo {
    Lower,
    Higher,
}

/// `Duration::as_millis` counts in 128 bits, which is slow, and rounds down.
fn milliseconds(duration: Duration, round: RoundTo) -> u64 {
    const NANOSECONDS: u32 = 1_000_000;
    let nanoseconds = duration.subsec_nanos();
    let part = match round {
        RoundTo::Lower => nanoseconds / NANOSECONDS,
        RoundTo::Higher => nanoseconds.div_ceil(NANOSECONDS),
    };
    duration
        .as_secs()
        .saturating_mul(1000)
        .saturating_add(u64::from(part))
}

/// Makes `wheel` the current one of the thread and gives the one before.
pub(crate) fn replace_current(wheel: Option<Rc<LocalWheel>>) -> Option<Rc<LocalWheel>> {
    CURRENT.replace(wheel)
}

/// A counted pointer, so that nothing is borrowed while the caller works; `None` also while the thread ends.
#[inline]
fn current() -> Option<Rc<LocalWheel>> {
    let current = CURRENT.try_with(|current| current.borrow().clone());
    current.ok().flatten().filter(|local| !local.closed.get())
}

/// Whether this thread has a wheel now.
pub(crate) fn has_wheel() -> bool {
    current().is_some()
}

/// Arms a timer on the wheel of this thread.
#[inline]
pub(crate) fn arm(deadline: Instant, waker: &Waker) -> Armed {
    let Some(local) = current() else {
        return Armed::NoWheel;
    };
    let tick = local.tick_of(deadline);
    if tick <= local.wheel.borrow().now() {
        return Armed::Passed;
    }
    let waker = waker.clone();
    let key = local.wheel.borrow_mut().insert(tick, waker);
    Armed::Waiting(Ticket {
        wheel: local.id,
        key,
    })
}

/// Asks what became of a timer and makes it wake `waker`.
#[inline]
pub(crate) fn check(ticket: Ticket, waker: &Waker) -> Progress {
    let Some(local) = current().filter(|local| local.id == ticket.wheel) else {
        return Progress::Elsewhere;
    };
    match local.wheel.borrow_mut().get_mut(ticket.key) {
        None => return Progress::Fired,
        Some(armed) if armed.will_wake(waker) => return Progress::Waiting,
        Some(_) => {}
    }
    let mut waker = waker.clone();
    match local.wheel.borrow_mut().get_mut(ticket.key) {
        None => return Progress::Fired,
        Some(armed) => mem::swap(armed, &mut waker),
    }
    drop(waker);
    Progress::Waiting
}

/// Cancels a timer, wherever it is armed.
#[inline]
pub(crate) fn cancel(ticket: Ticket) {
    match current().filter(|local| local.id == ticket.wheel) {
        Some(local) => local.remove(ticket.key),
        None => registry::cancel(ticket.wheel, ticket.key),
    }
}
