//! `Connector`: from an origin to a stream that leads there, whatever lies between.

use std::path::PathBuf;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smolio_net::open_connection;

use super::{
    origin::Origin,
    proxy::{Proxies, Proxy},
    tls::{Protocols, TlsClient},
};
#[cfg(feature = "http2")]
use crate::wire::{Multiplexed, Spawner};
use crate::{
    error::{RequestError, RequestErrorKind},
    stream::Stream,
    wire::Connection,
};

/// An answer to `CONNECT` that is longer is none.
const MAX_TUNNEL_HEAD: usize = 16 * 1024;

/// How connections are made.
#[derive(Debug, Default)]
pub(crate) struct Connector {
    pub(crate) tls: TlsClient,
    pub(crate) proxies: Proxies,
    /// All connections go to this Unix socket.
    pub(crate) unix_socket: Option<PathBuf>,
    #[cfg(feature = "http2")]
    pub(crate) http2: Http2Setting,
}

/// Whether HTTP/2 is spoken, and who runs its connections.
#[cfg(feature = "http2")]
#[derive(Clone, Debug, Default)]
pub(crate) enum Http2Setting {
    Never,
    /// The loop of whoever connects.
    #[default]
    OnLoop,
    With(Spawner),
}

/// A connection that requests go over.
#[derive(Debug)]
pub(crate) enum Connected {
    Http1(Connection),
    #[cfg(feature = "http2")]
    Http2(Multiplexed),
}

/// How requests to an origin travel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Route<'c> {
    Direct,
    /// The proxy gets the requests, with their whole addresses, and makes requests of its own.
    Handed(&'c Proxy),
    /// The proxy carries bytes.
    Tunnel(&'c Proxy),
}

impl Connector {
    pub(crate) fn route(&self, origin: &Origin) -> Result<Route<'_>, RequestError> {
        if self.unix_socket.is_some() {
            return Ok(Route::Direct);
        }
        let proxy = self.proxies.for_origin(origin);
        let proxy =
            proxy.map_err(|error| RequestError::new(RequestErrorKind::Proxy).because(error))?;
        Ok(match proxy {
            None => Route::Direct,
            Some(proxy) if origin.is_secure() => Route::Tunnel(proxy),
            Some(proxy) => Route::Handed(proxy),
        })
    }

    /// Makes a connection for requests to an origin, and says hello.
    pub(crate) async fn connect(&self, origin: &Origin) -> Result<Connected, RequestError> {
        #[cfg(feature = "http2")]
        {
            let spawner = match &self.http2 {
                Http2Setting::Never => None,
                Http2Setting::OnLoop => Spawner::of_this_loop(),
                Http2Setting::With(spawner) => Some(spawner.clone()),
            };
            if let Some(spawner) = spawner {
                let stream = self.connect_with(origin, Protocols::Any).await?;
                return Ok(if stream.protocol() == Some(b"h2") {
                    Connected::Http2(Multiplexed::new(stream, spawner).await?)
                } else {
                    Connected::Http1(Connection::new(stream).await?)
                });
            }
        }
        let stream = self.connect_with(origin, Protocols::Http1).await?;
        Ok(Connected::Http1(Connection::new(stream).await?))
    }

    async fn connect_with(
        &self,
        origin: &Origin,
        protocols: Protocols,
    ) -> Result<Stream, RequestError> {
        let stream = match self.route(origin)? {
            Route::Direct => self.open(origin.host(), origin.port()).await?,
            Route::Handed(proxy) => self.open_proxy(proxy).await?,
            Route::Tunnel(proxy) => self.tunnel(proxy, origin).await?,
        };
        self.secure(origin, protocols, stream).await
    }

    /// Makes a connection that is the caller's own: a tunnel through a proxy also where there is no TLS, for what is not quite
    /// HTTP.
    #[cfg(feature = "websocket")]
    pub(crate) async fn connect_stream(&self, origin: &Origin) -> Result<Stream, RequestError> {
        let stream = match self.route(origin)? {
            Route::Direct => self.open(origin.host(), origin.port()).await?,
            Route::Handed(proxy) | Route::Tunnel(proxy) => self.tunnel(proxy, origin).await?,
        };
        self.secure(origin, Protocols::Http1, stream).await
    }

    async fn secure(
        &self,
        origin: &Origin,
        protocols: Protocols,
        stream: Stream,
    ) -> Result<Stream, RequestError> {
        if origin.is_secure() {
            self.tls.connect(origin.host(), protocols, stream).await
        } else {
            Ok(stream)
        }
    }

    async fn open(&self, host: &str, port: u16) -> Result<Stream, RequestError> {
        #[cfg(unix)]
        if let Some(path) = &self.unix_socket {
            let stream = smolio_net::open_unix_connection(path).await;
            return match stream {
                Ok(stream) => Ok(stream.into()),
                Err(error) => Err(RequestError::new(RequestErrorKind::Connect).because(error)),
            };
        }
        match open_connection((host, port)).await {
            Ok(stream) => Ok(stream.into()),
            Err(error) => Err(RequestError::new(RequestErrorKind::Connect).because(error)),
        }
    }

    async fn open_proxy(&self, proxy: &Proxy) -> Result<Stream, RequestError> {
        let stream = open_connection((proxy.host.as_str(), proxy.port)).await;
        let stream =
            stream.map_err(|error| RequestError::new(RequestErrorKind::Proxy).because(error))?;
        let stream = Stream::from(stream);
        if !proxy.is_secure {
            return Ok(stream);
        }
        let secured = self
            .tls
            .connect(&proxy.host, Protocols::Http1, stream)
            .await;
        // Whose TLS it was is the point.
        secured.map_err(|error| RequestError::new(RequestErrorKind::Proxy).because(error))
    }

    async fn tunnel(&self, proxy: &Proxy, origin: &Origin) -> Result<Stream, RequestError> {
        let mut stream = self.open_proxy(proxy).await?;
        let mut request = format!("CONNECT {origin} HTTP/1.1\r\nhost: {origin}\r\n").into_bytes();
        if let Some(authorization) = &proxy.authorization {
            request.extend_from_slice(b"proxy-authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        let failed =
            |error: std::io::Error| RequestError::new(RequestErrorKind::Proxy).because(error);
        stream.write_all(&request).await.map_err(failed)?;
        stream.flush().await.map_err(failed)?;
        let head = read_head(&mut stream).await?;
        match status_of(&head) {
            Some(200..=299) => Ok(stream),
            _ => {
                let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
                let line = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
                Err(RequestError::new(RequestErrorKind::Proxy)
                    .because(format!("it answered {line:?}")))
            }
        }
    }
}

/// The head of the answer to `CONNECT`. What comes after it would be the first bytes of the tunnel, where it is for us to
/// begin: so there must be none.
async fn read_head(stream: &mut Stream) -> Result<Vec<u8>, RequestError> {
    let refused =
        |reason: &'static str| Err(RequestError::new(RequestErrorKind::Proxy).because(reason));
    let mut head = Vec::new();
    let mut part = [0; 1024];
    loop {
        let count = stream
            .read(&mut part)
            .await
            .map_err(|error| RequestError::new(RequestErrorKind::Proxy).because(error))?;
        if count == 0 {
            return refused("it hung up");
        }
        // The end may lie across two reads.
        let searched = head.len().saturating_sub(3);
        head.extend_from_slice(&part[..count]);
        let end = head[searched..]
            .windows(4)
            .position(|end| end == b"\r\n\r\n");
        match end {
            Some(end) if searched + end + 4 == head.len() => return Ok(head),
            Some(_) => return refused("it sent more than its answer"),
            None if head.len() > MAX_TUNNEL_HEAD => {
                return refused("the head of its answer is too large");
            }
            None => {}
        }
    }
}

/// `HTTP/1.1 200 ...`, or `HTTP/1.0`.
fn status_of(head: &[u8]) -> Option<u16> {
    let rest = head
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()
}
