//! `RequestBody`: what a client sends, no more of it than allowed, and not more slowly.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use smolio_context::Instant;

use super::activity::{Activity, Alarm};
use crate::{
    body::poll_data,
    error::{BodyError, BodyErrorKind, Phase},
    wire::RequestIncoming,
};

/// The body of a request, as the application gets it: a stream of chunks, which are what has arrived.
///
/// It is an error if it is larger than the server's [`body_limit`](super::Serve::body_limit), if nothing comes for as long as
/// the [`stall_timeout`](super::Serve::stall_timeout), or if the client hangs up before its end.
#[derive(Debug)]
pub struct RequestBody(Option<Box<Incoming>>);

#[derive(Debug)]
struct Incoming {
    body: RequestIncoming,
    activity: Arc<Activity>,
    /// So many bytes may still come.
    left: u64,
    limit: u64,
    stall_timeout: Duration,
    stalled_at: Option<Instant>,
    alarm: Alarm,
    is_whole: bool,
}

impl RequestBody {
    pub(super) fn new(
        body: RequestIncoming,
        activity: &Arc<Activity>,
        limit: Option<u64>,
        stall_timeout: Duration,
    ) -> Self {
        if body.is_end_stream() {
            return Self(None);
        }
        let limit = limit.unwrap_or(u64::MAX);
        Self(Some(Box::new(Incoming {
            body,
            activity: activity.clone(),
            left: limit,
            limit,
            stall_timeout,
            stalled_at: None,
            alarm: Alarm::new(),
            is_whole: false,
        })))
    }
}

impl Incoming {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.body.poll_frame(cx) {
            Poll::Pending => self.poll_stalled(cx).map(|error| Some(Err(error))),
            Poll::Ready(None) => {
                self.is_whole = true;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.stalled_at = None;
                Poll::Ready(Some(self.count(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let kind = if error.is_parse() {
                    BodyErrorKind::Protocol
                } else {
                    BodyErrorKind::Disconnected
                };
                Poll::Ready(Some(Err(BodyError::new(kind).because(error))))
            }
        }
    }

    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<BodyError> {
        let since = *self.stalled_at.get_or_insert_with(Instant::now);
        let limit = self.stall_timeout;
        ready!(self.alarm.poll_at(since.saturating_add(limit), cx));
        let phase = Phase::Stall;
        Poll::Ready(BodyError::new(BodyErrorKind::TimedOut { phase, limit }))
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Ok(frame)
            }
            None => Err(BodyError::new(BodyErrorKind::TooLarge {
                limit: self.limit,
            })),
        }
    }
}

impl RequestBody {
    /// The next chunk of data; `None` at the end. Trailers are left out.
    ///
    /// # Errors
    /// A [`BodyError`] when there can be no more. After that there is none.
    ///
    /// # Cancel safety
    /// Cancel safe: a chunk is handed out or stays.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|cx| poll_data(Pin::new(&mut *self), cx)).await
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_whole && !self.body.is_end_stream() {
            self.activity.leave_body();
        }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(incoming) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let frame = ready!(incoming.poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|incoming| incoming.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(
            || SizeHint::with_exact(0),
            |incoming| incoming.body.size_hint(),
        )
    }
}

/// The chunks of data; trailers are left out.
impl Stream for RequestBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_data(self, cx)
    }
}
