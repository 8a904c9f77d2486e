//! `sleep`: the timer that all others are made of.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use async_io::Timer;
use smolio_context::{Instant, poll_budget, spend_budget, waiting_until};

use crate::local::{self, Armed, Progress, Ticket};

/// Waits for `duration`, counted from now.
///
/// Never wakes early; inside a loop of ours it is late by up to a millisecond. A `duration` of zero is over at the
/// first poll: to let others run, yield. One that the platform cannot represent lasts a century.
///
/// # Cancel safety
/// Cancel safe: a dropped sleep leaves nothing behind.
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::sleep;
/// use std::time::Duration;
/// sleep(Duration::from_millis(1)).await;
/// # });
/// ```
#[doc(alias = "asyncio.sleep")]
#[doc(alias = "delay")]
pub fn sleep(duration: Duration) -> Sleep {
    let now = Instant::now();
    Sleep {
        deadline: now.saturating_add(duration),
        state: if duration.is_zero() {
            State::Elapsed
        } else {
            State::Ahead
        },
    }
}

/// Waits until `deadline`; a moment that has passed is over at the first poll.
///
/// # Cancel safety
/// Cancel safe: a dropped sleep leaves nothing behind.
///
/// ```
/// # smol::block_on(async {
/// use smolio_context::Instant;
/// use smolio_timer::sleep_until;
/// use std::time::Duration;
/// let deadline = Instant::now() + Duration::from_millis(1);
/// sleep_until(deadline).await;
/// assert!(Instant::now() >= deadline);
/// # });
/// ```
#[doc(alias = "call_at")]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        deadline,
        state: State::Unchecked,
    }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// Inside a loop of ours it is an entry in the wheel of the loop, made at the first poll that has to wait; under any
/// other executor it is a timer of async-io. It may be moved from one to the other between polls. Once it is over it
/// stays ready.
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Sleep {
    deadline: Instant,
    state: State,
}

enum State {
    /// Not armed. The deadline may have passed: the next poll has to read the clock.
    Unchecked,
    /// Not armed. The deadline lay ahead when it was computed, a moment ago: the wheel will find it out if that has
    /// changed, and the clock, which is the dearest part of it all, need not be read again.
    Ahead,
    /// Armed on the wheel of some loop.
    Waiting(Ticket),
    /// Armed where there is no loop of ours.
    Outside(Box<Timer>),
    /// The deadline has passed.
    Elapsed,
}

impl Sleep {
    /// The moment it waits for.
    #[doc(alias = "when")]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether that moment has passed.
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Elapsed) || Instant::now() >= self.deadline
    }

    /// Makes it wait for another moment, also if it was over. It has to be polled again to be woken then.
    ///
    /// ```
    /// use smolio_context::Instant;
    /// use smolio_timer::sleep;
    /// use std::time::Duration;
    /// let mut idle = sleep(Duration::from_secs(30));
    /// // Something was received: the peer gets another 30 seconds.
    /// idle.reset(Instant::now() + Duration::from_secs(30));
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }

    /// As `reset`, for a caller that knows the present moment.
    pub(crate) fn reset_at(&mut self, now: Instant, deadline: Instant) {
        self.reset(deadline);
        self.state = if deadline > now {
            State::Ahead
        } else {
            State::Elapsed
        };
    }

    /// Whether it is over, without regard to the budget of the poll, which is a matter of those that call this.
    #[inline]
    pub(crate) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Elapsed => return Poll::Ready(()),
            State::Unchecked | State::Ahead => {}
            State::Waiting(ticket) => match local::check_at(self.deadline, *ticket, cx.waker()) {
                Progress::Waiting => return Poll::Pending,
                Progress::Fired => {
                    self.state = State::Elapsed;
                    return Poll::Ready(());
                }
                Progress::Elsewhere => self.disarm(),
            },
            State::Outside(timer) => {
                if !local::has_wheel() {
                    ready!(Pin::new(&mut **timer).poll(cx));
                    self.state = State::Elapsed;
                    return Poll::Ready(());
                }
                self.disarm();
            }
        }
        self.arm(cx)
    }

    #[inline]
    fn arm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.state, State::Unchecked) && Instant::now() >= self.deadline {
            self.state = State::Elapsed;
            return Poll::Ready(());
        }
        match local::arm(self.deadline, cx.waker()) {
            Armed::Waiting(ticket) => self.state = State::Waiting(ticket),
            Armed::Passed => {
                self.state = State::Elapsed;
                return Poll::Ready(());
            }
            Armed::NoWheel => return self.arm_outside(cx),
        }
        Poll::Pending
    }

    #[cold]
    fn arm_outside(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut timer = Box::new(Timer::at(self.deadline.into()));
        if Pin::new(&mut *timer).poll(cx).is_ready() {
            self.state = State::Elapsed;
            return Poll::Ready(());
        }
        self.state = State::Outside(timer);
        Poll::Pending
    }

    /// Nothing will be woken by this any more.
    #[inline]
    fn disarm(&mut self) {
        let former = std::mem::replace(&mut self.state, State::Unchecked);
        if let State::Waiting(ticket) = former {
            local::cancel(ticket);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(poll_budget(cx));
        let poll = self.poll_elapsed(cx);
        match poll {
            Poll::Ready(()) => spend_budget(),
            Poll::Pending => waiting_until(self.deadline, || "sleep".to_string()),
        }
        poll
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Unchecked | State::Ahead => "not armed",
            State::Waiting(_) => "on a wheel",
            State::Outside(_) => "outside of a loop",
            State::Elapsed => "elapsed",
        };
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("state", &state)
            .finish()
    }
}
