//! `IncomingBody`: the body of an answer, as it comes over the wire.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use smolio_context::{Instant, poll_budget, spend_budget, waiting_for};

#[cfg(feature = "http2")]
use super::shared::SharedStream;
use super::{
    alarm::{Alarm, Limits, TimedOut},
    place::Place,
    pool::Kept,
};
use crate::{
    body::poll_data,
    error::{BodyError, BodyErrorKind, Phase},
    wire::Incoming,
};

/// A body that never makes its reader wait is looked at by the clock now and then: it may have no end.
const FRAMES_PER_LOOK: u8 = 16;

/// Of a body that is dropped unread, so many bytes are looked at: more would cost more than a new connection does.
const SKIMMED: u64 = 16 * 1024;

/// The body of an answer, as it comes over the wire: a stream of chunks. When it has been read to its end the connection is used
/// again; when it is dropped before, the connection is closed, unless the little that was left had come already.
///
/// The limits of time of the request hold for it too: see [`Timeouts`](crate::Timeouts).
#[derive(Debug)]
pub struct IncomingBody {
    /// None after the end, or a failure.
    live: Option<Live>,
}

#[derive(Debug)]
struct Live {
    incoming: Incoming,
    alarm: Alarm,
    limits: Limits,
    hold: Hold,
    /// Whether something has come since the limit of the stall began.
    has_moved: bool,
    /// Whether something has come at all.
    has_begun: bool,
    frames: u8,
    /// Whether the connection may be used again afterwards.
    may_keep: bool,
}

/// What an answer has of the pool, until its body has ended.
#[derive(Debug)]
pub(super) enum Hold {
    /// A connection of its own.
    Place(Place),
    /// A part of one.
    #[cfg(feature = "http2")]
    Stream {
        /// It counts for as long as it is there.
        _stream: SharedStream,
    },
}

impl IncomingBody {
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

    pub(super) fn new(incoming: Incoming, hold: Hold, alarm: Alarm, limits: Limits) -> Self {
        Self {
            live: Some(Live {
                incoming,
                alarm,
                limits,
                hold,
                has_moved: true,
                has_begun: false,
                frames: 0,
                may_keep: true,
            }),
        }
    }

    /// The connection is not to be used again.
    pub(super) fn close_after(&mut self) {
        if let Some(live) = &mut self.live {
            live.may_keep = false;
        }
    }

    /// Lets the connection go as soon as there is nothing more to come: not all readers ask for the end.
    pub(super) fn end_if_over(&mut self, cx: &mut Context<'_>) {
        let live = self.live.take_if(|live| live.incoming.is_end());
        if let Some(live) = live {
            live.end(cx);
        }
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.live = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl Live {
    fn end(mut self, cx: &mut Context<'_>) {
        let connection = self.incoming.take_connection(cx);
        match (self.hold, connection) {
            (Hold::Place(place), Some(connection)) if self.may_keep => {
                place.keep(Kept {
                    connection,
                    alarm: self.alarm,
                    since: Instant::now(),
                    had_body: self.has_begun,
                });
            }
            (hold, _) => drop(hold),
        }
    }

    /// Whether a body that is waited for has made its reader wait for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<TimedOut> {
        if self.has_moved {
            self.has_moved = false;
            self.limits.begin(Phase::Stall);
        }
        self.limits.poll(&mut self.alarm, cx)
    }

    /// Whether a body that is always ready has gone on for too long.
    fn poll_endless(&mut self, cx: &mut Context<'_>) -> Poll<TimedOut> {
        self.has_moved = true;
        self.has_begun = true;
        self.frames += 1;
        if self.frames < FRAMES_PER_LOOK {
            return Poll::Pending;
        }
        self.frames = 0;
        self.limits.pause();
        self.limits.poll(&mut self.alarm, cx)
    }
}

fn timed_out(TimedOut { phase, limit }: TimedOut) -> BodyError {
    BodyError::new(BodyErrorKind::TimedOut { phase, limit })
}

impl http_body::Body for IncomingBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(live) = &mut self.live else {
            return Poll::Ready(None);
        };
        ready!(poll_budget(cx));
        let late = match live.incoming.poll_frame(cx) {
            Poll::Pending => {
                let late = live.poll_stalled(cx);
                if late.is_pending() {
                    waiting_for(|| "the body of an answer".to_owned());
                }
                ready!(late)
            }
            Poll::Ready(Some(Err(error))) => return self.fail(error),
            Poll::Ready(None) => {
                if let Some(live) = self.live.take() {
                    live.end(cx);
                }
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Ok(frame))) => {
                spend_budget();
                match live.poll_endless(cx) {
                    Poll::Ready(late) => late,
                    Poll::Pending => {
                        self.end_if_over(cx);
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
            }
        };
        self.fail(timed_out(late))
    }

    fn is_end_stream(&self) -> bool {
        self.live.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.live {
            None => SizeHint::with_exact(0),
            Some(live) => live.incoming.size_hint(),
        }
    }
}

/// The page of an error is seldom read, and short: what has come of it is passed by, so that the connection is used again. This
/// waits for nothing.
impl Drop for IncomingBody {
    fn drop(&mut self) {
        let mut left = SKIMMED;
        let mut cx = Context::from_waker(Waker::noop());
        while self.live.is_some() && http_body::Body::size_hint(self).lower() <= left {
            let Poll::Ready(Some(Ok(chunk))) = Pin::new(&mut *self).poll_next(&mut cx) else {
                return;
            };
            match left.checked_sub(chunk.len() as u64) {
                Some(less) => left = less,
                None => return,
            }
        }
    }
}

/// The chunks of data; trailers are left out.
impl Stream for IncomingBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_data(self, cx)
    }
}
