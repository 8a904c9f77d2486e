//! HTTP: a session that keeps connections, cookies and limits for the requests that are made with it, as aiohttp's does; and a
//! server for axum's routers and whatever else is a service of tower.
//!
//! ```
//! # smolio::run(async {
//! use axum::{Router, routing::get};
//! use smolio::{http::{ClientSession, serve}, net::TcpListener};
//!
//! let app = Router::new().route("/", get(async || "hello"));
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let guest = async {
//!     let session = ClientSession::new();
//!     let response = session.get(format!("http://{address}/")).await?.error_for_status()?;
//!     anyhow::Ok(response.text().await?)
//! };
//! let served = serve(listener, app).until(guest).await; // in real life: until shutdown_signal()
//! assert_eq!(served.reason?, "hello");
//! # Ok::<(), anyhow::Error>(())
//! # }).unwrap();
//! ```

pub use smolio_http::{
    Body, BodyError, BodyErrorKind, ClientSession, CookieError, CookieJar, Download, DownloadError,
    Event, EventError, EventErrorKind, EventSource, EventStream, IncomingBody, IntoUrl,
    InvalidEventField, JsonError, Multipart, Part, Phase, Progress, Proxies, ProxyError, Redirect,
    RequestBuilder, RequestError, RequestErrorKind, Response, ResponseReader, RetryPolicy,
    SendRequest, SessionBuilder, SessionError, SmolTransport, StatusError, Timeouts, TlsError,
    TlsErrorKind, TlsOptions, TransportBuilder, TransportStats, events_body, events_response,
    serve, serve_local,
};
#[cfg(feature = "websocket")]
pub use smolio_http::{
    CloseCode, CloseFrame, ConnectWebSocket, Message, WebSocket, WebSocketAcceptor,
    WebSocketBuilder, WebSocketError, WebSocketErrorKind, WebSocketReceiver, WebSocketSender,
};

/// The parts of a server: what it is told, what it tells, and what an application gets.
pub mod server {
    pub use smolio_http::server::{
        Anywhere, Here, PeerAddress, RequestBody, Serve, Served, ServerHandle, ServerStats,
        ServerTls, ServerTlsError, ServiceFn, Upgrade, Upgraded, service_fn,
    };
}
