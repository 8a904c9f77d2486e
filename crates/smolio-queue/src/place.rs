//! A future's place in a waiting line, and how a future waits: try, and take a place where that does not help.

use std::task::{Context, Poll, Waker, ready};

use smolio_context::{poll_budget, spend_budget, waiting_on};

use crate::{
    line::Line,
    shared::Shared,
    state::{Side, State},
};

/// Empty until the future has had to wait. Whoever owns one calls [`leave`](Self::leave) when dropped.
#[derive(Default)]
pub(crate) struct Place(Option<usize>);

/// What a future wants of the queue.
pub(crate) trait Attempt<T> {
    type Output;

    /// Does it, if that can be done now.
    fn attempt(&mut self, state: &mut State<T>) -> Poll<Self::Output>;

    /// After an attempt that was pending: see [`Waiter::wants`](crate::waiter::Waiter).
    fn wants(&self) -> usize {
        1
    }
}

impl Place {
    /// Tries `attempt` and gives its result, or takes a place in the line to be woken when it is worth another try.
    #[inline]
    pub(crate) fn poll<T, A: Attempt<T>>(
        &mut self,
        shared: &Shared<T>,
        side: Side,
        cx: &mut Context<'_>,
        mut attempt: A,
    ) -> Poll<A::Output> {
        ready!(poll_budget(cx));
        let result = if self.0.is_some() {
            self.try_again(shared, side, cx, attempt)
        } else {
            // Where it looks as if this had to wait, one visit to the lock is enough.
            if !shared.looks_like_waiting(side) {
                let result = shared.change(|state| attempt.attempt(state));
                if result.is_ready() {
                    spend_budget();
                    return result;
                }
            }
            self.wait(shared, side, cx, attempt)
        };
        if result.is_ready() {
            spend_budget();
        } else {
            say(shared, side);
        }
        result
    }

    /// Tries once more from its place in the line, which it leaves if it succeeds.
    #[inline]
    fn try_again<T, A: Attempt<T>>(
        &mut self,
        shared: &Shared<T>,
        side: Side,
        cx: &mut Context<'_>,
        mut attempt: A,
    ) -> Poll<A::Output> {
        // What is retired in here is dropped when the lock is free: wakers are other people's code.
        let mut _retired = None;
        let mut goes_on_waiting = false;
        let result = shared.change(|state| {
            let result = attempt.attempt(state);
            let line = state.line(side);
            if result.is_ready() {
                _retired = self.vacate(line);
            } else if let Some(key) = self.0 {
                // With a waker to the same effect there is nothing to do but to say what it wants now.
                goes_on_waiting = line.goes_on_waiting(key, clamp(attempt.wants()), cx.waker());
            }
            result
        });
        if result.is_ready() || goes_on_waiting {
            return result;
        }
        self.wait(shared, side, cx, attempt)
    }

    /// Tries once more with a clone of the waker at hand, which is made while the lock is free, and waits.
    #[inline(never)]
    fn wait<T, A: Attempt<T>>(
        &mut self,
        shared: &Shared<T>,
        side: Side,
        cx: &mut Context<'_>,
        mut attempt: A,
    ) -> Poll<A::Output> {
        // What is left of the two is dropped when the lock is free.
        let mut waker = Some(cx.waker().clone());
        let mut _retired = None;
        shared.change(|state| {
            let result = attempt.attempt(state);
            let line = state.line(side);
            if result.is_ready() {
                _retired = self.vacate(line);
            } else if let Some(waker) = waker.take() {
                _retired = line.wait(&mut self.0, clamp(attempt.wants()), waker);
            }
            result
        })
    }

    #[inline]
    fn vacate(&mut self, line: &mut Line) -> Option<Waker> {
        self.0.take().and_then(|key| line.leave(key))
    }

    /// Gives the place up. If a wake-up had come for it, it goes to the next in the line.
    #[inline]
    pub(crate) fn leave<T>(&mut self, shared: &Shared<T>, side: Side) {
        if let Some(key) = self.0.take() {
            // The waker is dropped when the lock is free.
            drop(shared.change(|state| state.line(side).leave(key)));
        }
    }
}

fn clamp(wants: usize) -> u32 {
    u32::try_from(wants).unwrap_or(u32::MAX)
}

fn say<T>(shared: &Shared<T>, side: Side) {
    waiting_on(&shared.resource, || {
        shared.look(|state| state.waiting_for(side))
    });
}
