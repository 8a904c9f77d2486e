//! A future's place in a waiting line, and how a future waits: try, and take a place where that does not help.

use std::task::{Context, Poll, Waker, ready};

use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::{
    line::Line,
    shared::Shared,
    state::{Side, State},
};

/// Empty until the future has had to wait. Whoever owns one calls [`leave`](Self::leave) when dropped.
#[derive(Default)]
pub(crate) struct Place(Option<usize>);

impl Place {
    /// Tries `attempt` and gives its result, or takes a place in the line to be woken when it is worth another try.
    ///
    /// `wants` is asked after an attempt: see [`Waiter::wants`](crate::waiter::Waiter).
    #[inline]
    pub(crate) fn poll<T, R>(
        &mut self,
        shared: &Shared<T>,
        side: Side,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut State<T>) -> (Poll<R>, usize),
    ) -> Poll<R> {
        ready!(poll_budget(cx));
        // Where it looks as if this had to wait, one visit to the lock is enough.
        if self.0.is_some() || !shared.looks_like_waiting(side) {
            // What is retired in here is dropped when the lock is free: wakers are other people's code.
            let (result, wants, _retired) = shared.change(|state| match attempt(state) {
                (Poll::Pending, wants) => (Poll::Pending, wants, None),
                (ready, wants) => (ready, wants, self.vacate(state.line(side))),
            });
            if result.is_ready() {
                spend_budget();
                return result;
            }
            if self.goes_on_waiting(shared, side, wants, cx) {
                return Poll::Pending;
            }
        }
        self.wait(shared, side, cx, attempt)
    }

    /// Whether it waits already, with a waker to the same effect; what it wants is brought up to date.
    fn goes_on_waiting<T>(
        &self,
        shared: &Shared<T>,
        side: Side,
        wants: usize,
        cx: &Context<'_>,
    ) -> bool {
        let Some(key) = self.0 else { return false };
        let waits = shared.change(|state| {
            let line = state.line(side);
            line.goes_on_waiting(key, clamp(wants), cx.waker())
        });
        if waits {
            say(shared, side);
        }
        waits
    }

    /// Tries once more with a clone of the waker at hand, which is made while the lock is free, and waits.
    #[inline(never)]
    fn wait<T, R>(
        &mut self,
        shared: &Shared<T>,
        side: Side,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut State<T>) -> (Poll<R>, usize),
    ) -> Poll<R> {
        let mut waker = Some(cx.waker().clone());
        let (result, _retired) = shared.change(|state| {
            let (result, wants) = attempt(state);
            let line = state.line(side);
            let retired = match waker.take() {
                Some(waker) if result.is_pending() => line.wait(&mut self.0, clamp(wants), waker),
                unused => {
                    waker = unused;
                    self.vacate(line)
                }
            };
            (result, retired)
        });
        if result.is_ready() {
            spend_budget();
        } else {
            say(shared, side);
        }
        result
    }

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
    waiting_for(|| shared.look(|state| state.waiting_for(side)));
}
