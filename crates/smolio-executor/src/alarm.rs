//! The one operating-system timer of a loop, armed for its earliest deadline.
//!
//! Each arming of an `async_io::Timer` notifies the reactor, which costs system calls. So the alarm is set only when the loop
//! goes idle, and one that is set too early is left to ring for nothing.

use std::{cell::RefCell, future::Future, pin::Pin, task::Context, time::Duration};

use async_io::Timer;
use smolio_context::Instant;

#[derive(Default)]
pub(crate) struct Alarm(RefCell<Option<Armed>>);

struct Armed {
    timer: Timer,
    /// `None`: it has rung.
    at: Option<Instant>,
}

impl Alarm {
    /// Wakes `cx` at `deadline`, or before; `None`: never needed.
    pub(crate) fn set(&self, cx: &mut Context<'_>, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        let mut armed = self.0.borrow_mut();
        let alarm = armed.get_or_insert_with(|| Armed {
            timer: Timer::never(),
            at: None,
        });
        if alarm.at.is_none_or(|at| deadline < at) {
            alarm.timer.set_at(deadline.into());
            alarm.at = Some(deadline);
        }
        alarm.poll(cx);
    }

    /// Wakes `cx` in `duration` of real time, or before.
    pub(crate) fn set_after(&self, cx: &mut Context<'_>, duration: Duration) {
        let mut armed = self.0.borrow_mut();
        let alarm = armed.insert(Armed {
            timer: Timer::after(duration),
            at: None,
        });
        alarm.poll(cx);
    }
}

impl Armed {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if Pin::new(&mut self.timer).poll(cx).is_ready() {
            self.at = None;
            cx.waker().wake_by_ref();
        }
    }
}
