//! A future's place in a waiting line, and how a future waits: try, and take a place where that does not help.

use std::task::{Context, Poll, ready};

use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::{
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
        // What is retired in here is dropped when the lock is free: wakers are other people's code.
        let (result, waits, _retired) = shared.change(|state| {
            let (result, wants) = attempt(state);
            let line = state.line(side);
            if result.is_ready() {
                return (result, false, self.0.take().and_then(|key| line.leave(key)));
            }
            let waits = line.is_waiting(self.0, clamp(wants), cx.waker());
            (result, waits, None)
        });
        if result.is_ready() {
            spend_budget();
            return result;
        }
        if waits {
            say(shared, side);
            return Poll::Pending;
        }
        self.take(shared, side, cx, attempt)
    }

    /// The second half: the waker is cloned while the lock is free, and then all may be different.
    #[inline(never)]
    fn take<T, R>(
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
                    self.0.take().and_then(|key| line.leave(key))
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
