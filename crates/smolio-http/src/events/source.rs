//! `EventSource`: events from a session, which asks for them again when they break off.

use std::{
    fmt,
    future::{IntoFuture, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use http::{HeaderMap, StatusCode, header};
use smolio_context::waiting_for;
use smolio_timer::{Sleep, sleep};

use super::{DEFAULT_LIMIT, Event, EventError, EventErrorKind, EventStream};
use crate::{
    error::{RequestError, RequestErrorKind},
    session::{ClientSession, IntoUrl, RequestBuilder, Response, SendRequest},
};

/// What is waited before the stream is asked for again, unless the server says how long.
const RETRY: Duration = Duration::from_secs(3);

/// With each failure the pause doubles, up to this or what the server says, if that is more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

const EVENT_STREAM: &str = "text/event-stream";

/// How far it has come.
enum State {
    /// The stream is to be asked for.
    Resting,
    /// It was asked for.
    Asking(SendRequest),
    /// Events come.
    Reading(Box<EventStream<Response>>),
    /// They broke off: it will be asked for again after a while.
    Pausing(Sleep),
    /// There are none any more.
    Ended,
}

/// The events of an address, for as long as there are any: what the browsers' `EventSource` does.
///
/// When the stream ends, or the network breaks, it is asked for again after a pause, with the header `last-event-id`, so that
/// a server that knows its events by ids goes on where it was. The pause is 3 seconds or what the server says, and doubles
/// with every further failure, up to a minute. A server ends it with the status 204. A status that is not 200, or an answer that is not
/// `text/event-stream`, is an error and the end: another try would give the same.
///
/// Nothing runs in the background: it is asked for, and read, while somebody waits for [`next`](Self::next).
///
/// # Examples
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener};
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/news", listener.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let text = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     let _ = peer.read(&mut [0; 1024]).unwrap();
/// #     write!(peer, "{text}retry: 1\n\nid: 1\ndata: one\n\n").unwrap();
/// #     drop(peer);
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     let mut head = [0; 1024];
/// #     let count = peer.read(&mut head).unwrap();
/// #     assert!(String::from_utf8_lossy(&head[..count]).contains("last-event-id: 1\r\n"));
/// #     write!(peer, "{text}id: 2\ndata: two\n\n").unwrap();
/// # });
/// # futures_lite::future::block_on(async {
/// use smolio_http::ClientSession;
///
/// let session = ClientSession::new();
/// let mut events = session.events(url);
/// // The server hangs up after the first one, and is asked again.
/// for expected in ["one", "two"] {
///     let event = events.next().await.unwrap()?;
///     assert_eq!(event.data(), expected);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # server.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an event source asks for nothing unless its events are asked for"]
pub struct EventSource {
    /// None if it can be sent only once, and was.
    request: Option<RequestBuilder>,
    state: State,
    limit: usize,
    last_event_id: String,
    retry: Option<Duration>,
    /// How often it was asked for in vain since the last time that it answered.
    failures: u32,
    most_failures: u32,
}

impl ClientSession {
    /// The events of an address (`text/event-stream`), which are asked for again when they break off. The same as
    /// `get(url).events()`: see [`RequestBuilder::events`].
    #[doc(alias("EventSource", "sse", "server-sent events"))]
    pub fn events(&self, url: impl IntoUrl) -> EventSource {
        self.get(url).events()
    }
}

impl RequestBuilder {
    /// The events (`text/event-stream`) that the server sends to such a request, which is sent again when they break off.
    ///
    /// They may be silent for as long as they like: of the session's limits of time the total and the stall do not count,
    /// unless the request has [limits of its own](Self::timeouts). A request with a body that is a stream can be sent only
    /// once.
    ///
    /// ```no_run
    /// # async fn ask(session: smolio_http::ClientSession) -> Result<(), smolio_http::EventError> {
    /// use smolio_http::Timeouts;
    /// use std::time::Duration;
    ///
    /// // This server says something every 15 seconds, or is dead.
    /// let timeouts = Timeouts { stall: Some(Duration::from_secs(20)), ..Timeouts::none() };
    /// let question = session.post("http://localhost/answers").body("why?");
    /// let mut events = question.timeouts(timeouts).events();
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event?.data());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(self) -> EventSource {
        let request = self.endless().decompress(false);
        EventSource {
            request: Some(request.accept_events()),
            state: State::Resting,
            limit: DEFAULT_LIMIT,
            last_event_id: String::new(),
            retry: None,
            failures: 0,
            most_failures: u32::MAX,
        }
    }

    fn accept_events(self) -> Self {
        self.header(header::ACCEPT, EVENT_STREAM)
            .header(header::CACHE_CONTROL, "no-store")
    }
}

impl EventSource {
    /// How many bytes an event may have at most; see [`EventStream::limit`].
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Begins after the event with this id, which was had earlier.
    #[doc(alias = "last_event_id")]
    pub fn resume_after(mut self, id: impl Into<String>) -> Self {
        self.last_event_id = id.into();
        self
    }

    /// Ends with the error of the last request when so many in a row got no answer. Without this it tries for ever, as
    /// browsers do.
    #[doc(alias = "max_connect_retry")]
    pub fn give_up_after(mut self, failures: u32) -> Self {
        self.most_failures = failures;
        self
    }

    /// The last id that an event had, empty if none had any: to be kept, for the next run of the program.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        match &self.state {
            State::Reading(events) => events.last_event_id(),
            _ => &self.last_event_id,
        }
    }

    /// The next event; None when the server has ended it with a status of 204, and after an error.
    ///
    /// # Errors
    /// [`Status`](EventErrorKind::Status) and [`ContentType`](EventErrorKind::ContentType) when the answer has no events,
    /// [`TooLarge`](EventErrorKind::TooLarge) when an event has no end, [`Request`](EventErrorKind::Request) when the request
    /// cannot be sent at all, or was sent in vain too often.
    ///
    /// # Cancel safety
    /// When it is dropped, no event is lost: the next call goes on.
    #[doc(alias = "anext")]
    pub async fn next(&mut self) -> Option<Result<Event, EventError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn ask(&mut self) -> Result<State, EventError> {
        let again = self.request.as_ref().and_then(RequestBuilder::try_clone);
        let Some(mut request) = again.or_else(|| self.request.take()) else {
            let error = RequestError::new(RequestErrorKind::BodyNotReplayable);
            return Err(EventError::new(EventErrorKind::Request).because(error));
        };
        if !self.last_event_id.is_empty() {
            request = request.header("last-event-id", self.last_event_id.as_bytes());
        }
        Ok(State::Asking(request.into_future()))
    }

    /// The request has its answer, or never will: the state is the next one.
    fn answered(&mut self, answer: Result<Response, RequestError>) -> Result<State, EventError> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                self.failures += 1;
                if is_final(error.kind()) || self.failures >= self.most_failures {
                    return Err(EventError::new(EventErrorKind::Request).because(error));
                }
                log::debug!("events: {error}");
                return Ok(self.pause());
            }
        };
        match response.status() {
            StatusCode::OK if is_event_stream(response.headers()) => {}
            StatusCode::OK => return Err(EventError::new(EventErrorKind::ContentType)),
            StatusCode::NO_CONTENT => return Ok(State::Ended),
            status => return Err(EventError::new(EventErrorKind::Status { status })),
        }
        self.failures = 0;
        let events = EventStream::new(response).limit(self.limit);
        let events = events.resume(&self.last_event_id, self.retry);
        Ok(State::Reading(Box::new(events)))
    }

    /// The events broke off: what they have told is kept for the next ones.
    fn broken(&mut self) -> State {
        if let State::Reading(events) = &self.state {
            events.last_event_id().clone_into(&mut self.last_event_id);
            self.retry = events.retry();
        }
        self.pause()
    }

    fn pause(&self) -> State {
        let retry = self.retry.unwrap_or(RETRY);
        let doublings = self.failures.saturating_sub(1).min(16);
        let doubled = retry.saturating_mul(1 << doublings);
        State::Pausing(sleep(doubled.min(retry.max(LONGEST_PAUSE))))
    }

    fn end(&mut self, error: EventError) -> Poll<Option<Result<Event, EventError>>> {
        self.state = State::Ended;
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for EventSource {
    type Item = Result<Event, EventError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            this.state = match &mut this.state {
                State::Ended => return Poll::Ready(None),
                State::Resting => match this.ask() {
                    Ok(state) => state,
                    Err(error) => return this.end(error),
                },
                State::Asking(request) => {
                    let answer = ready!(Pin::new(request).poll(cx));
                    match this.answered(answer) {
                        Ok(state) => state,
                        Err(error) => return this.end(error),
                    }
                }
                State::Reading(events) => match ready!(Pin::new(events).poll_next(cx)) {
                    Some(Ok(event)) => return Poll::Ready(Some(Ok(event))),
                    Some(Err(error)) if error.kind() == EventErrorKind::Body => {
                        log::debug!("events: {error}");
                        this.broken()
                    }
                    Some(Err(error)) => return this.end(error),
                    None => this.broken(),
                },
                State::Pausing(pause) => {
                    if Pin::new(pause).poll(cx).is_pending() {
                        waiting_for(|| "EventSource::next, before it asks again".to_owned());
                        return Poll::Pending;
                    }
                    State::Resting
                }
            };
        }
    }
}

impl fmt::Debug for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Resting => "resting",
            State::Asking(_) => "asking",
            State::Reading(_) => "reading",
            State::Pausing(_) => "pausing",
            State::Ended => "ended",
        };
        f.debug_struct("EventSource")
            .field("state", &state)
            .field("last_event_id", &self.last_event_id())
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

/// Whether the same request would fail in the same way for ever.
fn is_final(kind: RequestErrorKind) -> bool {
    matches!(
        kind,
        RequestErrorKind::InvalidUrl
            | RequestErrorKind::InvalidRequest
            | RequestErrorKind::TooManyRedirects { .. }
            | RequestErrorKind::InvalidRedirect
            | RequestErrorKind::BodyNotReplayable
            | RequestErrorKind::Closed
    )
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| {
        let essence = value.as_bytes().split(|&byte| byte == b';').next();
        let essence = essence.unwrap_or_default().trim_ascii();
        essence.eq_ignore_ascii_case(EVENT_STREAM.as_bytes())
    })
}
