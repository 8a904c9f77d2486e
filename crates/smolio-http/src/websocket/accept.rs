//! The server's side: a request that becomes a WebSocket.

use std::{fmt, future::IntoFuture, time::Duration};

use async_tungstenite::tungstenite::protocol::Role;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use super::{
    Options, WebSocket,
    core::Core,
    handshake::{VERSION, WEBSOCKET, accept_value, is_upgrade, list},
};
use crate::{body::Body, server::Upgrade};

/// A key is 16 bytes in base64.
const KEY_LENGTH: usize = 24;

/// How a server of ours answers requests for WebSockets. Made once, or for each request.
///
/// The WebSocket is a part of its connection, as a request is: it ends with the server at the latest. When the server closes,
/// whoever receives says goodbye with 1001 (going away), and so [`WebSocket::next`] comes to its end; what still goes on when
/// the server's grace is over is cut off.
///
/// Browsers let any page ask for a WebSocket of any server, and send the cookies of that server along: whoever tells users
/// by cookies looks at the header `origin` first.
///
/// # Examples
/// ```
/// use axum::{Router, extract::Request, response::IntoResponse, routing::get};
/// use smolio_http::WebSocketAcceptor;
///
/// async fn echo(request: Request) -> impl IntoResponse {
///     WebSocketAcceptor::new().protocols(["echo"]).accept(&request, |mut socket| async move {
///         while let Some(Ok(message)) = socket.next().await {
///             if socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
///
/// let app: Router = Router::new().route("/echo", get(echo));
/// ```
#[doc(alias("WebSocketResponse", "WebSocketUpgrade"))]
#[derive(Clone, Default)]
#[must_use = "an acceptor does nothing unless it accepts"]
pub struct WebSocketAcceptor {
    protocols: Vec<String>,
    options: Options,
}

impl WebSocketAcceptor {
    /// With the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Subprotocols that are known here. The first one that the client names, of these, is taken.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// How many bytes a message that comes may have: 4 MiB without this.
    #[doc(alias = "max_msg_size")]
    pub fn message_limit(mut self, bytes: usize) -> Self {
        self.options.message_limit = bytes;
        self
    }

    /// Sends a ping whenever nothing has come for so long, and gives up when nothing comes within half of that again. Only
    /// while somebody receives. Without this there are none.
    pub fn heartbeat(mut self, period: Duration) -> Self {
        self.options.heartbeat = Some(period);
        self
    }

    /// How long the other side may take to answer a goodbye: 10 seconds without this.
    pub fn close_limit(mut self, limit: Duration) -> Self {
        self.options.close_limit = limit;
        self
    }

    /// The answer to a request: that it becomes a WebSocket, with which `run` does what it likes; or, if it does not ask for
    /// one as it should, what is wrong with it (400, or 426 when it is a matter of the protocol).
    ///
    /// When `run` has ended the connection is closed. It is to [say goodbye](WebSocket::close) before that.
    pub fn accept<B, F, R>(&self, request: &Request<B>, run: F) -> Response<Body>
    where
        F: FnOnce(WebSocket) -> R + Send + 'static,
        R: IntoFuture<Output = (), IntoFuture: Send + 'static>,
    {
        let key = match check(request) {
            Ok(key) => key,
            Err((status, why)) => return refuse(status, why),
        };
        let Some(upgrade) = request.extensions().get::<Upgrade>() else {
            let why = "this connection cannot become a websocket";
            return refuse(StatusCode::BAD_REQUEST, why);
        };
        let protocol = self.choose(request.headers());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, WEBSOCKET);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        let values = [
            (header::SEC_WEBSOCKET_ACCEPT, Some(accept_value(key))),
            (header::SEC_WEBSOCKET_PROTOCOL, protocol.clone()),
        ];
        for (name, value) in values {
            // A name of a subprotocol that is no header is not one that a client has named.
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                headers.insert(name, value);
            }
        }
        let options = self.options.clone();
        upgrade.then(move |stream| async move {
            let closing = stream.closing();
            let core = Core::new(Box::new(stream), Vec::new(), Role::Server, &options).await;
            let socket = WebSocket::new(core.until(closing), protocol);
            let running = run(socket).into_future();
            running.await;
        });
        response
    }

    fn choose(&self, headers: &HeaderMap) -> Option<String> {
        let mut named = list(headers, &header::SEC_WEBSOCKET_PROTOCOL);
        let known = |name: &[u8]| self.protocols.iter().find(|known| known.as_bytes() == name);
        named.find_map(known).cloned()
    }
}

impl fmt::Debug for WebSocketAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketAcceptor")
            .field("protocols", &self.protocols)
            .field("options", &self.options)
            .finish()
    }
}

/// The key of a request that asks for a WebSocket as it should.
fn check<B>(request: &Request<B>) -> Result<&[u8], (StatusCode, &'static str)> {
    let headers = request.headers();
    let wrong = |why| Err((StatusCode::BAD_REQUEST, why));
    if request.method() != Method::GET {
        return wrong("a websocket is asked for with GET");
    }
    if !is_upgrade(headers) {
        let why =
            "here is a websocket: ask for it with `connection: upgrade`, `upgrade: websocket`";
        return Err((StatusCode::UPGRADE_REQUIRED, why));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err((
            StatusCode::UPGRADE_REQUIRED,
            "only version 13 is spoken here",
        ));
    }
    match headers.get(header::SEC_WEBSOCKET_KEY) {
        Some(key) if key.len() == KEY_LENGTH && key.as_bytes().ends_with(b"==") => {
            Ok(key.as_bytes())
        }
        _ => wrong("`sec-websocket-key` is missing, or not one"),
    }
}

fn refuse(status: StatusCode, why: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(why));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    if status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::UPGRADE, WEBSOCKET);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    }
    response
}
