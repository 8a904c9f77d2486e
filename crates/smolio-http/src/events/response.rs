//! Events as an answer: for the handlers of a server.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderValue, Response, header};
use pin_project_lite::pin_project;
use smolio_context::Instant;
use smolio_timer::{Sleep, sleep};

use super::Event;
use crate::body::Body;

/// Proxies, and the networks of telephones, give up connections that say nothing for half a minute or so.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// An answer that sends events as they come, with a comment every 15 seconds while there are none, so that nobody on the way
/// takes the connection for dead, and so that a client that has gone is noticed.
///
/// Its headers tell caches and proxies to pass on what they get. When the stream of events ends the answer does, and the
/// client, if it is a browser, calls again: [`Event::with_retry`] says when, and the header `last-event-id` of its request has
/// the [id](Event::with_id) of the last event that it got.
///
/// # Examples
/// ```
/// use axum::{Router, response::IntoResponse, routing::get};
/// use smolio_http::{Event, events_response};
///
/// async fn count() -> impl IntoResponse {
///     let numbers = futures_lite::stream::iter(0..3);
///     events_response(futures_lite::StreamExt::map(numbers, |number| {
///         Event::new(number.to_string())
///     }))
/// }
///
/// let app: Router = Router::new().route("/count", get(count));
/// ```
#[doc(alias("EventSourceResponse", "sse_response", "Sse"))]
pub fn events_response<S>(events: S) -> Response<Body>
where
    S: Stream<Item = Event> + Send + 'static,
{
    let mut response = Response::new(events_body(events, KEEP_ALIVE));
    let headers = response.headers_mut();
    let event_stream = HeaderValue::from_static("text/event-stream");
    headers.insert(header::CONTENT_TYPE, event_stream);
    let no_cache = HeaderValue::from_static("no-cache");
    headers.insert(header::CACHE_CONTROL, no_cache);
    // nginx would wait until it has a page full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The body of [`events_response`] alone, for an answer with other headers, or another time between comments: none at all if
/// that is `None`.
pub fn events_body<S>(events: S, keep_alive: impl Into<Option<Duration>>) -> Body
where
    S: Stream<Item = Event> + Send + 'static,
{
    let keep_alive = keep_alive.into().map(|period| (period, sleep(period)));
    Body::stream(Encoded { events, keep_alive })
}

pin_project! {
    /// Events as chunks, with comments in the pauses.
    struct Encoded<S> {
        #[pin]
        events: S,
        keep_alive: Option<(Duration, Sleep)>,
    }
}

impl<S: Stream<Item = Event>> Stream for Encoded<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let chunk = match this.events.poll_next(cx) {
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(event)) => event.encode(),
            Poll::Pending => {
                let Some((_, sleep)) = this.keep_alive else {
                    return Poll::Pending;
                };
                std::task::ready!(Future::poll(Pin::new(sleep), cx));
                Bytes::from_static(b":\n\n")
            }
        };
        if let Some((period, sleep)) = this.keep_alive {
            sleep.reset(Instant::now().saturating_add(*period));
        }
        Poll::Ready(Some(Ok(chunk)))
    }
}
