//! The wheel of the thread, as the futures of this crate see it.
//!
//! Wakers are other people's code: cloning, waking or dropping one may do anything, arm and cancel timers included.
//! So no waker is touched in here while anything is borrowed, except to compare it.

use std::{
    cell::{Cell, RefCell},
    mem::{self, ManuallyDrop},
    rc::Rc,
    sync::Arc,
    task::Waker,
    time::Duration,
};

use smolio_context::{Instant, VirtualClock};

use crate::{
    foreign::ForeignCancels,
    registry::{self, WheelId},
    ticks::{self, RoundTo},
    turn::Turn,
    wheel::{Key, Wheel},
};

thread_local! {
    // Without a destructor: each access would ask whether it has run. When the thread ends there is nothing left to drop,
    // unless the guard of a loop was leaked; then so is its wheel.
    static CURRENT: RefCell<ManuallyDrop<Option<Rc<LocalWheel>>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// How far before its creation the ticks of a wheel begin, so that moments before that are told apart as well.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A wheel together with what belongs to its thread.
pub(crate) struct LocalWheel {
    id: WheelId,
    // Tick 0.
    origin: Instant,
    timers: RefCell<Timers>,
    cancels: Arc<ForeignCancels<Key>>,
    // The driver is gone: nobody will fire what is armed here.
    closed: Cell<bool>,
}

struct Timers {
    wheel: Wheel<Waker>,
    turn: Turn,
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
            timers: RefCell::new(Timers {
                wheel: Wheel::new(),
                turn: Turn::new(),
            }),
            cancels,
            closed: Cell::new(false),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.remove_cancelled();
        let timers = self.timers.borrow();
        timers.wheel.len() - timers.turn.spares()
    }

    /// Ends the turn: the loop is about to wait.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.remove_cancelled();
        self.end_turn(|| self.tick_at(Instant::now()));
        let tick = self.timers.borrow().wheel.next_deadline()?;
        Some(self.origin.saturating_add(Duration::from_millis(tick)))
    }

    /// Ends the turn. Gives the tick of `now`, up to which `pop_expired` is to be called.
    pub(crate) fn end_turn_at(&self, now: Instant) -> Option<u64> {
        self.remove_cancelled();
        let tick = self.tick_at(now);
        self.end_turn(|| tick);
        tick
    }

    fn end_turn(&self, tick: impl FnOnce() -> Option<u64>) {
        let waker = {
            let mut timers = self.timers.borrow_mut();
            let Timers { wheel, turn } = &mut *timers;
            turn.end(wheel, tick)
        };
        drop(waker);
    }

    /// Begins a turn at `now`.
    pub(crate) fn begin_turn(&self, now: Instant) {
        // A virtual clock is read for nothing, and whoever has one wants exact times.
        if VirtualClock::current().is_none() {
            if let Some(tick) = self.tick_at(now) {
                self.timers.borrow_mut().turn.begin(now, tick);
            }
        }
    }

    /// Removes one entry that is due; see `Wheel::pop_expired`.
    pub(crate) fn pop_expired(&self, tick: u64) -> Option<Waker> {
        self.timers.borrow_mut().wheel.pop_expired(tick)
    }

    /// Removes any one entry.
    pub(crate) fn pop_any(&self) -> Option<Waker> {
        self.timers.borrow_mut().wheel.pop_any()
    }

    /// From now on nothing is armed here; what is armed is left to the caller.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        registry::unregister(self.id);
        self.end_turn(|| None);
    }

    /// Removes what other threads cancelled.
    fn remove_cancelled(&self) {
        for key in self.cancels.take() {
            let waker = self.timers.borrow_mut().wheel.remove(key);
            // It may be the last reference to a task; by now nothing is borrowed any more.
            drop(waker);
        }
    }

    /// The last tick that is not after `now`; `None` before the first one.
    fn tick_at(&self, now: Instant) -> Option<u64> {
        let elapsed = now.duration_since(self.origin);
        (now >= self.origin).then(|| ticks::count(elapsed, RoundTo::Lower))
    }

    /// The first tick that is not before `deadline`: timers are late by up to a tick, but never early.
    fn tick_of(&self, deadline: Instant) -> u64 {
        ticks::count(deadline.duration_since(self.origin), RoundTo::Higher)
    }
}

impl Drop for LocalWheel {
    fn drop(&mut self) {
        registry::unregister(self.id);
    }
}

/// Makes `wheel` the current one of the thread and gives the one before.
pub(crate) fn replace_current(wheel: Option<Rc<LocalWheel>>) -> Option<Rc<LocalWheel>> {
    ManuallyDrop::into_inner(CURRENT.replace(ManuallyDrop::new(wheel)))
}

/// Calls `f` with the wheel of the thread; `None` without one.
#[inline]
fn with_current<R>(f: impl FnOnce(&LocalWheel) -> R) -> Option<R> {
    CURRENT.with_borrow(|current| match &**current {
        Some(local) if !local.closed.get() => Some(f(local)),
        _ => None,
    })
}

/// Whether this thread has a wheel now.
pub(crate) fn has_wheel() -> bool {
    with_current(|_| ()).is_some()
}

/// Arms a timer on the wheel of this thread.
#[inline]
pub(crate) fn arm(deadline: Instant, waker: &Waker) -> Armed {
    let armed = with_current(|local| {
        let mut timers = local.timers.borrow_mut();
        let Timers { wheel, turn } = &mut *timers;
        let key = turn.spare(wheel, waker)?;
        let tick = local.tick_of(deadline);
        if tick <= wheel.now() {
            turn.keep(key);
            return Some(Armed::Passed);
        }
        wheel.arm(key, tick);
        let wheel = local.id;
        Some(Armed::Waiting(Ticket { wheel, key }))
    });
    match armed {
        Some(Some(armed)) => armed,
        // No spare one: it is cloned here, where nothing is borrowed.
        Some(None) => arm_clone(deadline, waker.clone()),
        None => Armed::NoWheel,
    }
}

#[inline]
fn arm_clone(deadline: Instant, waker: Waker) -> Armed {
    // Where it is not needed it is dropped when nothing is borrowed any more.
    let mut waker = Some(waker);
    let armed = with_current(|local| {
        let tick = local.tick_of(deadline);
        let wheel = &mut local.timers.borrow_mut().wheel;
        let Some(waker) = waker.take_if(|_| tick > wheel.now()) else {
            return Armed::Passed;
        };
        let key = wheel.insert(tick, waker);
        let wheel = local.id;
        Armed::Waiting(Ticket { wheel, key })
    });
    armed.unwrap_or(Armed::NoWheel)
}

/// The moment `duration` after the begin of the turn; `None` if there is no turn.
#[inline]
pub(crate) fn deadline_in_turn(duration: Duration) -> Option<Instant> {
    with_current(|local| local.timers.borrow().turn.deadline(duration)).flatten()
}

/// Arms a timer that is due `duration` after a moment of this turn that nobody has read from a clock, and says whether
/// there is still a turn.
///
/// The ticket is written where it is to be. On its way through results it would be read in other pieces than it was
/// written in, and for that a processor waits until the writes are done.
#[inline]
pub(crate) fn arm_in_turn(ticket: &mut Option<Ticket>, duration: Duration, waker: &Waker) -> bool {
    let armed = with_current(|local| {
        let mut timers = local.timers.borrow_mut();
        let Timers { wheel, turn } = &mut *timers;
        if !turn.is_open() {
            return InTurn::Closed;
        }
        let Some(key) = turn.spare(wheel, waker) else {
            return InTurn::NoSpare;
        };
        turn.arm(duration, key);
        let wheel = local.id;
        *ticket = Some(Ticket { wheel, key });
        InTurn::Armed
    });
    match armed {
        Some(InTurn::Armed) => true,
        Some(InTurn::NoSpare) => arm_clone_in_turn(ticket, duration, waker),
        Some(InTurn::Closed) | None => false,
    }
}

/// What came of arming a timer within a turn.
enum InTurn {
    Armed,
    /// Its waker has to be cloned first, where nothing is borrowed.
    NoSpare,
    /// There is no turn, or none that has room.
    Closed,
}

#[inline(never)]
fn arm_clone_in_turn(ticket: &mut Option<Ticket>, duration: Duration, waker: &Waker) -> bool {
    let mut waker = Some(waker.clone());
    let armed = with_current(|local| {
        let mut timers = local.timers.borrow_mut();
        let Timers { wheel, turn } = &mut *timers;
        let waker = waker.take_if(|_| turn.is_open())?;
        let key = wheel.insert_apart(waker);
        turn.arm(duration, key);
        let wheel = local.id;
        *ticket = Some(Ticket { wheel, key });
        Some(())
    });
    // Where it was not armed the waker is dropped here.
    armed.flatten().is_some()
}

/// Asks what became of a timer and makes it wake `waker`.
#[inline]
pub(crate) fn check(ticket: Ticket, waker: &Waker) -> Progress {
    check_if(ticket, waker, |_| false)
}

/// As `check`, of a timer that was armed for `deadline`: with that, many a one need not be looked for.
#[inline]
pub(crate) fn check_at(deadline: Instant, ticket: Ticket, waker: &Waker) -> Progress {
    check_if(ticket, waker, |local| {
        let tick = local.tick_of(deadline);
        local.timers.borrow().wheel.has_popped(tick)
    })
}

#[inline]
fn check_if(
    ticket: Ticket,
    waker: &Waker,
    has_fired: impl FnOnce(&LocalWheel) -> bool,
) -> Progress {
    let progress = with_current(|local| {
        if local.id != ticket.wheel {
            return Some(Progress::Elsewhere);
        }
        if has_fired(local) {
            return Some(Progress::Fired);
        }
        match local.timers.borrow_mut().wheel.get_mut(ticket.key) {
            None => Some(Progress::Fired),
            Some(armed) => armed.will_wake(waker).then_some(Progress::Waiting),
        }
    });
    match progress {
        None => Progress::Elsewhere,
        Some(Some(progress)) => progress,
        Some(None) => replace_waker(ticket, waker.clone()),
    }
}

fn replace_waker(ticket: Ticket, mut waker: Waker) -> Progress {
    let found = with_current(|local| {
        let mut timers = local.timers.borrow_mut();
        let armed = timers.wheel.get_mut(ticket.key)?;
        mem::swap(armed, &mut waker);
        Some(())
    });
    // The old one, if there was one.
    drop(waker);
    match found {
        Some(Some(())) => Progress::Waiting,
        // The clone of the waker has fired the timer, or left the loop.
        Some(None) => Progress::Fired,
        None => Progress::Elsewhere,
    }
}

/// Cancels a timer, wherever it is armed.
#[inline]
pub(crate) fn cancel(ticket: Ticket) {
    let to_drop = with_current(|local| {
        if local.id != ticket.wheel {
            return None;
        }
        let mut timers = local.timers.borrow_mut();
        let Timers { wheel, turn } = &mut *timers;
        Some(turn.cancel(wheel, ticket.key))
    });
    match to_drop.flatten() {
        Some(waker) => drop(waker),
        None => registry::cancel(ticket.wheel, ticket.key),
    }
}
