//! `SmolTransport`: requests go out and answers come in, over connections that are kept and used again.

mod alarm;
mod builder;
mod connector;
mod exempt;
mod incoming;
mod origin;
mod pool;
mod prepare;
mod proxy;
mod stats;
mod timeouts;
mod tls;
mod wait;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use smolio_context::{Instant, waiting_for};
use url::Url;

use self::{
    alarm::{Alarm, Limits, TimedOut},
    connector::Connector,
    pool::{Kept, Pool, PoolLimits},
    prepare::{prepare, repeatable},
    tls::Protocols,
    wait::Wait,
};
pub use self::{
    builder::TransportBuilder,
    incoming::IncomingBody,
    proxy::{Proxies, ProxyError},
    stats::TransportStats,
    timeouts::Timeouts,
    tls::TlsOptions,
};
pub(crate) use self::{origin::Origin, pool::Place};
use crate::{
    body::Body,
    error::{Phase, RequestError, RequestErrorKind},
    stream::Stream,
    wire::{Connection, SendFailure, Sending},
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
///     peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await
/// };
///
/// let transport = SmolTransport::new();
/// let request = http::Request::get(format!("http://{address}/")).body(Body::empty())?;
/// let (served, answer) = future::zip(serve, transport.send(request)).await;
/// served?;
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
            Ok(mut url) => {
                // Errors are shown to people. It cannot fail for an address that could have a password.
                let _ = url.set_password(None);
                error.of(&method, &url)
            }
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
        let mut request = prepare(request, &origin, connector.route(&origin)?)?;

        let mut alarm = Alarm::default();
        let waited = limits.run(&mut alarm, Wait::new(pool.clone(), origin.clone()));
        let (mut place, kept) = waited.await.map_err(timed_out)??;
        if let Some(kept) = kept {
            let sent = send_again(kept, place, limits, request).await?;
            match sent {
                Reused::Answered(answer) => return Ok(answer),
                Reused::Closed(unused) => {
                    (place, limits, request) = (unused.place, unused.limits, unused.request);
                }
            }
        }
        limits.begin(Phase::Connect);
        let connect = connect(connector, &origin);
        let connected = limits.run(&mut alarm, connect).await;
        let connection = connected.map_err(timed_out)??;
        place.count_connected();
        let kept = Kept { connection, alarm };
        send_over(kept, place, limits, request)
            .await
            .map_err(|failure| failure.error)
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
        let origin = Origin::of(address)?;
        let mut alarm = Alarm::default();
        let waited = limits.run(&mut alarm, Wait::new(pool.clone(), origin.clone()));
        // One that was kept has spoken HTTP already: it is closed, and its place taken over.
        let (place, _) = waited.await.map_err(timed_out)??;
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
    /// [`RequestErrorKind::Closed`]. Those under way may end.
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

async fn connect(connector: &Connector, origin: &Origin) -> Result<Connection, RequestError> {
    let stream = connector.connect(origin, Protocols::Http1).await?;
    Connection::new(stream).await
}

fn timed_out(TimedOut { phase, limit }: TimedOut) -> RequestError {
    RequestError::new(RequestErrorKind::TimedOut { phase, limit })
}

type Answer = http::Response<IncomingBody>;

/// What became of a request over a connection that had served before.
enum Reused {
    Answered(Answer),
    /// The connection was closed meanwhile; the request may be sent over another.
    Closed(Unused),
}

struct Unused {
    place: Place,
    limits: Limits,
    request: http::Request<Body>,
}

/// Sends a request over a connection that has served before, if it is still open.
async fn send_again(
    mut kept: Kept,
    place: Place,
    limits: Limits,
    request: http::Request<Body>,
) -> Result<Reused, RequestError> {
    let is_open = poll_fn(|cx| Poll::Ready(kept.connection.poll_still_open(cx))).await;
    if !is_open {
        return Ok(Reused::Closed(Unused {
            place,
            limits,
            request,
        }));
    }
    let copy = repeatable(&request);
    match send_over(kept, place, limits, request).await {
        Ok(answer) => Ok(Reused::Answered(answer)),
        Err(failure) => {
            let may_repeat = failure.error.kind() == RequestErrorKind::Disconnected;
            let again = failure.unsent.or(copy.filter(|_| may_repeat));
            match again {
                None => Err(failure.error),
                Some(request) => Ok(Reused::Closed(Unused {
                    place: failure.place,
                    limits: failure.limits,
                    request,
                })),
            }
        }
    }
}

/// A request that was not answered, and what it had.
struct Unanswered {
    error: RequestError,
    unsent: Option<http::Request<Body>>,
    place: Place,
    limits: Limits,
}

/// Sends a request, and waits for the head of the answer.
async fn send_over(
    kept: Kept,
    place: Place,
    mut limits: Limits,
    request: http::Request<Body>,
) -> Result<Answer, Unanswered> {
    let Kept {
        connection,
        mut alarm,
    } = kept;
    let line = connection.line();
    limits.pause();
    let mut stage = None;
    let outcome = {
        let mut sending = pin!(connection.send(request));
        poll_fn(|cx| {
            if let Poll::Ready(outcome) = sending.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            let now_at = line.sending();
            // Each piece that the peer takes begins the limit anew.
            let has_written = line.take_written();
            if stage.replace(now_at) != Some(now_at) || has_written {
                match now_at {
                    Sending::Done => limits.begin(Phase::FirstByte),
                    Sending::Writing => limits.begin(Phase::Stall),
                    Sending::Starved => limits.pause(),
                }
            }
            let late = limits.poll(&mut alarm, cx);
            if late.is_pending() {
                waiting_for(|| "the answer to a request".to_owned());
            }
            late.map(|late| {
                Err(SendFailure {
                    error: timed_out(late),
                    unsent: None,
                })
            })
        })
        .await
    };
    match outcome {
        Ok(answer) => {
            let (head, incoming) = answer.into_parts();
            let mut body = IncomingBody::new(incoming, place, alarm, limits);
            // Without a body there is nothing to wait for.
            poll_fn(|cx| Poll::Ready(body.end_if_over(cx))).await;
            Ok(http::Response::from_parts(head, body))
        }
        Err(SendFailure { error, unsent }) => Err(Unanswered {
            error,
            unsent,
            place,
            limits,
        }),
    }
}
