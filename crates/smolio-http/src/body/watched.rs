//! A body that tells how far it has come.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;

use super::Body;
use crate::progress::{OnProgress, Progress};

/// Bytes that are there are handed on in pieces of this size, or there would be nothing to tell but the end.
const PIECE: usize = 64 * 1024;

pub(super) struct Watched {
    body: Body,
    /// What of it has not been handed on.
    rest: Bytes,
    done: u64,
    total: Option<u64>,
    report: OnProgress,
}

impl Watched {
    pub(super) fn new(body: Body, report: OnProgress) -> Self {
        Self {
            total: body.length(),
            body,
            rest: Bytes::new(),
            done: 0,
            report,
        }
    }

    /// What is watched, as long as nothing has been taken of it.
    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    /// The same from its beginning, if nothing has been sent yet, which is when it is asked.
    pub(super) fn again(&self) -> Option<Self> {
        let body = self.body.try_clone()?;
        Some(Self::new(body, self.report.clone()))
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.body.length()?.checked_add(self.rest.len() as u64)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty() && http_body::Body::is_end_stream(&self.body)
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(chunk)) => self.rest = chunk,
                end => return Poll::Ready(end),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        self.done += piece.len() as u64;
        (self.report)(Progress {
            done: self.done,
            total: self.total,
        });
        Poll::Ready(Some(Ok(piece)))
    }
}
