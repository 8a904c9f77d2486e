//! HTTP for programs that make many requests at once, and for those that answer them.

#![forbid(unsafe_code)]

mod auth;
mod body;
mod error;
mod events;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod progress;
pub mod server;
mod session;
mod socket;
mod stream;
#[cfg(feature = "surf")]
mod surf;
mod tls;
mod transport;
#[cfg(feature = "websocket")]
mod websocket;
mod wire;

pub use body::Body;
pub use error::{BodyError, BodyErrorKind, Phase, RequestError, RequestErrorKind};
pub use events::{
    Event, EventError, EventErrorKind, EventSource, EventStream, InvalidEventField, events_body,
    events_response,
};
pub use progress::Progress;
pub use server::{serve, serve_local};
pub use session::{
    ClientSession, CookieError, CookieJar, Download, DownloadError, IntoUrl, JsonError, Multipart,
    Part, Redirect, RequestBuilder, Response, ResponseReader, RetryPolicy, SendRequest,
    SessionBuilder, SessionError, StatusError,
};
pub use tls::{TlsError, TlsErrorKind};
pub use transport::{
    IncomingBody, Proxies, ProxyError, SmolTransport, Timeouts, TlsOptions, TransportBuilder,
    TransportStats,
};
#[cfg(feature = "websocket")]
pub use websocket::{
    CloseCode, CloseFrame, ConnectWebSocket, Message, WebSocket, WebSocketAcceptor,
    WebSocketBuilder, WebSocketError, WebSocketErrorKind, WebSocketReceiver, WebSocketSender,
};
