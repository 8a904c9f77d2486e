//! `SmolTransport`: requests go out and answers come in, over connections that are kept and used again.

mod alarm;
mod builder;
mod connector;
mod exchange;
mod exempt;
mod incoming;
mod origin;
mod place;
mod pool;
mod prepare;
mod proxy;
#[cfg(feature = "http2")]
mod shared;
mod stats;
mod timeouts;
mod tls;
mod wait;

use std::sync::Arc;

use smolio_context::Instant;
use url::Url;

pub(crate) use self::origin::Origin;
use self::{
    alarm::{Alarm, Limits},
    connector::{Connected, Connector},
    exchange::{Sent, send_again, send_over, timed_out},
    pool::{Kept, Pool, PoolLimits},
    prepare::prepare,
    wait::{Taken, Wait},
};
pub use self::{
    builder::TransportBuilder,
    incoming::IncomingBody,
    proxy::{Proxies, ProxyError},
    stats::TransportStats,
    timeouts::Timeouts,
    tls::TlsOptions,
};
#[cfg(feature = "http2")]
use self::{exchange::send_shared, prepare::for_http1};
#[cfg(feature = "websocket")]
pub(crate) use self::{place::Place, prepare::clean};
#[cfg(feature = "websocket")]
use crate::stream::Stream;
use crate::{
    body::Body,
    error::{Phase, RequestError},
};

/// Sends requests over connections of its own, and keeps those that can be used again. Cheap to clone: clones share them.
///
/// It is what a [session](crate) is made of, for those who want no more than that: it follows no redirects, keeps no cookies,
/// and changes no bodies. No task is spawned: a connection is driven by whoever waits for a request or a body on it, so it
/// works on any executor, and what is dropped is closed at once.
///
/// When the last clone is dropped, the connections that are kept are closed; those that the body of an answer still has are
/// closed when that ends.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
/// use smolio_http::{Body, SmolTransport};
/// use smolio_net::TcpListener;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let serve = async {
///     let (mut peer, _) = listener.accept().await?;
///     peer.read(&mut [0; 1024]).await?;
///     peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await?;
///     Ok::<_, std::io::Error>(peer)
/// };
///
/// let transport = SmolTransport::new();
/// let request = http::Request::get(format!("http://{address}/")).body(Body::empty())?;
/// let (served, answer) = future::zip(serve, transport.send(request)).await;
/// let _still_open = served?;
/// let mut answer = answer?;
/// assert_eq!(answer.status(), 200);
/// assert_eq!(answer.body_mut().next().await.unwrap()?, "hello");
/// assert_eq!(transport.stats().idle, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "BaseConnector")]
pub struct SmolTransport(Arc<Handle>);

/// What the clones share, and the bodies do not.
#[derive(Debug)]
struct Handle {
    pool: Arc<Pool>,
    connector: Connector,
    timeouts: Timeouts,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.pool.close();
    }
}

impl SmolTransport {
    /// With the defaults of the [`TransportBuilder`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// With other settings.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::new()
    }

    fn with(connector: Connector, limits: PoolLimits, timeouts: Timeouts) -> Self {
        let pool = Pool::new(limits);
        Self(Arc::new(Handle {
            pool,
            connector,
            timeouts,
        }))
    }

    /// Sends a request, and waits for the head of the answer. The address must be a whole one (`http://host/path`).
    ///
    /// [`Timeouts`] in the extensions of the request are its limits of time, in place of those of the transport. Headers that
    /// say how long the body is, or what becomes of the connection, are left out and made anew; `connection: close` is kept to.
    ///
    /// A request that found its connection closed is sent again over a new one, once: if nothing of it was written, or if it
    /// has no body, a method like `GET` that promises that twice is as good as once, and the connection had served before.
    ///
    /// # Errors
    /// A [`RequestError`] when there is no answer. Each answer is one, whatever its status.
    ///
    /// # Panics
    /// As the body of the request does.
    ///
    /// # Cancel safety
    /// Cancel safe: when it is dropped, the connection is closed, and its place goes to the next. Whether the peer has acted on
    /// the request is not known then.
    pub async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<IncomingBody>, RequestError> {
        let (method, address) = (request.method().clone(), request.uri().clone());
        let answer = self.exchange(request).await;
        answer.map_err(|error| match Url::parse(&address.to_string()) {
            Ok(url) => error.of(&method, &url),
            Err(_) => error,
        })
    }

    async fn exchange(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<IncomingBody>, RequestError> {
        let Handle {
            pool,
            connector,
            timeouts,
        } = &*self.0;
        let timeouts = request.extensions().get().copied().unwrap_or(*timeouts);
        let mut limits = Limits::new(timeouts, Instant::now());
        let origin = Origin::of(request.uri())?;
        // In a box, as it goes through many hands, and each of these futures would have a place for it.
        let mut request = Box::new(prepare(request, &origin, connector.route(&origin)?)?);

        let mut alarm = Alarm::default();
        #[cfg(feature = "http2")]
        let mut is_first = true;
        let place = loop {
            let waited = limits.run(&mut alarm, Wait::new(pool.clone(), origin.clone()));
            let sent = match waited.await.map_err(timed_out)?? {
                Taken::Fresh(place) => break place,
                Taken::Reused(place, kept) => send_again(kept, place, limits, request).await?,
                #[cfg(feature = "http2")]
                Taken::Shared(stream) => {
                    Box::pin(send_shared(stream, &origin, limits, request, is_first)).await?
                }
            };
            let unused = match sent {
                Sent::Answered(answer) => return Ok(answer),
                Sent::Unused(unused) => unused,
            };
            (limits, request) = (unused.limits, unused.request);
            if let Some(place) = unused.place {
                break place;
            }
            #[cfg(feature = "http2")]
            {
                is_first = false;
            }
        };
        limits.begin(Phase::Connect);
        // In boxes, as they are large and most requests have no need of them: their own future would be as large.
        let connected = Box::pin(limits.run(&mut alarm, connector.connect(&origin)));
        let connected = connected.await.map_err(timed_out)??;
        place.count_connected();
        let sent = match connected {
            Connected::Http1(connection) => {
                #[cfg(feature = "http2")]
                let request = Box::new(for_http1(*request)?);
                let kept = Kept {
                    connection,
                    alarm,
                    since: Instant::now(),
                    had_body: false,
                };
                let sent = send_over(kept, place, limits, request).await;
                sent.map(Sent::Answered).map_err(|failure| failure.error)
            }
            #[cfg(feature = "http2")]
            Connected::Http2(connection) => {
                let stream = place.share(connection);
                Box::pin(send_shared(stream, &origin, limits, request, false)).await
            }
        };
        match sent? {
            Sent::Answered(answer) => Ok(answer),
            Sent::Unused(_) => unreachable!("it was not to be given back"),
        }
    }

    /// A connection that is the caller's own, for what begins as HTTP and goes on as something else. It has a place among the
    /// others, for as long as the caller keeps that.
    #[cfg(feature = "websocket")]
    pub(crate) async fn connect_stream(
        &self,
        address: &http::Uri,
        timeouts: Option<Timeouts>,
    ) -> Result<(Stream, Place), RequestError> {
        let Handle {
            pool,
            connector,
            timeouts: default,
        } = &*self.0;
        let mut limits = Limits::new(timeouts.unwrap_or(*default), Instant::now());
        let origin = Origin::of(address)?.apart();
        let mut alarm = Alarm::default();
        let waited = limits.run(&mut alarm, Wait::new(pool.clone(), origin.clone()));
        let Taken::Fresh(place) = waited.await.map_err(timed_out)?? else {
            unreachable!("no connection of this kind is kept or shared");
        };
        limits.begin(Phase::Connect);
        let connected = limits.run(&mut alarm, connector.connect_stream(&origin));
        let stream = connected.await.map_err(timed_out)??;
        place.count_connected();
        Ok((stream, place))
    }

    /// The limits of time of requests that have none of their own.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.0.timeouts
    }

    /// What it has, and what it has done so far.
    #[must_use]
    pub fn stats(&self) -> TransportStats {
        self.0.pool.stats()
    }

    /// Closes the connections that are kept, and refuses requests from now on: those that wait for a place fail with
    /// [`RequestErrorKind::Closed`](crate::RequestErrorKind::Closed). Those under way may end.
    ///
    /// # Cancel safety
    /// All of it is done at the first poll.
    pub async fn close(&self) {
        self.0.pool.close();
    }
}

impl Default for SmolTransport {
    fn default() -> Self {
        Self::new()
    }
}
