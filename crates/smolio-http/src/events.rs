//! Server-sent events, as `text/event-stream` of the WHATWG's HTML has them: read from an answer, and sent as one.

mod error;
mod event;
mod parser;
mod response;
mod source;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use futures_lite::StreamExt;
use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::error::BodyError;

pub use error::{EventError, EventErrorKind, InvalidEventField};
pub use event::Event;
pub(crate) use parser::Parser;
pub use response::{events_body, events_response};
pub use source::EventSource;

/// An event that is larger than this is an error, unless another limit is set.
const DEFAULT_LIMIT: usize = 1024 * 1024;

/// The events in a stream of chunks: in the body of an answer, mostly. When it ends it has ended: an [`EventSource`] asks again.
///
/// An event that was not finished by an empty line when the stream ends is not one, and is left out, as the standard says:
/// the peer may have died in the middle of it.
///
/// # Examples
/// ```
/// # futures_lite::future::block_on(async {
/// use bytes::Bytes;
/// use smolio_http::EventStream;
///
/// let chunks = ["data: one\n\nevent: tick\nda", "ta: two\nid: 7\n\ndata: unfini"];
/// let chunks = futures_lite::stream::iter(chunks.map(|chunk| Ok(Bytes::from(chunk))));
/// let mut events = EventStream::new(chunks);
///
/// let first = events.next().await.unwrap()?;
/// assert_eq!((first.name(), first.data()), ("message", "one"));
/// let second = events.next().await.unwrap()?;
/// assert_eq!((second.name(), second.data(), second.id()), ("tick", "two", Some("7")));
/// assert_eq!(events.last_event_id(), "7");
/// assert!(events.next().await.is_none());
/// # Ok::<(), smolio_http::EventError>(())
/// # }).unwrap();
/// ```
#[doc(alias("sse", "server-sent events"))]
#[must_use = "an event stream reads nothing unless its events are asked for"]
pub struct EventStream<S> {
    /// None after the end, or a failure.
    chunks: Option<S>,
    /// What has come, and was not looked at yet.
    rest: Bytes,
    parser: Parser,
}

impl<S> EventStream<S> {
    /// Reads events from chunks of bytes. No event may be larger than 1 MiB: see [`limit`](Self::limit).
    pub fn new(chunks: S) -> Self {
        Self {
            chunks: Some(chunks),
            rest: Bytes::new(),
            parser: Parser::new(DEFAULT_LIMIT),
        }
    }

    /// How many bytes an event may have at most, on the wire. It is this much that is kept in memory.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.parser.set_limit(bytes);
        self
    }

    /// Goes on after a stream that broke off.
    fn resume(mut self, last_event_id: &str, retry: Option<Duration>) -> Self {
        self.parser.resume(last_event_id, retry);
        self
    }

    /// The last id that an event had, also one without data, and empty if none had any. It is what `last-event-id` is to
    /// say to the server when the stream has to be asked for again.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.parser.last_event_id()
    }

    /// How long to wait before the stream is asked for again, if the server has said so.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.parser.retry()
    }
}

impl<S> EventStream<S>
where
    S: Stream<Item = Result<Bytes, BodyError>> + Unpin,
{
    /// The next event; None at the end of the stream, and after an error.
    ///
    /// # Errors
    /// [`EventErrorKind::Body`] when the stream fails, [`EventErrorKind::TooLarge`] when an event has no end.
    ///
    /// # Cancel safety
    /// When it is dropped, nothing is lost: what has come is kept for the next call.
    #[doc(alias = "anext")]
    pub async fn next(&mut self) -> Option<Result<Event, EventError>> {
        StreamExt::next(self).await
    }
}

impl<S> Stream for EventStream<S>
where
    S: Stream<Item = Result<Bytes, BodyError>> + Unpin,
{
    type Item = Result<Event, EventError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        ready!(poll_budget(cx));
        let this = self.get_mut();
        loop {
            let Some(chunks) = &mut this.chunks else {
                return Poll::Ready(None);
            };
            let error = match this.parser.next(&mut this.rest) {
                Ok(Some(event)) => {
                    spend_budget();
                    return Poll::Ready(Some(Ok(event)));
                }
                Err(error) => error,
                Ok(None) => match Pin::new(chunks).poll_next(cx) {
                    Poll::Pending => {
                        waiting_for(|| "EventStream::next".to_owned());
                        return Poll::Pending;
                    }
                    Poll::Ready(Some(Ok(chunk))) => {
                        this.rest = chunk;
                        continue;
                    }
                    Poll::Ready(Some(Err(error))) => {
                        EventError::new(EventErrorKind::Body).because(error)
                    }
                    Poll::Ready(None) => {
                        this.chunks = None;
                        return Poll::Ready(None);
                    }
                },
            };
            this.chunks = None;
            return Poll::Ready(Some(Err(error)));
        }
    }
}

impl<S> fmt::Debug for EventStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("has_ended", &self.chunks.is_none())
            .field("last_event_id", &self.last_event_id())
            .field("retry", &self.retry())
            .finish_non_exhaustive()
    }
}
