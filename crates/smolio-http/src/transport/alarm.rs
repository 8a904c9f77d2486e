//! `Alarm`: the one timer of a connection, which looks for itself whether it still matters.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use smolio_context::Instant;
use smolio_timer::{Sleep, sleep_until};

use super::timeouts::Timeouts;
use crate::error::Phase;

/// A timer that stays armed when the moment that it is for moves away.
///
/// To arm a timer for each request would cost a system call each, and nearly all of them would be cancelled. So it goes off at
/// a moment that was right once, and is armed again then, for the one that is right now. It lives as long as its connection.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Sleep>);

impl Alarm {
    /// Ready when the deadline has passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| sleep_until(deadline));
        if sleep.deadline() > deadline {
            sleep.reset(deadline);
        }
        loop {
            ready!(Pin::new(&mut *sleep).poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.reset(deadline);
        }
    }
}

/// A limit of time that was reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimedOut {
    pub(crate) phase: Phase,
    pub(crate) limit: Duration,
}

/// The limits of one exchange, and which of them is running.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) timeouts: Timeouts,
    /// When the total is over.
    total: Option<Instant>,
    /// The part that is under way.
    phase: Option<(Phase, Duration, Instant)>,
}

impl Limits {
    pub(crate) fn new(timeouts: Timeouts, now: Instant) -> Self {
        Self {
            timeouts,
            total: timeouts.total.map(|total| now.saturating_add(total)),
            phase: None,
        }
    }

    /// Begins a part of the exchange, which ends the one before. It has as much time as its limit says, from now.
    pub(crate) fn begin(&mut self, phase: Phase) {
        let limit = match phase {
            Phase::Total => None,
            Phase::Connect => self.timeouts.connect,
            Phase::FirstByte => self.timeouts.first_byte,
            Phase::Stall => self.timeouts.stall,
        };
        self.phase = limit.map(|limit| (phase, limit, Instant::now().saturating_add(limit)));
    }

    /// From now on only the total counts.
    pub(crate) fn pause(&mut self) {
        self.phase = None;
    }

    /// Which limit was reached, if one was. Otherwise the task is woken when one is.
    pub(crate) fn poll(&self, alarm: &mut Alarm, cx: &mut Context<'_>) -> Poll<TimedOut> {
        let total = self.total.zip(self.timeouts.total);
        let total = total.map(|(deadline, limit)| (Phase::Total, limit, deadline));
        let first = match (total, self.phase) {
            (Some(total), Some(phase)) if phase.2 < total.2 => phase,
            (Some(total), _) => total,
            (None, Some(phase)) => phase,
            (None, None) => return Poll::Pending,
        };
        let (phase, limit, deadline) = first;
        alarm.poll(cx, deadline).map(|()| TimedOut { phase, limit })
    }

    /// Runs a future within the limits.
    pub(crate) async fn run<T>(
        &self,
        alarm: &mut Alarm,
        future: impl Future<Output = T>,
    ) -> Result<T, TimedOut> {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            self.poll(alarm, cx).map(Err)
        })
        .await
    }
}
