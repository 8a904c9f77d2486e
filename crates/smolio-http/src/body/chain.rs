//! Bodies one after the other as one body.

use std::{
    collections::VecDeque,
    io,
    task::{Context, Poll, ready},
};

use bytes::Bytes;

use super::Body;

/// What is left of a row of bodies.
pub(super) struct Chain(VecDeque<Body>);

impl Chain {
    pub(super) fn new(bodies: impl IntoIterator<Item = Body>) -> Self {
        Self(bodies.into_iter().collect())
    }

    pub(super) fn again(&self) -> Option<Self> {
        self.0
            .iter()
            .map(Body::try_clone)
            .collect::<Option<_>>()
            .map(Self)
    }

    pub(super) fn length(&self) -> Option<u64> {
        let mut lengths = self.0.iter().map(Body::length);
        // What is longer than can be said is not known.
        lengths.try_fold(0_u64, |sum, length| sum.checked_add(length?))
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        while let Some(first) = self.0.front_mut() {
            if let Some(chunk) = ready!(first.poll_chunk(cx)) {
                return Poll::Ready(Some(chunk));
            }
            self.0.pop_front();
        }
        Poll::Ready(None)
    }
}
