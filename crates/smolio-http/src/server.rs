//! `serve`: an application is asked, and its answers are sent.

mod access_log;
mod activity;
mod connection;
mod exchange;
mod framing;
mod peer;
mod request_body;
mod response_body;
mod service_fn;
mod settings;
mod site;
mod stats;
mod stream;
mod tls;
mod upgrade;

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    future::{Future, IntoFuture, pending},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::poll_once;
use http::{Request, Response};
use smolio_executor::{Handle, TaskBuilder};
use smolio_net::{Listener, accept};
use smolio_task_group::{LocalTaskGroup, Or2, TaskGroup, race};
use smolio_timer::sleep;
use tower_service::Service;

use connection::{Closing, Contained, Guest, cloned};
use settings::Settings;
use site::{Site, Visit};
use stats::Counters;
use stream::Transport;

pub use peer::PeerAddress;
pub use request_body::RequestBody;
pub use service_fn::{ServiceFn, service_fn};
pub use stats::{Served, ServerHandle, ServerStats};
pub use tls::{ServerTls, ServerTlsError};
pub use upgrade::{Upgrade, Upgraded};

type BoxedError = Box<dyn Error + Send + Sync>;

/// Makes a server of an application: an axum `Router`, or any [`tower_service::Service`] of the types of http 1.
///
/// Nobody is let in before it is told to serve: [`until`](Serve::until) something happens, or for ever, by `.await`. Each setting
/// has a default that is safe.
///
/// ```
/// # smolio_executor::run(async {
/// use axum::{Router, routing::get};
/// use smolio_http::{Body, SmolTransport, serve};
/// use smolio_net::TcpListener;
///
/// let app = Router::new().route("/", get(|| async { "hello" }));
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
///
/// let client = async {
///     let request = http::Request::get(format!("http://{address}/")).body(Body::empty()).unwrap();
///     SmolTransport::new().send(request).await.unwrap().status()
/// };
/// let served = serve(listener, app).until(client).await; // in real life: until shutdown_signal()
/// assert_eq!(served.reason, 200);
/// assert_eq!(served.stats.requests, 1);
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
///
/// Where a loop of smolio runs, each connection is a task, so with several workers they are shared among these. Under other
/// executors all of it is one future. Either way no connection outlives the server.
///
/// A panic or an error of the application costs the request that it was about: the client gets a `500`, or, if the answer was
/// under way, sees that it is not whole; the unhandled hook is told, with the method and the path. An answer that is not as long
/// as its `content-length` says is such an error, too.
#[doc(alias = "aiohttp.web.run_app")]
#[doc(alias = "TCPSite")]
pub fn serve<L, A>(listener: L, app: A) -> Serve<L, A> {
    Serve::new(listener, app)
}

/// As [`serve`], for an application that is not `Send` or borrows: all of it stays in the future that serves.
///
/// ```
/// # smolio_executor::run(async {
/// use http::{Request, Response};
/// use smolio_http::{Body, serve_local, server::{RequestBody, service_fn}};
/// use std::{cell::Cell, convert::Infallible};
///
/// let count = Cell::new(0);
/// let app = service_fn(|_: Request<RequestBody>| async {
///     count.set(count.get() + 1);
///     Ok::<_, Infallible>(Response::new(Body::from("counted")))
/// });
/// let listener = smolio_net::TcpListener::bind("127.0.0.1:0").await?;
/// serve_local(listener, app).until(async {}).await;
/// assert_eq!(count.get(), 0);
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub fn serve_local<L, A>(listener: L, app: A) -> Serve<L, A, Here> {
    Serve::new(listener, app)
}

/// A server that has not begun: made by [`serve`] and [`serve_local`].
///
/// # When it closes
/// It closes when the future that was given to [`until`](Self::until) is done. To close with a group, wait for that:
/// `until(group.cancelled())`.
///
/// Those who have connected by then are still let in, others are refused. A request whose head has arrived is answered, with
/// `connection: close`; the next one is not begun, which the client can tell from that header. Connections on which nothing is
/// asked are closed at once. Whatever has not ended when the [`grace`](Self::grace) is over is dropped, and counted.
///
/// A server that is dropped drops all connections at once.
#[must_use = "a server serves nobody before it is awaited"]
pub struct Serve<L, A, W = Anywhere> {
    listener: L,
    app: A,
    settings: Settings,
    tls: Option<ServerTls>,
    counters: Arc<Counters>,
    place: PhantomData<W>,
}

/// The connections of a [`Serve`] are tasks, for whichever worker is free.
#[derive(Debug)]
pub enum Anywhere {}

/// The connections of a [`Serve`] stay in its own future.
#[derive(Debug)]
pub enum Here {}

impl<L, A, W> Serve<L, A, W> {
    fn new(listener: L, app: A) -> Self {
        Self {
            listener,
            app,
            settings: Settings::default(),
            tls: None,
            counters: Arc::default(),
            place: PhantomData,
        }
    }

    /// At most so many connections at the same time, 10,000 without it. Others wait in the system's queue.
    ///
    /// # Panics
    /// If it is zero: nobody would ever be let in.
    #[track_caller]
    pub fn limit(mut self, connections: usize) -> Self {
        assert!(
            connections > 0,
            "a server with a limit of 0 connections would let nobody in"
        );
        self.settings.connections = connections;
        self
    }

    /// How long requests may take to end when the server closes; 5 s without it.
    #[doc(alias = "shutdown_timeout")]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// How many bytes the first line and the headers of a request may have; 32 KiB without it, as with nginx. Larger ones are
    /// answered with `431`.
    #[doc(alias = "max_line_size")]
    #[doc(alias = "max_field_size")]
    pub fn head_limit(mut self, bytes: usize) -> Self {
        self.settings.head.size = bytes;
        self
    }

    /// How many headers a request may have; 100 without it, as with hyper. More are answered with `431`.
    #[doc(alias = "max_headers")]
    pub fn header_count_limit(mut self, headers: usize) -> Self {
        self.settings.head.headers = Some(headers);
        self
    }

    /// How long a client may take for the head of a request, or, in the beginning, for its handshake and the first head; 30 s
    /// without it, as with hyper. Then the connection is closed.
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.settings.header_timeout = limit;
        self
    }

    /// How long a connection is kept while nothing is asked; 75 s without it, as with nginx and aiohttp.
    #[doc(alias = "keepalive_timeout")]
    pub fn keep_alive(mut self, limit: Duration) -> Self {
        self.settings.keep_alive = limit;
        self
    }

    /// How long a client may send nothing of a body that is waited for, or take nothing of an answer; 60 s without it, as with
    /// nginx. A connection over HTTP/2 is closed when nothing is taken of any answer.
    pub fn stall_timeout(mut self, limit: Duration) -> Self {
        self.settings.stall_timeout = limit;
        self
    }

    /// How many bytes the body of a request may have; 1 MiB without it, as with nginx and aiohttp. `None` is no limit.
    ///
    /// A request that says that it has more is answered with `413` in place of the application. If it does not say so, the
    /// [`RequestBody`] gives an error at that point, and the answer is the application's. Of that error axum's extractors make a
    /// `400`; they make a `413` at a limit of their own, axum's `DefaultBodyLimit`, if that is not larger than this one.
    #[doc(alias = "client_max_size")]
    pub fn body_limit(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.settings.body_limit = bytes.into();
        self
    }

    /// Speaks TLS, and nothing else. A client has the [`header_timeout`](Self::header_timeout) to agree on it.
    #[doc(alias = "ssl_context")]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Whether a line is logged for each request: with the target `smolio_http::access`, at the level `info`. Without this none
    /// is.
    pub fn access_log(mut self, yes: bool) -> Self {
        self.settings.access_log = yes;
        self
    }

    /// A way to ask what the server is doing.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle(self.counters.clone())
    }
}

/// Serves in a group of this kind. It is the same code for futures that are `Send` and for others, which no trait can say.
macro_rules! serve_in {
    ($group:expr, $server:expr, $stop:expr, |$guest:ident, $name:ident| $connection:expr) => {{
        let Self {
            listener,
            app,
            settings,
            tls,
            counters,
            place: _,
        } = $server;
        let grace = settings.grace;
        let group = $group.limit(settings.connections);
        let site = Arc::new(Site {
            settings,
            tls,
            counters,
        });
        let counters = site.counters.clone();
        let mut reason = None;
        {
            let let_in = |(stream, peer): (L::Stream, L::Peer), app: &A| {
                let Some(service) = cloned(app) else { return };
                let open = site.counters.accept();
                let peer = PeerAddress::new(&peer);
                let $name = format!("connection of {peer}");
                let $guest = Guest {
                    service,
                    transport: Some(Transport::new(stream)),
                    visit: Arc::new(Visit::new(site.clone(), peer)),
                    closing: Closing::new(group.cancelled()),
                };
                let connection = Contained::new($connection);
                // The handle would give nothing.
                drop(group.spawn_named(&$name, async move {
                    connection.await;
                    open.end();
                }));
            };
            // The application is owned by whoever clones it: so it need not be `Sync`.
            let late = app.clone();
            let (group, let_in, reason) = (&group, &let_in, &mut reason);
            let body = async move {
                let admit = async {
                    let (app, listener) = (app, &listener);
                    listener.prepare();
                    loop {
                        group.ready().await;
                        let guest = accept(listener).await;
                        let_in(guest, &app);
                    }
                };
                let Or2::A(value) = race(($stop, forever(admit))).await;
                *reason = Some(value);
                // They are connected, as far as they know.
                while let Some(Ok(guest)) = poll_once(listener.accept()).await {
                    let_in(guest, &late);
                }
                drop(listener);
                group.cancel_with_grace(sleep(grace));
            };
            // Whether somebody was cut off is in the counts.
            let _ = group.run_value(body).await;
        }
        Served {
            reason: reason.expect("the group is cancelled by its body only, which has set it"),
            stats: counters.stats(),
        }
    }};
}

impl<L, A, B> Serve<L, A>
where
    L: Listener<Stream: AsyncRead + AsyncWrite + Unpin + 'static, Peer: 'static>,
    A: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    A::Error: Into<BoxedError>,
    A::Future: Send + 'static,
    B: http_body::Body<Data: Send, Error: Into<BoxedError>> + Send + 'static,
{
    /// Serves until `stop` is done, then closes as it is said at [`Serve`].
    ///
    /// # Panics
    /// As `stop` does. A panic of the application is not one of the server.
    ///
    /// # Cancel safety
    /// When it is dropped half-way all connections are dropped at once, without a grace.
    pub async fn until<S: IntoFuture>(self, stop: S) -> Served<S::Output> {
        serve_in!(TaskGroup::infallible(), self, stop, |guest, name| {
            let connection: Pin<Box<dyn Future<Output = ()> + Send>> =
                if Handle::current().is_some() {
                    Box::pin(
                        TaskBuilder::new()
                            .name(&name)
                            .spawn(guest.serve::<TaskGroup<'static, Infallible>>()),
                    )
                } else {
                    Box::pin(guest.serve::<TaskGroup<'static, Infallible>>())
                };
            connection
        })
    }
}

impl<L, A, B> Serve<L, A, Here>
where
    L: Listener<Stream: AsyncRead + AsyncWrite + Unpin + 'static, Peer: 'static>,
    A: Service<Request<RequestBody>, Response = Response<B>> + Clone,
    A::Error: Into<BoxedError>,
    B: http_body::Body<Error: Into<BoxedError>> + 'static,
{
    /// Serves until `stop` is done, then closes as it is said at [`Serve`].
    ///
    /// # Panics
    /// As `stop` does. A panic of the application is not one of the server.
    ///
    /// # Cancel safety
    /// When it is dropped half-way all connections are dropped at once, without a grace.
    pub async fn until<S: IntoFuture>(self, stop: S) -> Served<S::Output> {
        serve_in!(LocalTaskGroup::infallible(), self, stop, |guest, name| {
            guest.serve::<LocalTaskGroup<'_, Infallible>>()
        })
    }
}

impl<L, A, B> IntoFuture for Serve<L, A>
where
    L: Listener<Stream: AsyncRead + AsyncWrite + Unpin + 'static, Peer: 'static> + Send + 'static,
    A: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    A::Error: Into<BoxedError>,
    A::Future: Send + 'static,
    B: http_body::Body<Data: Send, Error: Into<BoxedError>> + Send + 'static,
{
    type Output = Infallible;
    type IntoFuture = Pin<Box<dyn Future<Output = Infallible> + Send>>;

    /// Serves for ever: until it is dropped.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.until(pending::<Infallible>()).await.reason })
    }
}

impl<L: fmt::Debug, A, W> fmt::Debug for Serve<L, A, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

async fn forever(future: impl Future) -> Infallible {
    future.await;
    pending().await
}
