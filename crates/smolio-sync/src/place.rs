//! A future's place in a waiting line, and how a future waits: try, and take a place where that does not help.

use std::task::{Context, Poll, ready};

use smolio_context::{poll_budget, spend_budget};

use crate::{
    line::{Found, Left, Line},
    shared::Shared,
    wakes::Wakes,
};

/// A state with a line of those who wait for something in it.
pub(crate) trait Waited {
    /// What somebody asks for.
    type Want;
    /// What somebody gets.
    type Grant;

    /// Whether what is waited for is held by others meanwhile.
    const HAS_HOLDERS: bool;

    fn line(&mut self) -> &mut Line<Self::Want, Self::Grant>;

    /// What somebody who comes now can have at once.
    fn attempt(&mut self, want: &Self::Want, wakes: &mut Wakes) -> Option<Self::Grant>;

    /// Somebody who waited has been dropped: with what it had been granted, if it had.
    fn left(&mut self, grant: Option<Self::Grant>, wakes: &mut Wakes);
}

/// Empty until the future has had to wait. Whoever owns one calls [`leave`](Self::leave) when dropped.
#[derive(Default)]
pub(crate) struct Place(Option<usize>);

impl Place {
    /// Whether the future stands in the line.
    pub(crate) fn is_taken(&self) -> bool {
        self.0.is_some()
    }

    /// Gets what it can get at once, or takes a place in the line and gets what it is granted there.
    #[inline]
    pub(crate) fn poll<S: Waited>(
        &mut self,
        shared: &Shared<S>,
        cx: &mut Context<'_>,
        want: impl FnOnce() -> S::Want,
    ) -> Poll<S::Grant> {
        ready!(poll_budget(cx));
        let result = match self.0 {
            None => self.arrive(shared, cx, want()),
            Some(key) => self.look(key, shared, cx),
        };
        if result.is_ready() {
            spend_budget();
        } else {
            shared.say();
        }
        result
    }

    #[inline]
    fn arrive<S: Waited>(
        &mut self,
        shared: &Shared<S>,
        cx: &mut Context<'_>,
        want: S::Want,
    ) -> Poll<S::Grant> {
        if let Some(grant) = shared.change(|state, wakes| state.attempt(&want, wakes)) {
            return Poll::Ready(grant);
        }
        // Cloned while the lock is free, for wakers are other people's code. So is dropped what is left of it.
        let mut waker = Some(cx.waker().clone());
        shared.change(|state, wakes| {
            if let Some(grant) = state.attempt(&want, wakes) {
                return Poll::Ready(grant);
            }
            self.0 = waker.take().map(|waker| state.line().enter(want, waker));
            Poll::Pending
        })
    }

    fn look<S: Waited>(
        &mut self,
        key: usize,
        shared: &Shared<S>,
        cx: &mut Context<'_>,
    ) -> Poll<S::Grant> {
        let mut found = shared.change(|state, _| state.line().look(key, cx.waker()));
        if let Found::OtherWaker = found {
            // What it is exchanged for is dropped when the lock is free.
            let mut waker = cx.waker().clone();
            found = shared.change(|state, _| state.line().look_with(key, &mut waker));
        }
        match found {
            Found::Granted(grant) => {
                self.0 = None;
                Poll::Ready(grant)
            }
            Found::Waits | Found::OtherWaker => Poll::Pending,
        }
    }

    /// Gives the place up, and what was granted there.
    #[inline]
    pub(crate) fn leave<S: Waited>(&mut self, shared: &Shared<S>) {
        let Some(key) = self.0.take() else { return };
        // The waker is dropped when the lock is free.
        let _retired = shared.change(|state, wakes| match state.line().leave(key) {
            Left::Granted(grant) => {
                state.left(Some(grant), wakes);
                None
            }
            Left::Waiting(waker) => {
                state.left(None, wakes);
                Some(waker)
            }
        });
    }
}
