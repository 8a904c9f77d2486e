//! WebSockets (RFC 6455): messages both ways over a connection that began as HTTP.

mod accept;
mod connect;
mod core;
mod error;
mod halves;
mod handshake;
mod message;

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use serde::{Serialize, de::DeserializeOwned};

use self::core::{Core, Outgoing};

pub use self::{
    accept::WebSocketAcceptor,
    connect::{ConnectWebSocket, WebSocketBuilder},
    error::{WebSocketError, WebSocketErrorKind},
    halves::{WebSocketReceiver, WebSocketSender},
    message::{CloseCode, CloseFrame, Message},
};

/// As much as aiohttp takes.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// As long as aiohttp waits.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// What a ping or a goodbye may carry, as one frame without a length of its own: the goodbye's code is taken off.
const CONTROL_LIMIT: usize = 125;

/// What both sides can set.
#[derive(Clone, Debug)]
struct Options {
    message_limit: usize,
    heartbeat: Option<Duration>,
    close_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            message_limit: MESSAGE_LIMIT,
            heartbeat: None,
            close_limit: CLOSE_LIMIT,
        }
    }
}

/// An open WebSocket, of either side.
///
/// Nothing runs in the background: pings are answered, and the heart beats, while somebody receives. Two sides that both send
/// large messages while neither receives wait for each other: [`split`](Self::split) it, and receive all the time.
///
/// When it is dropped the connection is closed at once; [`close`](Self::close) says goodbye first, as it should be.
#[doc(alias("ClientWebSocketResponse", "WebSocketResponse"))]
pub struct WebSocket {
    core: Box<Core>,
    protocol: Option<String>,
    has_ended: bool,
}

impl WebSocket {
    fn new(core: Core, protocol: Option<String>) -> Self {
        Self {
            core: Box::new(core),
            protocol,
            has_ended: false,
        }
    }

    /// The subprotocol that the two sides have agreed on, if any.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Sends a text (a `&str` or a `String`), or bytes (a `&[u8]`, a `Vec<u8>`, `Bytes`), and waits until the system has
    /// taken it all. That says nothing about whether the other side has it.
    ///
    /// # Errors
    /// What ended the WebSocket; [`Closed`](WebSocketErrorKind::Closed) after a goodbye of either side.
    ///
    /// # Cancel safety
    /// The message is sent whole or not at all. When it is dropped because the connection was full, the message may still be
    /// in a buffer, and leaves with whatever is called next.
    #[doc(alias("send_str", "send_bytes"))]
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        let message = message.into();
        self.put(Outgoing::Message(message)).await
    }

    /// Sends a value as the text of its JSON.
    ///
    /// # Errors
    /// [`InvalidMessage`](WebSocketErrorKind::InvalidMessage) when the value has none; else as [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_json<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<(), WebSocketError> {
        let message = to_json(value)?;
        self.put(Outgoing::Message(message)).await
    }

    /// Sends a ping, of up to 125 bytes. The answer is not shown to anybody: see the heartbeat for a peer that may be gone.
    ///
    /// # Errors
    /// [`InvalidMessage`](WebSocketErrorKind::InvalidMessage) when it is too long; else as [`send`](Self::send).
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), WebSocketError> {
        let payload = checked_ping(payload.into())?;
        self.put(Outgoing::Ping(payload)).await
    }

    async fn put(&mut self, outgoing: Outgoing) -> Result<(), WebSocketError> {
        let mut outgoing = Some(outgoing);
        poll_fn(|cx| self.core.poll_send(cx, &mut outgoing)).await
    }

    /// Waits for the next message, and answers pings meanwhile.
    ///
    /// # Errors
    /// [`Closed`](WebSocketErrorKind::Closed) when the other side has said goodbye, which may be no failure at all:
    /// [`next`](Self::next) tells the two apart. Every other kind is one, and the end of the WebSocket. The same again for
    /// each call after that.
    ///
    /// # Cancel safety
    /// When it is dropped, nothing is lost: what has come in part is kept.
    pub async fn receive(&mut self) -> Result<Message, WebSocketError> {
        poll_fn(|cx| self.core.poll_receive(cx)).await
    }

    /// Waits for the next message, and reads it as JSON.
    ///
    /// # Errors
    /// [`InvalidMessage`](WebSocketErrorKind::InvalidMessage) when it is none, or one of another shape: the message is gone
    /// then. Else as [`receive`](Self::receive).
    ///
    /// # Cancel safety
    /// As [`receive`](Self::receive).
    pub async fn receive_json<T: DeserializeOwned>(&mut self) -> Result<T, WebSocketError> {
        from_json(&self.receive().await?)
    }

    /// The next message; None once the other side has said goodbye in a way that means that all is well: with 1000, 1001, or
    /// no code at all. [`close_frame`](Self::close_frame) knows which.
    ///
    /// # Errors
    /// As [`receive`](Self::receive), for any other end. After it there is None.
    ///
    /// # Cancel safety
    /// As [`receive`](Self::receive).
    #[doc(alias = "anext")]
    pub async fn next(&mut self) -> Option<Result<Message, WebSocketError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Says goodbye, and waits for the other side to do so, up to the limit that was set (10 seconds). Messages that come
    /// before that are thrown away. Does nothing if it is over already.
    ///
    /// # Errors
    /// [`InvalidMessage`](WebSocketErrorKind::InvalidMessage) when the code may not be sent (1005, for one), or the reason has
    /// more than 123 bytes. [`TimedOut`](WebSocketErrorKind::TimedOut), [`Disconnected`](WebSocketErrorKind::Disconnected) and
    /// so on when the other side does not part in an orderly way; there is no WebSocket any more then, either.
    ///
    /// # Cancel safety
    /// When it is dropped after its first poll, the goodbye is said, and nothing can be sent any more. It can be called again.
    pub async fn close(
        &mut self,
        code: CloseCode,
        reason: impl Into<String>,
    ) -> Result<(), WebSocketError> {
        let frame = checked_close(code, reason.into())?;
        if self.core.is_over() {
            return Ok(());
        }
        poll_fn(|cx| self.core.poll_say_goodbye(cx, &frame)).await?;
        poll_fn(|cx| self.core.poll_closed(cx)).await
    }

    /// How the other side said goodbye, or agreed to ours, if it did.
    #[must_use]
    #[doc(alias = "close_code")]
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.core.close_frame()
    }

    /// Two halves, for two tasks: one that sends, one that receives.
    #[must_use = "the connection is closed when both halves are dropped"]
    pub fn split(self) -> (WebSocketSender, WebSocketReceiver) {
        halves::split(self.core)
    }
}

/// As [`WebSocket::next`].
impl Stream for WebSocket {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        self.core
            .poll_receive(cx)
            .map(|received| end_of_stream(received, &mut self.has_ended))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("protocol", &self.protocol)
            .field("is_open", &self.core.is_open())
            .field("close_frame", &self.core.close_frame())
            .finish_non_exhaustive()
    }
}

/// A goodbye that means that all is well is the end of a stream, and no item of it.
fn end_of_stream(
    received: Result<Message, WebSocketError>,
    has_ended: &mut bool,
) -> Option<Result<Message, WebSocketError>> {
    let error = match received {
        Ok(message) => return Some(Ok(message)),
        Err(error) => error,
    };
    *has_ended = true;
    match error.kind() {
        WebSocketErrorKind::Closed { code } if code.is_normal() => None,
        _ => Some(Err(error)),
    }
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WebSocketError {
    WebSocketError::new(WebSocketErrorKind::InvalidMessage).because(why)
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Message, WebSocketError> {
    serde_json::to_string(value)
        .map(Message::Text)
        .map_err(invalid)
}

fn from_json<T: DeserializeOwned>(message: &Message) -> Result<T, WebSocketError> {
    serde_json::from_slice(message.as_bytes()).map_err(invalid)
}

fn checked_ping(payload: Bytes) -> Result<Bytes, WebSocketError> {
    if payload.len() > CONTROL_LIMIT {
        let length = payload.len();
        return Err(invalid(format!("a ping of {length} bytes")));
    }
    Ok(payload)
}

fn checked_close(code: CloseCode, reason: String) -> Result<CloseFrame, WebSocketError> {
    if !code.may_be_sent() {
        return Err(invalid(format!("the code {code} may not be sent")));
    }
    if reason.len() > CONTROL_LIMIT - size_of::<u16>() {
        let length = reason.len();
        return Err(invalid(format!(
            "a goodbye with a reason of {length} bytes"
        )));
    }
    Ok(CloseFrame::new(code, reason))
}

/// A WebSocket over a stream on which the handshake is over, for the fuzz targets.
#[cfg(fuzzing)]
pub async fn after_handshake(
    stream: impl self::core::Duplex + 'static,
    is_client: bool,
    message_limit: usize,
) -> WebSocket {
    use async_tungstenite::tungstenite::protocol::Role;

    let role = if is_client {
        Role::Client
    } else {
        Role::Server
    };
    let options = Options {
        message_limit,
        ..Options::default()
    };
    WebSocket::new(
        Core::new(Box::new(stream), Vec::new(), role, &options).await,
        None,
    )
}
