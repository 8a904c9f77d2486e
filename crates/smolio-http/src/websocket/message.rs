//! What goes over a WebSocket: messages, and the code of a goodbye.

use std::fmt;

use bytes::Bytes;

/// A whole message, of however many frames it was made.
///
/// Pings and pongs are not among them: they are answered, and sent, without anybody's help.
#[doc(alias = "WSMessage")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// Text, which is UTF-8.
    #[doc(alias = "WSMsgType.TEXT")]
    Text(String),
    /// Bytes of any kind.
    #[doc(alias = "WSMsgType.BINARY")]
    Binary(Bytes),
}

impl Message {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// The bytes of either kind.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}

/// Why somebody said goodbye, as a number. Those from 4000 to 4999 mean what the two sides agree on.
///
/// ```
/// use smolio_http::CloseCode;
/// assert_eq!(CloseCode::NORMAL, CloseCode::from(1000));
/// assert_eq!(CloseCode::from(4321).to_string(), "4321");
/// assert_eq!(CloseCode::GOING_AWAY.to_string(), "1001 (going away)");
/// ```
#[doc(alias = "WSCloseCode")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// All is done.
    #[doc(alias = "WSCloseCode.OK")]
    pub const NORMAL: Self = Self(1000);
    /// A server goes down, or a page was left.
    pub const GOING_AWAY: Self = Self(1001);
    /// The other side does not speak the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A message is of a kind that is not understood.
    pub const UNSUPPORTED: Self = Self(1003);
    /// The other side gave none. It is never sent.
    pub const NONE: Self = Self(1005);
    /// A text is not UTF-8, for instance.
    pub const INVALID_DATA: Self = Self(1007);
    /// A message is not allowed, for whatever reason.
    pub const POLICY: Self = Self(1008);
    /// A message is too large.
    pub const TOO_LARGE: Self = Self(1009);
    /// The server does not know an extension that the client cannot do without.
    pub const EXTENSION_MISSING: Self = Self(1010);
    /// The server failed.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The server starts again: come back in a while.
    pub const RESTART: Self = Self(1012);
    /// The server has too much to do: come back later.
    pub const TRY_AGAIN: Self = Self(1013);

    /// Whether all went well: nothing was lost if it is this.
    #[must_use]
    pub fn is_normal(self) -> bool {
        matches!(self, Self::NORMAL | Self::GOING_AWAY | Self::NONE)
    }

    /// Whether it may be sent: some are reserved, and some stand for that there is none.
    pub(super) fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match *self {
            Self::NORMAL => "normal",
            Self::GOING_AWAY => "going away",
            Self::PROTOCOL_ERROR => "protocol error",
            Self::UNSUPPORTED => "unsupported data",
            Self::NONE => "no code",
            Self::INVALID_DATA => "invalid data",
            Self::POLICY => "policy violation",
            Self::TOO_LARGE => "message too large",
            Self::EXTENSION_MISSING => "extension missing",
            Self::INTERNAL_ERROR => "internal error",
            Self::RESTART => "restart",
            Self::TRY_AGAIN => "try again later",
            _ => return write!(f, "{}", self.0),
        };
        write!(f, "{} ({meaning})", self.0)
    }
}

/// How the other side said goodbye.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame {
    /// The number of the reason.
    pub code: CloseCode,
    /// The reason in words, mostly none.
    pub reason: String,
}

impl CloseFrame {
    pub(super) fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { code, reason }
    }
}
