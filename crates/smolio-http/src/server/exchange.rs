//! One request and its answer. Whatever goes wrong in the application costs this request, and nothing else.

use std::{
    any::Any,
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Method, Request, Response, StatusCode, Uri, Version, header};
use pin_project_lite::pin_project;
use smolio_context::{Unhandled, current_task, panic_message, report_unhandled};
use tower_service::Service;

use super::{
    access_log::{Entry, Printable},
    activity::Outlet,
    framing::{is_head_alone, promise},
    peer::PeerAddress,
    request_body::RequestBody,
    response_body::{ResponseBody, ResponseFailed},
    site::Visit,
    upgrade::Upgrade,
};
use crate::wire::{RequestIncoming, Respond};

type BoxedError = Box<dyn Error + Send + Sync>;

/// An application, as a connection asks it.
pub(super) struct Application<A> {
    service: A,
    visit: Arc<Visit>,
}

impl<A> Application<A> {
    pub(super) fn new(service: A, visit: Arc<Visit>) -> Self {
        Self { service, visit }
    }
}

impl<A, B> Respond for Application<A>
where
    A: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxedError>> + Clone,
    B: http_body::Body<Error: Into<BoxedError>> + 'static,
{
    type Body = ResponseBody<B>;
    type BodyError = ResponseFailed;
    type Future = Exchange<A>;

    fn respond(&self, request: Request<RequestIncoming>) -> Exchange<A> {
        let mut ticket = Ticket::new(&self.visit, &request);
        if self.visit.is_too_large(&request) {
            return Exchange::refuse(StatusCode::PAYLOAD_TOO_LARGE, ticket);
        }
        let service = match catch_unwind(AssertUnwindSafe(|| self.service.clone())) {
            Ok(service) => service,
            Err(payload) => {
                ticket.has_panicked("the clone of the service", &*payload);
                return Exchange::refuse(StatusCode::INTERNAL_SERVER_ERROR, ticket);
            }
        };
        let upgrade = Upgrade::of(&request);
        let mut request = request.map(|body| self.visit.body(body));
        let extensions = request.extensions_mut();
        extensions.insert::<PeerAddress>(self.visit.peer.clone());
        if let Some(upgrade) = &upgrade {
            extensions.insert(upgrade.clone());
        }
        Exchange {
            state: State::Waiting {
                service,
                request: Some(request),
            },
            ticket: Some(ticket),
            upgrade,
        }
    }
}

pin_project! {
    /// The future of a response.
    pub(crate) struct Exchange<A: Service<Request<RequestBody>>> {
        #[pin]
        state: State<A, A::Future>,
        ticket: Option<Box<Ticket>>,
        upgrade: Option<Upgrade>,
    }

    impl<A: Service<Request<RequestBody>>> PinnedDrop for Exchange<A> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let over = AssertUnwindSafe(|| this.state.set(State::Over));
            if let (Err(payload), Some(ticket)) = (catch_unwind(over), this.ticket) {
                ticket.has_panicked("a destructor of the handler", &*payload);
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<A, F> {
        /// For the service, which may be busy.
        Waiting { service: A, request: Option<Request<RequestBody>> },
        Answering { #[pin] future: F },
        /// Without asking the application.
        Refused { status: StatusCode },
        Over,
    }
}

impl<A: Service<Request<RequestBody>>> Exchange<A> {
    fn refuse(status: StatusCode, ticket: Box<Ticket>) -> Self {
        Self {
            state: State::Refused { status },
            ticket: Some(ticket),
            upgrade: None,
        }
    }
}

impl<A: Service<Request<RequestBody>>> State<A, A::Future> {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<A::Response, Failure<A::Error>>> {
        loop {
            let future = match self.as_mut().project() {
                StateProjection::Waiting { service, request } => {
                    ready!(service.poll_ready(cx)).map_err(Failure::Error)?;
                    let request = request.take().expect("it goes into one call");
                    service.call(request)
                }
                StateProjection::Answering { future } => {
                    return future.poll(cx).map_err(Failure::Error);
                }
                StateProjection::Refused { status } => {
                    return Poll::Ready(Err(Failure::Refused(*status)));
                }
                StateProjection::Over => unreachable!("an exchange is polled after its end"),
            };
            self.set(Self::Answering { future });
        }
    }
}

enum Failure<E> {
    Error(E),
    Refused(StatusCode),
}

impl<A, B> Future for Exchange<A>
where
    A: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxedError>>,
    B: http_body::Body,
{
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // After a panic nothing of it is polled again.
        let poll = AssertUnwindSafe(|| this.state.as_mut().poll(cx));
        let outcome = match catch_unwind(poll) {
            Ok(poll) => Ok(ready!(poll)),
            Err(payload) => Err(payload),
        };
        let over = AssertUnwindSafe(|| this.state.set(State::Over));
        let dropped = catch_unwind(over);
        let mut ticket = this.ticket.take().expect("it is polled to its end once");
        if let Err(payload) = dropped {
            ticket.has_panicked("a destructor of the handler", &*payload);
        }
        let response = match outcome {
            Ok(Ok(response)) => answer(response, ticket, this.upgrade.take()),
            Ok(Err(Failure::Refused(status))) => plain(status, ticket),
            Ok(Err(Failure::Error(error))) => {
                ticket.has_failed("the handler", &*error.into());
                plain(StatusCode::INTERNAL_SERVER_ERROR, ticket)
            }
            Err(payload) => {
                ticket.has_panicked("the handler", &*payload);
                plain(StatusCode::INTERNAL_SERVER_ERROR, ticket)
            }
        };
        Poll::Ready(Ok(response))
    }
}

/// The answer of the application.
fn answer<B: http_body::Body>(
    response: Response<B>,
    mut ticket: Box<Ticket>,
    upgrade: Option<Upgrade>,
) -> Response<ResponseBody<B>> {
    let status = response.status();
    let is_upgrade = status == StatusCode::SWITCHING_PROTOCOLS
        || (ticket.method == Method::CONNECT && status.is_success());
    if is_upgrade {
        match upgrade.and_then(|upgrade| upgrade.take()) {
            Some(then) => ticket.visit.set_upgrade(then),
            None => {
                let text = "the answer is an upgrade, but nobody waits for the stream";
                return wrong(response, text, ticket);
            }
        }
        ticket.entry.status(status);
        return response.map(|body| ResponseBody::new(body, None, ticket));
    }
    let promise = match promise(&ticket.method, &response) {
        Ok(promise) => promise,
        Err(mistake) => {
            let text = format_args!("the answer cannot be sent: {mistake}");
            return wrong(response, text, ticket);
        }
    };
    ticket.entry.status(status);
    let is_last = ticket.is_last();
    let mut response = if is_head_alone(&ticket.method, status) {
        head_alone(response, ticket)
    } else {
        response.map(|body| ResponseBody::new(body, promise, ticket))
    };
    if is_last {
        let close = header::HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// What is to be said in place of an answer that is a mistake.
fn wrong<B>(
    response: Response<B>,
    text: impl fmt::Display,
    mut ticket: Box<Ticket>,
) -> Response<ResponseBody<B>> {
    ticket.has_failed("the handler", text);
    ticket.drop_body(response.into_body());
    plain(StatusCode::INTERNAL_SERVER_ERROR, ticket)
}

/// An answer without its body, of which the head may tell. Over HTTP/2 hyper would send it.
fn head_alone<B: http_body::Body>(
    response: Response<B>,
    mut ticket: Box<Ticket>,
) -> Response<ResponseBody<B>> {
    let (mut head, body) = response.into_parts();
    if ticket.method == Method::HEAD && head.status != StatusCode::NO_CONTENT {
        // One of no bytes has often been taken away, rather than being one.
        let length = body.size_hint().exact().filter(|length| *length > 0);
        if let Some(length) = length {
            if !head.headers.contains_key(header::TRANSFER_ENCODING) {
                let entry = head.headers.entry(header::CONTENT_LENGTH);
                entry.or_insert_with(|| length.into());
            }
        }
    }
    ticket.drop_body(body);
    Response::from_parts(head, ResponseBody::none(ticket))
}

/// An answer of ours.
fn plain<B>(status: StatusCode, mut ticket: Box<Ticket>) -> Response<ResponseBody<B>> {
    ticket.entry.status(status);
    let text = status.canonical_reason().unwrap_or_default();
    let mut response = Response::new(ResponseBody::text(text, ticket));
    *response.status_mut() = status;
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

/// An exchange that is counted, and known by its first line, until its answer has been handed over.
pub(crate) struct Ticket {
    visit: Arc<Visit>,
    method: Method,
    uri: Uri,
    version: Version,
    entry: Entry,
    has_failed: bool,
}

impl Ticket {
    /// In a box, as it goes with the request into the exchange, and with the answer out of it again.
    fn new<B>(visit: &Arc<Visit>, request: &Request<B>) -> Box<Self> {
        visit.begin_request();
        Box::new(Self {
            visit: visit.clone(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            entry: Entry::new(visit.writes_access_log()),
            has_failed: false,
        })
    }

    pub(super) fn has_sent(&mut self, bytes: usize) {
        self.entry.add_bytes(bytes);
    }

    pub(super) fn has_panicked(&mut self, who: &str, payload: &(dyn Any + Send)) {
        self.fail();
        let message = panic_message(payload);
        let uri = Printable(&self.uri);
        let text = format!("{} {uri}: {who} panicked: {message}", self.method);
        report_unhandled(Unhandled::panic(current_task(), &text));
    }

    pub(super) fn has_failed(&mut self, who: &str, error: impl fmt::Display) {
        self.fail();
        let uri = Printable(&self.uri);
        let text = format!("{} {uri}: {who} failed: {error}", self.method);
        report_unhandled(Unhandled::error(current_task(), text));
    }

    /// A body of the application that is not sent.
    fn drop_body<B>(&mut self, body: B) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(body))) {
            self.has_panicked("a destructor of the body of the response", &*payload);
        }
    }

    /// Where the client says how much of an answer it takes: over HTTP/2.
    pub(super) fn outlet(&self) -> Option<Outlet> {
        (self.version >= Version::HTTP_2).then(|| Outlet::new(&self.visit.activity))
    }

    /// Whether the connection ends after this one, and has no other way to say so.
    fn is_last(&self) -> bool {
        self.visit.activity.is_closing() && self.version < Version::HTTP_2
    }

    fn fail(&mut self) {
        if !self.has_failed {
            self.has_failed = true;
            self.visit.fail_request();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.visit.end_request();
        let peer = &self.visit.peer;
        self.entry
            .write(peer, &self.method, &self.uri, self.version);
    }
}
