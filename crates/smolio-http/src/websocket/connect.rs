//! The client's side: `ws_connect`.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use async_tungstenite::tungstenite::protocol::Role;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use smolio_timer::timeout;

use super::{
    Options, WebSocket,
    core::Core,
    error::{WebSocketError, WebSocketErrorKind},
    handshake::{VERSION, WEBSOCKET, accept_value, is_protocol_name, is_upgrade, list, new_key},
};
use crate::{
    error::{Phase, RequestError, RequestErrorKind},
    session::{ClientSession, IntoUrl, Prepared, RequestBuilder},
    stream::Stream,
    transport::{Place, Timeouts, clean},
    wire::{Switched, switch},
};

/// A request for a WebSocket, which is sent when it is awaited. [`ClientSession::ws_connect`] makes it.
///
/// # Cancel safety
/// Dropped while it is awaited, it closes the connection.
#[must_use = "a websocket is asked for when this is awaited"]
pub struct WebSocketBuilder {
    request: RequestBuilder,
    protocols: Vec<String>,
    options: Options,
}

impl ClientSession {
    /// Asks for a WebSocket, at an address that begins with `ws` or `wss`, or `http` or `https`.
    ///
    /// The handshake is a request of the session: with its headers, cookies and credentials, TLS and proxies. It is neither
    /// redirected nor tried again. The connection counts among the session's until it is closed.
    ///
    /// ```
    /// # smolio_executor::run(async {
    /// use axum::{Router, extract::Request, routing::get};
    /// use smolio_http::{ClientSession, CloseCode, WebSocketAcceptor, serve};
    /// use smolio_net::TcpListener;
    ///
    /// let echo = |request: Request| async move {
    ///     WebSocketAcceptor::new().accept(&request, |mut socket| async move {
    ///         while let Some(Ok(message)) = socket.next().await {
    ///             if socket.send(message).await.is_err() {
    ///                 break;
    ///             }
    ///         }
    ///     })
    /// };
    /// let app: Router = Router::new().route("/echo", get(echo));
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let url = format!("ws://{}/echo", listener.local_addr()?);
    ///
    /// let client = async {
    ///     let session = ClientSession::new();
    ///     let mut socket = session.ws_connect(url).await?;
    ///     socket.send("hello").await?;
    ///     assert_eq!(socket.receive().await?.as_text(), Some("hello"));
    ///     socket.close(CloseCode::NORMAL, "").await
    /// };
    /// serve(listener, app).until(client).await.reason?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias("ws", "websocket"))]
    pub fn ws_connect(&self, url: impl IntoUrl) -> WebSocketBuilder {
        WebSocketBuilder {
            request: RequestBuilder::for_websocket(self, url),
            protocols: Vec::new(),
            options: Options::default(),
        }
    }
}

impl WebSocketBuilder {
    /// Adds a header to the handshake. Those that make it one are not to be had this way.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N, Error: Into<http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        self.request = self.request.header(name, value);
        self
    }

    /// A name and a password for this request.
    #[doc(alias = "auth")]
    pub fn basic_auth(mut self, name: &str, password: &str) -> Self {
        self.request = self.request.basic_auth(name, password);
        self
    }

    /// A token for this request.
    pub fn bearer_auth(mut self, token: &str) -> Self {
        self.request = self.request.bearer_auth(token);
        self
    }

    /// Limits of time for the handshake, in place of those of the session.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.request = self.request.timeouts(timeouts);
        self
    }

    /// Subprotocols to offer, the dearest first. The server takes one or none: see [`WebSocket::protocol`].
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
    #[doc(alias = "ClientWSTimeout")]
    pub fn close_limit(mut self, limit: Duration) -> Self {
        self.options.close_limit = limit;
        self
    }
}

impl IntoFuture for WebSocketBuilder {
    type Output = Result<WebSocket, WebSocketError>;
    type IntoFuture = ConnectWebSocket;

    fn into_future(self) -> ConnectWebSocket {
        ConnectWebSocket(Box::pin(connect(self)))
    }
}

impl fmt::Debug for WebSocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketBuilder")
            .field("request", &self.request)
            .field("protocols", &self.protocols)
            .field("options", &self.options)
            .finish()
    }
}

/// The future of a [`WebSocketBuilder`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct ConnectWebSocket(
    Pin<Box<dyn Future<Output = Result<WebSocket, WebSocketError>> + Send>>,
);

impl Future for ConnectWebSocket {
    type Output = Result<WebSocket, WebSocketError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ConnectWebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectWebSocket").finish_non_exhaustive()
    }
}

async fn connect(builder: WebSocketBuilder) -> Result<WebSocket, WebSocketError> {
    let WebSocketBuilder {
        request,
        protocols,
        options,
    } = builder;
    let failed =
        |error: RequestError| WebSocketError::new(WebSocketErrorKind::Request).because(error);
    let mut prepared = request.prepare().map_err(failed)?;
    let key = new_key();
    let ask = ask_for_websocket(&mut prepared, &key, &protocols);
    ask.map_err(|error| failed(error.of(&http::Method::GET, &prepared.url)))?;
    let (Switched { head, stream }, place) = exchange(&mut prepared)
        .await
        .map_err(|error| failed(error.of(&http::Method::GET, &prepared.url)))?;
    prepared.keep_cookies(&head.headers);
    let Some((stream, part)) = stream else {
        let kind = WebSocketErrorKind::Refused {
            status: head.status,
        };
        return Err(WebSocketError::new(kind).with_headers(head.headers));
    };
    let protocol = match check(&head.headers, &key, &protocols) {
        Ok(protocol) => protocol,
        Err(why) => {
            let error = WebSocketError::new(WebSocketErrorKind::Handshake).because(why);
            return Err(error.with_headers(head.headers));
        }
    };
    let stream = Box::new(Placed {
        stream,
        _place: place,
    });
    let core = Core::new(stream, part.to_vec(), Role::Client, &options).await;
    Ok(WebSocket::new(core, protocol))
}

/// Adds what makes it a handshake.
fn ask_for_websocket(
    prepared: &mut Prepared,
    key: &str,
    protocols: &[String],
) -> Result<(), RequestError> {
    let invalid = |why: String| RequestError::new(RequestErrorKind::InvalidRequest).because(why);
    let authority = prepared.request.uri().authority().cloned();
    let headers = prepared.request.headers_mut();
    if let (Some(authority), false) = (authority, headers.contains_key(header::HOST)) {
        let host = HeaderValue::try_from(authority.as_str());
        headers.insert(
            header::HOST,
            host.map_err(|error| invalid(error.to_string()))?,
        );
    }
    // A length would make a body of our first frames, and credentials for a proxy are none for the server.
    clean(headers);
    headers.remove(header::ACCEPT_ENCODING);
    headers.remove(header::SEC_WEBSOCKET_EXTENSIONS);
    headers.remove(header::SEC_WEBSOCKET_PROTOCOL);
    headers.insert(header::UPGRADE, WEBSOCKET);
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
    let key = HeaderValue::try_from(key).map_err(|error| invalid(error.to_string()))?;
    headers.insert(header::SEC_WEBSOCKET_KEY, key);
    if let Some(bad) = protocols.iter().find(|name| !is_protocol_name(name)) {
        return Err(invalid(format!("no name of a subprotocol: {bad:?}")));
    }
    if !protocols.is_empty() {
        let offered = HeaderValue::try_from(protocols.join(", "));
        let offered = offered.map_err(|error| invalid(error.to_string()))?;
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, offered);
    }
    Ok(())
}

/// Sends the request over a connection of its own, within the limits of time.
async fn exchange(prepared: &mut Prepared) -> Result<(Switched, Place), RequestError> {
    let timeouts = prepared.timeouts;
    let late = |phase, limit| RequestError::new(RequestErrorKind::TimedOut { phase, limit });
    let exchange = async {
        let uri = prepared.request.uri().clone();
        let transport = prepared.transport().clone();
        let (stream, place) = transport.connect_stream(&uri, Some(timeouts)).await?;
        let mut request = std::mem::take(&mut prepared.request);
        if let Some(path) = uri.path_and_query() {
            *request.uri_mut() = path.clone().into();
        }
        let switched = switch(stream, request);
        let switched = match timeouts.first_byte {
            None => switched.await?,
            Some(limit) => timeout(limit, switched)
                .await
                .map_err(|_| late(Phase::FirstByte, limit))??,
        };
        Ok((switched, place))
    };
    match timeouts.total {
        None => exchange.await,
        Some(limit) => timeout(limit, exchange)
            .await
            .map_err(|_| late(Phase::Total, limit))?,
    }
}

/// Whether the answer is that of a server that knows what it does. It gives the subprotocol.
fn check(
    headers: &HeaderMap,
    key: &str,
    offered: &[String],
) -> Result<Option<String>, &'static str> {
    if !is_upgrade(headers) {
        return Err("the answer does not say that it goes on as a websocket");
    }
    let accept = headers.get(header::SEC_WEBSOCKET_ACCEPT);
    if accept.is_none_or(|accept| accept.as_bytes() != accept_value(key.as_bytes()).as_bytes()) {
        return Err("the server did not answer to our key");
    }
    if list(headers, &header::SEC_WEBSOCKET_EXTENSIONS)
        .next()
        .is_some()
    {
        return Err("the server took an extension that was not offered");
    }
    let mut taken = list(headers, &header::SEC_WEBSOCKET_PROTOCOL);
    let Some(protocol) = taken.next() else {
        return Ok(None);
    };
    let protocol = offered.iter().find(|offer| offer.as_bytes() == protocol);
    match (protocol, taken.next()) {
        (Some(protocol), None) => Ok(Some(protocol.clone())),
        _ => Err("the server took a subprotocol that was not offered"),
    }
}

/// A stream with its place among the session's connections.
struct Placed {
    stream: Stream,
    /// Given back with the stream.
    _place: Place,
}

crate::stream::read_and_write_inner!(Placed, stream);
