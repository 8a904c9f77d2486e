//! HTTP for programs that make many requests at once, and for those that answer them.
//!
//! The nouns are the [`ClientSession`], which gives a [`Response`] for each request, and [`serve`], which makes a server of an
//! axum router or any other service of tower. Beneath the session is the [`SmolTransport`], for those who want no more than
//! connections that are kept.
//!
//! ```
//! # smolio_executor::run(async {
//! use axum::{Json, Router, routing::get};
//! use serde_json::{Value, json};
//! use smolio_http::{ClientSession, serve};
//! use smolio_net::TcpListener;
//! use smolio_task_group::try_gather;
//!
//! let app = Router::new().route("/legs", get(async || Json(json!({"fox": 4, "hen": 2}))));
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("http://{}/legs", listener.local_addr()?);
//!
//! let client = async {
//!     let session = ClientSession::new();
//!     let hens = async |url: &str| -> anyhow::Result<u64> {
//!         let legs: Value = session.get(url).await?.error_for_status()?.json().await?;
//!         Ok(legs["hen"].as_u64().unwrap_or_default())
//!     };
//!     try_gather((hens(&url), hens(&url))).await
//! };
//! let served = serve(listener, app).until(client).await; // in real life: until shutdown_signal()
//! assert_eq!(served.reason?, (2, 2));
//! # Ok::<(), anyhow::Error>(())
//! # }).unwrap();
//! ```
//!
//! The client spawns nothing: a connection is driven by whoever waits for an answer on it, so it works under any executor, and
//! a request that is dropped closes its connection at once. The server's connections are children of its own future, so none
//! outlives it.
//!
//! A request that got no answer is a [`RequestError`]; an answer is an answer, whatever its status, until
//! [`error_for_status`](Response::error_for_status) is asked. Whatever a peer could make endless has a limit: the time, the
//! head, the body, what comes out of compression, the redirects, the cookies.
//!
//! # Features
//! | feature | what it adds |
//! |---|---|
//! | `surf` | `ClientSession::surf`: surf's client and middleware, with this session beneath |
//! | `http2` | HTTP/2 with those who offer it by ALPN, in the session and in the server |
//! | `websocket` | `ClientSession::ws_connect`, and `WebSocketAcceptor` for the server |
//!
//! surf is unmaintained, and brings sixty crates, some of which have advisories. It is there for code that is written for it:
//! nothing that goes over the wire comes from it.
//!
//! # When not to use this
//! Under tokio reqwest and axum's own server do the same without a second reactor. For a request or two in a program that is
//! not asynchronous, ureq is all that is needed. There is no HTTP/3, no cache, and no list of the web's public suffixes for
//! cookies. Programs use the facade `smolio` with its feature `http`, which re-exports all of this.

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
