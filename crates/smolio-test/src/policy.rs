//! What the loop of a test does when nothing is ready: the heart of virtual time, as a table of states.
//!
//! ```text
//!            a task ran
//!      ┌──────────────────────┐
//!      v                      │
//!    Busy ── look once ──> Quiet ── wake those who wait for all to be blocked ──> Busy
//!      │                    ^ │ ─── wait while `to_thread` closures run ────────> Quiet
//!      │ with I/O           │ │ ─── move the clock to the next deadline ────────> Quiet, and Busy if that woke a task
//!      └─────> Looking ─────┘ │ ─── nothing of all this: the test fails
//!           for 5 ms          │
//!                             ├───> Hoping ── with I/O, for 5 s: then the test fails
//!                             └───> Closing ── closures that have not returned get the grace period in real time
//! ```
//!
//! From each state a task that runs leads back to Busy.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant as MachineInstant},
};

use smolio_context::Instant;
use smolio_executor::idle::{IdleAction, IdlePolicy, IdleState};

use crate::{report, session::Session, test::Time};

/// How long nothing must have happened in a test with I/O before the clock jumps. Loopback answers in microseconds; on a busy
/// machine the kernel may need some milliseconds to let it.
const QUIET_WITH_IO: Duration = Duration::from_millis(5);

/// How long a test with I/O in which all are blocked may hope for an event.
const HOPE_WITH_IO: Duration = Duration::from_secs(5);

/// One wait for `to_thread` closures; it ends earlier when one does.
const WAIT_FOR_THREADS: Duration = Duration::from_secs(1);

/// What is known about the tasks and the events. The moments are the machine's: these waits are real.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// A task has run since the policy was asked last. It may have caused an event that nobody has looked for.
    Busy,
    /// Nothing is ready. Events are being waited for since that moment.
    Looking(MachineInstant),
    /// Nothing is ready and there is no event: all are blocked.
    Quiet,
    /// All are blocked and no timer is left. An event is being waited for since that moment.
    Hoping(MachineInstant),
    /// The main future is over, and `to_thread` closures are still running: they are being waited for since that moment.
    Closing(MachineInstant),
}

/// Decides for one test.
pub(crate) struct Policy {
    time: Time,
    session: Rc<Session>,
    step: Cell<Step>,
}

impl Policy {
    pub(crate) fn new(time: Time, session: Rc<Session>) -> Self {
        Self {
            time,
            session,
            step: Cell::new(Step::Busy),
        }
    }

    /// Looks for events before it believes that all are blocked.
    fn look(&self) -> IdleAction {
        match self.time {
            Time::Virtual => {
                self.step.set(Step::Quiet);
                IdleAction::Turn
            }
            // Nobody asks whether all are blocked.
            Time::Real if self.session.next_waiter().is_none() => IdleAction::Park,
            Time::Real | Time::VirtualWithIo => {
                self.step.set(Step::Looking(MachineInstant::now()));
                IdleAction::ParkFor(QUIET_WITH_IO)
            }
        }
    }

    /// All are blocked.
    fn go_on(&self, state: &IdleState) -> IdleAction {
        if self.session.release_waiters() {
            return IdleAction::Continue;
        }
        let Some(clock) = self.session.clock() else {
            return IdleAction::Park;
        };
        let deadline = earlier(state.next_timer, self.session.next_waiter());
        if state.threads_in_flight > 0 {
            if let Some(action) = self.wait_for_threads(deadline.map(|at| at - clock.now())) {
                return action;
            }
        }
        if let Some(deadline) = deadline {
            clock.advance_to(deadline);
            return IdleAction::Continue;
        }
        if self.time == Time::VirtualWithIo && self.step.get() == Step::Quiet {
            self.step.set(Step::Hoping(MachineInstant::now()));
            return IdleAction::ParkFor(HOPE_WITH_IO);
        }
        IdleAction::Fail(report::all_blocked(&self.session, self.time))
    }

    /// While `to_thread` closures run the clock stands. `None`: there is no use in waiting for them any longer.
    ///
    /// A loop that closes gives them up after its grace period, the next deadline then. They run in real time, so that period
    /// passes in real time as well: to jump over it would give up all of them at once, to stand still would never.
    fn wait_for_threads(&self, until_deadline: Option<Duration>) -> Option<IdleAction> {
        let grace = until_deadline.filter(|_| self.session.is_over());
        let Some(grace) = grace else {
            return Some(IdleAction::ParkFor(WAIT_FOR_THREADS));
        };
        let since = match self.step.get() {
            Step::Closing(since) => since,
            _ => MachineInstant::now(),
        };
        let left = left_of(grace, since);
        self.step.set(match left {
            Some(_) => Step::Closing(since),
            None => Step::Quiet,
        });
        left.map(IdleAction::ParkFor)
    }
}

impl IdlePolicy for Policy {
    fn on_idle(&self, state: &IdleState) -> IdleAction {
        if !state.still_idle {
            self.step.set(Step::Busy);
        }
        // A loop may be woken for nothing, so a wait is over when its time is, not when the loop asks again.
        match self.step.get() {
            Step::Busy => self.look(),
            Step::Looking(since) => match left_of(QUIET_WITH_IO, since) {
                Some(left) => IdleAction::ParkFor(left),
                None => {
                    self.step.set(Step::Quiet);
                    self.go_on(state)
                }
            },
            Step::Quiet | Step::Closing(_) => self.go_on(state),
            Step::Hoping(since) => match left_of(HOPE_WITH_IO, since) {
                Some(left) => IdleAction::ParkFor(left),
                None => self.go_on(state),
            },
        }
    }
}

/// How much of a wait that began at `since` is left, if any.
fn left_of(wait: Duration, since: MachineInstant) -> Option<Duration> {
    wait.checked_sub(since.elapsed())
        .filter(|left| !left.is_zero())
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}
