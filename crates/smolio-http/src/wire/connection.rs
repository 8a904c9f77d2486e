//! A client's connection, driven by whoever has a request on it: no task is spawned for it, so it needs no executor, and a
//! request that is dropped takes its socket along at once.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_lite::FutureExt;
use http_body::{Body as _, Frame, SizeHint};
use hyper::client::conn::http1;

use super::{
    Io,
    failure::{body_error, request_error},
    line::{Line, Watched},
    outgoing::Outgoing,
};
use crate::{
    body::Body,
    error::{BodyError, RequestError},
    stream::Stream,
};

/// The head of an answer may be so large, and its trailers. Browsers take 256 KiB, curl 300.
pub(super) const MAX_HEAD: usize = 256 * 1024;

/// hyper's buffer for both directions is as large: more of a request's body is taken only when some was written.
const MAX_BUFFER: usize = MAX_HEAD;

/// A connection over which one request after the other may go.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: http1::SendRequest<Outgoing>,
    driver: Driver,
    line: Arc<Line>,
}

type Driven = http1::Connection<Io<Watched>, Outgoing>;

/// hyper's half of the connection. It must be polled while anything is to move, and not once it has ended.
#[derive(Debug)]
struct Driver(Option<Pin<Box<Driven>>>);

impl Driver {
    /// Moves what can be moved. Ready once the connection has ended, in whichever way: those who wait for something from it
    /// are told why.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(connection) = &mut self.0 else {
            return Poll::Ready(());
        };
        match connection.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                self.0 = None;
                Poll::Ready(())
            }
        }
    }
}

/// A request that got no answer.
#[derive(Debug)]
pub(crate) struct SendFailure {
    pub(crate) error: RequestError,
    /// The request, if no byte of it was written.
    pub(crate) unsent: Option<Box<http::Request<Body>>>,
    /// Whether the peer has promised that it has not acted on it.
    #[cfg(feature = "http2")]
    pub(crate) is_unprocessed: bool,
}

impl SendFailure {
    /// Of a request of which more is not known.
    pub(crate) fn of(error: RequestError) -> Self {
        Self {
            error,
            unsent: None,
            #[cfg(feature = "http2")]
            is_unprocessed: false,
        }
    }
}

impl Connection {
    /// Nothing is sent, and nothing waited for.
    pub(crate) async fn new(stream: Stream) -> Result<Self, RequestError> {
        let line = Line::new();
        let io = Io::new(Watched::new(stream, line.clone()));
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_BUFFER).max_header_size(MAX_HEAD);
        match builder.handshake(io).await {
            Ok((sender, connection)) => Ok(Self {
                sender,
                driver: Driver(Some(Box::pin(connection))),
                line,
            }),
            Err(error) => Err(request_error(&error, &line)),
        }
    }

    /// How far the request is.
    pub(crate) fn line(&self) -> Arc<Line> {
        self.line.clone()
    }

    /// Whether a request may be sent: not if the peer has hung up, or sent what nobody asked for.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.driver.poll(cx).is_pending() && self.sender.is_ready()
    }

    /// The same for a connection that nobody has looked after for a while. It costs a system call: what has come since the
    /// reactor's last turn must not be taken for an answer, and a request that cannot be sent twice should not be lost.
    pub(crate) fn poll_still_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.line.distrust();
        self.poll_open(cx)
    }

    /// Sends a request, and waits for the head of the answer.
    pub(crate) async fn send(
        mut self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Incoming>, SendFailure> {
        let request = request.map(|body| Outgoing::new(body, self.line.clone()));
        let mut response = pin!(self.sender.try_send_request(request));
        let outcome = poll_fn(|cx| {
            loop {
                let ended = self.driver.poll(cx).is_ready();
                match response.as_mut().poll(cx) {
                    Poll::Pending if ended => {}
                    outcome => return outcome,
                }
            }
        })
        .await;
        match outcome {
            Ok(response) => Ok(response.map(|body| Incoming {
                body,
                connection: Some(self),
            })),
            Err(mut failure) => {
                let unsent = failure.take_message();
                Err(SendFailure {
                    unsent: unsent.map(|request| Box::new(request.map(Outgoing::into_body))),
                    #[cfg(feature = "http2")]
                    is_unprocessed: false,
                    error: request_error(&failure.into_error(), &self.line),
                })
            }
        }
    }
}

/// The body of an answer, and the connection that it comes over.
#[derive(Debug)]
pub(crate) struct Incoming {
    body: hyper::body::Incoming,
    /// None where a task drives it, or when it has ended.
    connection: Option<Connection>,
}

impl Incoming {
    #[cfg(feature = "http2")]
    pub(super) fn over_http2(body: hyper::body::Incoming) -> Self {
        let connection = None;
        Self { body, connection }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
                return Poll::Ready(frame.map(|frame| frame.map_err(|error| body_error(&error))));
            }
            let Some(connection) = &mut self.connection else {
                return Poll::Pending;
            };
            let ended = connection.driver.poll(cx).is_ready();
            // It has left a chunk, or said why there are no more.
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending if ended => self.connection = None,
                frame => {
                    return frame
                        .map(|frame| frame.map(|frame| frame.map_err(|error| body_error(&error))));
                }
            }
        }
    }

    /// After the end of the body: the connection, if another request may go over it.
    pub(crate) fn take_connection(&mut self, cx: &mut Context<'_>) -> Option<Connection> {
        let mut connection = self.connection.take()?;
        // hyper asks for a request only when it has looked behind the answer and found nothing: often in the very poll that
        // gave the end of it.
        let is_open = connection.sender.is_ready() || connection.poll_open(cx);
        is_open.then_some(connection)
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    pub(crate) fn is_end(&self) -> bool {
        self.body.is_end_stream()
    }
}
