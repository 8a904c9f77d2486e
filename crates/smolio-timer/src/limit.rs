//! When the body of a timeout is given up: what all kinds of timeouts have in common.
//!
//! The rules, which hold for all of them:
//! - the body is polled first, and at least once, however late it is; a value that is ready wins over a deadline that
//!   has passed.
//! - a body with an open shielded scope in it is not given up. It is polled when it is woken, as before, until it is
//!   pending without one.
//! - of nested timeouts whose deadlines have all passed, the outermost reports. An inner one that finds that an
//!   enclosing one has passed stays pending, and is dropped in a moment. If it is not, it reports after all; see
//!   `deferral.rs`.
//! - the timer is armed only once the body has to wait.
//!
//! No wake-up is missed while a shield holds a timeout up, though the timer has fired and wakes nobody any more. Whether
//! there is a shield is seen when the body is polled, so what must not be missed is the first poll without one. A scope
//! closes either in a poll of the body, which is that poll if the scope did not report itself earlier in it, or
//! elsewhere; in both cases it wakes the task (see `report_shield`), and with it the body is polled again.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use smolio_context::{Instant, ShieldMark, enter_deadline, waiting_for, waiting_until};

use crate::{
    deferral::Deferral,
    elapsed::Elapsed,
    local::{self, Progress, Ticket},
    sleep::{Sleep, sleep, sleep_until},
};

#[derive(Debug)]
pub(crate) struct Limit {
    timer: Timer,
    memory: Memory,
}

/// What has to be known beside the timer, at most one of which there is for the most part.
#[derive(Debug)]
enum Memory {
    Nothing,
    /// For a start at the first poll, and for the error message.
    Duration(Duration),
    /// The time is up, and so is that of an enclosing timeout.
    Deferral(Box<Deferral>),
}

impl Memory {
    #[inline]
    fn duration(&self) -> Option<Duration> {
        // The one that there is, first of all.
        if let Self::Duration(duration) = self {
            return Some(*duration);
        }
        match self {
            Self::Deferral(deferral) => deferral.duration,
            Self::Nothing | Self::Duration(_) => None,
        }
    }

    /// One that begins now, unless it was begun before.
    fn deferral(&mut self, now: Instant) -> &mut Deferral {
        if !matches!(self, Self::Deferral(_)) {
            let deferral = Deferral::begin(now, self.duration());
            *self = Self::Deferral(Box::new(deferral));
        }
        match self {
            Self::Deferral(deferral) => deferral,
            Self::Nothing | Self::Duration(_) => unreachable!("made right above"),
        }
    }
}

#[derive(Debug)]
enum Timer {
    /// There is no limit, or the body has ended.
    Never,
    /// The duration counts from the first poll, which is to come.
    NotStarted,
    /// It counts from the turn of the loop in which the first poll was.
    InTurn(TurnTimer),
    /// It counts from what the clock said.
    ByClock(Sleep),
}

impl Limit {
    /// Counts from the first poll.
    pub(crate) fn after(duration: Option<Duration>) -> Self {
        Self {
            timer: duration.map_or(Timer::Never, |_| Timer::NotStarted),
            memory: duration.map_or(Memory::Nothing, Memory::Duration),
        }
    }

    /// Counts from now.
    pub(crate) fn after_now(duration: Option<Duration>) -> Self {
        Self {
            timer: duration.map_or(Timer::Never, |duration| Timer::ByClock(sleep(duration))),
            memory: duration.map_or(Memory::Nothing, Memory::Duration),
        }
    }

    pub(crate) fn at(deadline: Option<Instant>) -> Self {
        let timer = deadline.map_or(Timer::Never, |deadline| {
            Timer::ByClock(sleep_until(deadline))
        });
        Self {
            timer,
            memory: Memory::Nothing,
        }
    }

    /// `None` if that is never, or not known before the first poll.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.timer {
            Timer::Never | Timer::NotStarted => None,
            Timer::InTurn(timer) => Some(timer.deadline),
            Timer::ByClock(sleep) => Some(sleep.deadline()),
        }
    }

    /// One poll, by the rules at the top of this file.
    #[inline]
    pub(crate) fn poll<F: Future>(
        &mut self,
        body: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<F::Output, Elapsed>> {
        if let Timer::NotStarted = self.timer {
            self.start();
        }
        let deadline = self.deadline();
        let guard = enter_deadline(deadline);
        let shields = ShieldMark::now();
        if let Poll::Ready(value) = body.poll(cx) {
            // They are gone with the body. Where there were none it costs less than to ask.
            shields.strike_off();
            // Whoever keeps the future afterwards does not keep the timer armed.
            self.timer = Timer::Never;
            return Poll::Ready(Ok(value));
        }
        let enclosing = guard.enclosing();
        drop(guard);
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        // Without regard to the budget: a body that has used it all up must not keep its own timeout from ending it.
        if self.poll_timer(cx).is_pending() {
            waiting_until(deadline, || "timeout".to_string());
            return Poll::Pending;
        }
        // What was reported goes on from here: while there is a shield this one is pending, and so are those around it.
        if shields.is_shielded() {
            self.leave_turn(deadline);
            waiting_for(|| "a shielded scope, in a timeout that has passed".to_string());
            return Poll::Pending;
        }
        if enclosing.is_some_and(|enclosing| self.defers_to(enclosing, deadline, cx)) {
            return Poll::Pending;
        }
        Poll::Ready(Err(Elapsed::new(deadline, self.memory.duration())))
    }

    /// The time is up, and this is still pending.
    #[cold]
    fn leave_turn(&mut self, deadline: Instant) {
        if let Timer::InTurn(_) = self.timer {
            // Where it goes to another loop now, it would count anew.
            self.timer = Timer::ByClock(sleep_until(deadline));
        }
    }

    /// The time is up: whether an enclosing timeout that has passed as well is to report it.
    #[cold]
    fn defers_to(&mut self, enclosing: Instant, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        if enclosing > now {
            return false;
        }
        self.leave_turn(deadline);
        self.memory.deferral(now).poll(cx).is_pending()
    }

    #[inline]
    fn start(&mut self) {
        let duration = self.memory.duration().unwrap_or_default();
        // One of no time at all is over without a timer.
        let deadline = if duration.is_zero() {
            None
        } else {
            local::deadline_in_turn(duration)
        };
        self.timer = match deadline {
            Some(deadline) => Timer::InTurn(TurnTimer {
                deadline,
                ticket: None,
            }),
            None => Timer::ByClock(sleep(duration)),
        };
    }

    #[inline]
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Timer::Never | Timer::NotStarted => Poll::Pending,
            Timer::ByClock(sleep) => sleep.poll_elapsed(cx),
            Timer::InTurn(timer) => {
                let duration = self.memory.duration().unwrap_or_default();
                match timer.poll(duration, cx) {
                    Ok(poll) => poll,
                    Err(LeftTurn) => self.poll_anew(duration, cx),
                }
            }
        }
    }

    /// Counting from what the clock says now is late, but not too early.
    #[cold]
    fn poll_anew(&mut self, duration: Duration, cx: &mut Context<'_>) -> Poll<()> {
        self.timer = Timer::ByClock(sleep(duration));
        self.poll_timer(cx)
    }
}

/// A timer that was armed without looking at the clock; see `turn.rs`.
#[derive(Debug)]
struct TurnTimer {
    // Too early by the part of the turn that was over. The entry in the wheel is right.
    deadline: Instant,
    // `None` until the body has to wait, which is within the same poll.
    ticket: Option<Ticket>,
}

/// The turn ended between the start of the timer and its arming, or the timer is polled under another loop. Only the
/// wheel that it is armed on knows when it is due.
struct LeftTurn;

impl TurnTimer {
    #[inline]
    fn poll(&mut self, duration: Duration, cx: &mut Context<'_>) -> Result<Poll<()>, LeftTurn> {
        let Some(ticket) = self.ticket else {
            let is_armed = local::arm_in_turn(&mut self.ticket, duration, cx.waker());
            return if is_armed {
                Ok(Poll::Pending)
            } else {
                Err(LeftTurn)
            };
        };
        match local::check(ticket, cx.waker()) {
            Progress::Waiting => Ok(Poll::Pending),
            Progress::Fired => Ok(Poll::Ready(())),
            Progress::Elsewhere => Err(LeftTurn),
        }
    }
}

impl Drop for TurnTimer {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            local::cancel(ticket);
        }
    }
}
