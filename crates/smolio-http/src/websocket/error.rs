//! What can go wrong with a WebSocket.

use std::{error::Error, fmt, time::Duration};

use http::{HeaderMap, StatusCode};

use super::message::{CloseCode, CloseFrame};

type Source = Box<dyn Error + Send + Sync>;

/// Why there is no WebSocket, or no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebSocketErrorKind {
    /// The request for it got no answer at all. The source is a [`RequestError`](crate::RequestError).
    Request,
    /// The server answered with something else. [`WebSocketError::headers`] has its headers.
    Refused {
        /// Such as 401, or 404.
        status: StatusCode,
    },
    /// One side of the handshake does not do it as RFC 6455 has it, or took a subprotocol that nobody had offered.
    Handshake,
    /// It was closed in an orderly way. [`WebSocketError::reason`] may say why.
    Closed {
        /// The number that the other side gave, or ours if it agreed to that.
        code: CloseCode,
    },
    /// The other side hung up without a goodbye.
    Disconnected,
    /// What came is against the protocol.
    Protocol,
    /// A message that came is larger than the limit.
    MessageTooLarge {
        /// In bytes.
        limit: usize,
    },
    /// The other side did not answer a ping, or a goodbye.
    TimedOut {
        /// It had this long.
        limit: Duration,
    },
    /// What was to be sent cannot be, or what was received is not what was asked for. The WebSocket goes on.
    InvalidMessage,
}

/// A WebSocket that could not be had, or that is no more.
pub struct WebSocketError(Box<Inner>);

struct Inner {
    kind: WebSocketErrorKind,
    headers: HeaderMap,
    reason: String,
    source: Option<Source>,
}

impl WebSocketError {
    pub(super) fn new(kind: WebSocketErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            headers: HeaderMap::new(),
            reason: String::new(),
            source: None,
        }))
    }

    pub(super) fn closed(frame: &CloseFrame) -> Self {
        let mut error = Self::new(WebSocketErrorKind::Closed { code: frame.code });
        error.0.reason.clone_from(&frame.reason);
        error
    }

    pub(super) fn because(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(super) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.0.headers = headers;
        self
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> WebSocketErrorKind {
        self.0.kind
    }

    /// The headers of the answer to the handshake, if that was it.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// What the other side said when it closed, if anything.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Debug for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            headers,
            reason,
            source,
        } = &*self.0;
        let mut shown = f.debug_struct("WebSocketError");
        shown.field("kind", kind).field("headers", headers);
        shown
            .field("reason", reason)
            .field("source", source)
            .finish()
    }
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            WebSocketErrorKind::Request => f.write_str("the request for a websocket failed"),
            WebSocketErrorKind::Refused { status } => {
                write!(f, "the server gave no websocket, but {status}")
            }
            WebSocketErrorKind::Handshake => f.write_str("not a handshake of websockets"),
            WebSocketErrorKind::Closed { code } => {
                write!(f, "the websocket was closed: {code}")?;
                if !self.0.reason.is_empty() {
                    write!(f, " {:?}", self.0.reason)?;
                }
                Ok(())
            }
            WebSocketErrorKind::Disconnected => f.write_str("the peer hung up without a goodbye"),
            WebSocketErrorKind::Protocol => {
                f.write_str("what came is against the protocol of websockets")
            }
            WebSocketErrorKind::MessageTooLarge { limit } => {
                write!(f, "a message is larger than the limit of {limit} bytes")
            }
            WebSocketErrorKind::TimedOut { limit } => {
                write!(f, "the peer did not answer within {limit:?}")
            }
            WebSocketErrorKind::InvalidMessage => f.write_str("not a message as it has to be"),
        }?;
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for WebSocketError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
