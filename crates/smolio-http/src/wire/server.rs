//! A server's connection over HTTP/1, as hyper reads and writes it.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_io::{AsyncRead, AsyncWrite};
use http_body::{Body as _, Frame, SizeHint};
use hyper::{server::conn::http1, service::Service};

use super::Io;

/// What answers requests. It does not fail: what goes wrong in it becomes an answer, too.
pub(crate) trait Respond {
    type Body: http_body::Body<Data = Bytes, Error = Self::BodyError> + 'static;
    type BodyError: std::error::Error + Send + Sync + 'static;
    type Future: Future<Output = Result<http::Response<Self::Body>, Infallible>>;

    fn respond(&self, request: http::Request<RequestIncoming>) -> Self::Future;
}

/// How large the head of a request may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    pub(crate) size: usize,
    /// None is hyper's own, for which it needs no memory.
    pub(crate) headers: Option<usize>,
}

/// The body of a request.
#[derive(Debug)]
pub(crate) struct RequestIncoming(hyper::body::Incoming);

impl RequestIncoming {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// A [`Respond`] for hyper.
#[derive(Debug)]
pub(super) struct Answering<R>(pub(super) R);

impl<R: Respond> Service<http::Request<hyper::body::Incoming>> for Answering<R> {
    type Response = http::Response<R::Body>;
    type Error = Infallible;
    type Future = R::Future;

    fn call(&self, mut request: http::Request<hyper::body::Incoming>) -> R::Future {
        // Its own way of upgrading is not ours.
        request.extensions_mut().clear();
        self.0.respond(request.map(RequestIncoming))
    }
}

/// How a connection has ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// As HTTP has it; or it is another protocol's from now on.
    Finished,
    /// The client began to speak HTTP/2. Nothing was written.
    Http2,
    /// What came was no request, which the client was told if that was possible.
    Refused,
    /// It broke.
    Failed,
}

/// A connection, in either version.
pub(crate) trait Protocol {
    /// Whether requests run at the same time, and bytes come also while nothing is asked.
    const IS_MULTIPLEXED: bool;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending>;

    /// The requests that are running are the last ones. If there are none, it ends now.
    fn finish(&mut self);
}

/// A connection over HTTP/1.0 or 1.1.
pub(crate) struct Http1<S, R: Respond>(http1::Connection<Io<S>, Answering<R>>);

impl<S, R> Http1<S, R>
where
    S: AsyncRead + AsyncWrite + Unpin,
    R: Respond,
{
    pub(crate) fn new(stream: S, respond: R, limits: HeadLimits) -> Self {
        let mut builder = http1::Builder::new();
        // The time until there is a head is limited by whoever drives this, for less.
        builder.header_read_timeout(None);
        builder.max_header_size(limits.size);
        if let Some(headers) = limits.headers {
            builder.max_headers(headers);
        }
        Self(builder.serve_connection(Io::new(stream), Answering(respond)))
    }

    /// The stream, what was read from it in vain, and whoever answers.
    pub(crate) fn into_parts(self) -> (S, Bytes, R) {
        let parts = self.0.into_parts();
        (parts.io.into_inner(), parts.read_buf, parts.service.0)
    }
}

impl<S, R> Protocol for Http1<S, R>
where
    S: AsyncRead + AsyncWrite + Unpin,
    R: Respond,
{
    const IS_MULTIPLEXED: bool = false;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        Pin::new(&mut self.0).poll(cx).map(|end| match end {
            Ok(()) => Ending::Finished,
            Err(error) if error.is_parse_version_h2() => Ending::Http2,
            Err(error) if error.is_parse() => Ending::Refused,
            Err(_) => Ending::Failed,
        })
    }

    fn finish(&mut self) {
        Pin::new(&mut self.0).graceful_shutdown();
    }
}
