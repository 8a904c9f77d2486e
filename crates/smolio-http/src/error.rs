//! What can go wrong with a request, and with the body of its answer.

use std::{error::Error, fmt, io, time::Duration};

use http::Method;
use smolio_timer::Elapsed;
use url::Url;

use crate::auth::take_credentials;

type Source = Box<dyn Error + Send + Sync>;

/// The part of an exchange that a limit of time is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The whole exchange: from the request to the last byte of the answer.
    Total,
    /// Until there is a new connection: the lookup of the name, TCP, the proxy and TLS. Not the wait for a place among the others.
    Connect,
    /// From the request to the head of the answer.
    FirstByte,
    /// Between two pieces of the body, in either direction.
    Stall,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "total",
            Self::Connect => "connect",
            Self::FirstByte => "first byte",
            Self::Stall => "stall",
        })
    }
}

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// The address is none, or not one of HTTP.
    InvalidUrl,
    /// A header, a query, a form or a JSON body cannot be sent as it is.
    InvalidRequest,
    /// No connection: the name is unknown, or nobody answers there.
    Connect,
    /// The proxy refused, or did not answer as a proxy does.
    Proxy,
    /// The peer is not who it should be, or speaks no TLS that we do.
    Tls,
    /// A limit of time was reached.
    TimedOut {
        /// Which one.
        phase: Phase,
        /// How long it was.
        limit: Duration,
    },
    /// The peer hung up before there was an answer.
    Disconnected,
    /// What came is not HTTP, or not allowed in it.
    Protocol,
    /// The head of the answer is larger than the limit.
    HeadTooLarge,
    /// The stream of the request's body failed, or had another length than was declared.
    RequestBody,
    /// More redirects than are followed.
    TooManyRedirects {
        /// So many are.
        limit: usize,
    },
    /// A redirect to what is no address of HTTP.
    InvalidRedirect,
    /// A redirect wants the body again, and it was a stream.
    BodyNotReplayable,
    /// The session was closed.
    Closed,
}

/// A request that got no answer. An answer with a status like 404 is none of these: see `error_for_status`.
pub struct RequestError(Box<Inner>);

struct Inner {
    kind: RequestErrorKind,
    method: Option<Method>,
    url: Option<Url>,
    source: Option<Source>,
}

impl RequestError {
    pub(crate) fn new(kind: RequestErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            method: None,
            url: None,
            source: None,
        }))
    }

    pub(crate) fn because(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says which request it was, unless that has been said. Errors are shown to people: a name and a password in the address
    /// are not kept.
    pub(crate) fn of(mut self, method: &Method, url: &Url) -> Self {
        self.0.method.get_or_insert_with(|| method.clone());
        self.0.url.get_or_insert_with(|| {
            let mut url = url.clone();
            drop(take_credentials(&mut url));
            url
        });
        self
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> RequestErrorKind {
        self.0.kind
    }

    /// The address that was asked; after redirects the last one.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.0.url.as_ref()
    }

    /// The method of the request.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.method.as_ref()
    }

    /// Whether a limit of time was reached, whichever.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, RequestErrorKind::TimedOut { .. })
    }
}

impl fmt::Debug for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            method,
            url,
            source,
        } = &*self.0;
        let mut shown = f.debug_struct("RequestError");
        shown.field("kind", kind).field("method", method);
        shown
            .field("url", &url.as_ref().map(Url::as_str))
            .field("source", source)
            .finish()
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(method), Some(url)) = (&self.0.method, &self.0.url) {
            write!(f, "{method} {url}: ")?;
        }
        match self.0.kind {
            RequestErrorKind::InvalidUrl => f.write_str("not an address of HTTP"),
            RequestErrorKind::InvalidRequest => f.write_str("the request cannot be sent as it is"),
            RequestErrorKind::Connect => f.write_str("could not connect"),
            RequestErrorKind::Proxy => f.write_str("could not connect through the proxy"),
            RequestErrorKind::Tls => f.write_str("could not agree on TLS"),
            RequestErrorKind::TimedOut { phase, limit } => {
                write!(f, "timed out after {limit:?} ({phase})")
            }
            RequestErrorKind::Disconnected => f.write_str("the peer hung up without an answer"),
            RequestErrorKind::Protocol => f.write_str("the answer is not HTTP"),
            RequestErrorKind::HeadTooLarge => f.write_str("the head of the answer is too large"),
            RequestErrorKind::RequestBody => f.write_str("the body of the request failed"),
            RequestErrorKind::TooManyRedirects { limit } => {
                write!(f, "redirected more than {limit} times")
            }
            RequestErrorKind::InvalidRedirect => f.write_str("redirected to no address of HTTP"),
            RequestErrorKind::BodyNotReplayable => {
                f.write_str("redirected, and the body cannot be sent again")
            }
            RequestErrorKind::Closed => f.write_str("the session is closed"),
        }?;
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for RequestError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// For `try_timeout`.
impl From<Elapsed> for RequestError {
    fn from(elapsed: Elapsed) -> Self {
        let limit = elapsed.limit().unwrap_or_default();
        Self::new(RequestErrorKind::TimedOut {
            phase: Phase::Total,
            limit,
        })
        .because(elapsed)
    }
}

/// Why a body could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyErrorKind {
    /// The peer hung up in the middle.
    Disconnected,
    /// What came is not HTTP: a bad chunk, for one.
    Protocol,
    /// A limit of time was reached.
    TimedOut {
        /// Which one.
        phase: Phase,
        /// How long it was.
        limit: Duration,
    },
    /// The body is larger than the limit.
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The bytes are not in the compression that the headers say.
    Decompression,
}

/// A body that could not be read to its end.
#[derive(Debug)]
pub struct BodyError {
    kind: BodyErrorKind,
    source: Option<Source>,
}

impl BodyError {
    pub(crate) fn new(kind: BodyErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> BodyErrorKind {
        self.kind
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            BodyErrorKind::Disconnected => {
                f.write_str("the peer hung up in the middle of the body")
            }
            BodyErrorKind::Protocol => f.write_str("the body is not HTTP"),
            BodyErrorKind::TimedOut { phase, limit } => {
                write!(f, "reading the body timed out after {limit:?} ({phase})")
            }
            BodyErrorKind::TooLarge { limit } => {
                write!(f, "the body is larger than the limit of {limit} bytes")
            }
            BodyErrorKind::Decompression => f.write_str("the body cannot be decompressed"),
        }?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// For what reads a body as a reader. The error of the body is inside.
impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        let kind = match error.kind() {
            BodyErrorKind::Disconnected => io::ErrorKind::UnexpectedEof,
            BodyErrorKind::TimedOut { .. } => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// For `try_timeout`.
impl From<Elapsed> for BodyError {
    fn from(elapsed: Elapsed) -> Self {
        let limit = elapsed.limit().unwrap_or_default();
        Self::new(BodyErrorKind::TimedOut {
            phase: Phase::Total,
            limit,
        })
        .because(elapsed)
    }
}
