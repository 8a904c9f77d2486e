//! A clock that jumps as soon as nothing is ready: for the tests that need a grace period of their own.

use std::{rc::Rc, time::Duration};

use smolio_context::{ClockGuard, VirtualClock};
use smolio_executor::{
    Runner,
    idle::{IdleAction, IdlePolicy, IdleState},
};

/// Looks once for events, then jumps to the next timer, whatever runs on other threads.
pub(crate) struct Jump(VirtualClock);

impl Jump {
    /// The policy, and the clock that it moves, installed on this thread.
    pub(crate) fn install() -> (Rc<Self>, ClockGuard) {
        let clock = VirtualClock::new();
        let guard = clock.install();
        (Rc::new(Self(clock)), guard)
    }
}

impl IdlePolicy for Jump {
    fn on_idle(&self, state: &IdleState) -> IdleAction {
        if !state.still_idle {
            return IdleAction::Turn;
        }
        match state.next_timer {
            Some(timer) => {
                self.0.advance_to(timer);
                IdleAction::Continue
            }
            None => IdleAction::Park,
        }
    }
}

/// A runner in virtual time.
pub(crate) fn virtual_runner(grace: Duration) -> (Runner, ClockGuard) {
    let (policy, guard) = Jump::install();
    let runner = Runner::builder()
        .workers(1)
        .grace(grace)
        .idle_policy(policy)
        .build()
        .unwrap();
    (runner, guard)
}
