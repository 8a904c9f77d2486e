//! `start_server`: connections as the children of one supervisor, which ends them in good order.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, IntoFuture, pending},
    io,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use smolio_task_group::{Or2, Supervisor, gather, race};
use smolio_timer::sleep;

use crate::{
    accept::accept,
    address::Address,
    error::FailedAttempt,
    handler::{Connection, Contained, HandlerOutcome, contain},
    listen_error::{ListenCause, ListenError},
    listener::Listener,
    sockets::{TcpListener, TcpStream},
};

/// As long as a loop of ours gives clean-ups when it closes.
const GRACE: Duration = Duration::from_secs(5);

/// Listens on an address, and makes a [`Server`] that calls `handler` with each connection.
///
/// A name is looked up, and all of its addresses are listened on. One that this machine does not have, such as `::1` without
/// IPv6, is left out where there are others. Nobody is let in before the server is told to
/// [`serve_until`](Server::serve_until); until then connections wait in the system's queue.
///
/// # Errors
/// A [`ListenError`] when the address is none, cannot be looked up, is in use, is not allowed, or none of its addresses can be
/// listened on.
///
/// # Cancel safety
/// Cancel safe: when it is dropped nothing is listened on.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use smolio_net::{TcpConnection, open_connection, start_server};
/// use std::io;
///
/// async fn shout(mut connection: TcpConnection) -> io::Result<()> {
///     let mut text = String::new();
///     connection.stream.read_to_string(&mut text).await?;
///     connection.stream.write_all(text.to_uppercase().as_bytes()).await
/// }
///
/// let server = start_server("127.0.0.1:0", shout).await?;
/// let address = server.local_addresses()[0];
/// let guest = async {
///     let mut stream = open_connection(address).await?;
///     stream.write_all(b"hello").await?;
///     stream.shutdown(std::net::Shutdown::Write)?;
///     let mut answer = String::new();
///     stream.read_to_string(&mut answer).await?;
///     Ok::<_, io::Error>(answer)
/// };
/// let served = server.serve_until(guest).await; // in real life: until shutdown_signal()
/// assert_eq!(served.reason?, "HELLO");
/// assert_eq!(served.stats.accepted, 1);
/// # Ok::<(), io::Error>(())
/// # }).unwrap();
/// ```
#[doc(alias = "asyncio.start_server")]
#[doc(alias = "create_server")]
pub async fn start_server<H, F>(
    address: impl Into<Address>,
    handler: H,
) -> Result<Server<TcpListener, H>, ListenError>
where
    H: Fn(TcpConnection) -> F,
    F: IntoFuture<Output: HandlerOutcome>,
{
    let address = address.into();
    let listeners = match address.clone().resolve().await {
        Ok(addresses) => listen(addresses).await,
        Err(unresolved) => Err(unresolved.into()),
    };
    match listeners {
        Ok(listeners) => Ok(Server::of_all(listeners, handler)),
        Err(cause) => Err(ListenError::new(address, cause)),
    }
}

/// What the handler of a server over TCP is called with.
pub type TcpConnection = Connection<TcpStream, SocketAddr>;

async fn listen(addresses: Vec<SocketAddr>) -> Result<Vec<TcpListener>, ListenCause> {
    let mut listeners = Vec::new();
    let mut failed = Vec::new();
    for address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) => failed.push(FailedAttempt { address, error }),
        }
    }
    // With these somebody has to do something. The others mean that the machine does not know the address or its family.
    let is_serious = |failed: &FailedAttempt| {
        let kind = failed.error.kind();
        [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied].contains(&kind)
    };
    if listeners.is_empty() || failed.iter().any(is_serious) {
        return Err(ListenCause::Listen(failed));
    }
    Ok(listeners)
}

/// Accepts connections, and calls a handler with each: made by [`start_server`], or of a listener.
///
/// All connections live inside of the future of [`serve_until`](Self::serve_until): when it ends, or is dropped, they have
/// ended. So a handler may borrow what was declared before the server. For the workers' cores let the handler spawn:
/// `|connection| spawn(handle(connection))` gives each connection to an executor, and still waits for it.
///
/// An error of a handler goes to the unhandled hook, and so does a panic; both end that connection, and nothing else.
#[must_use = "a server accepts nobody before `serve_until`"]
pub struct Server<L, H> {
    listeners: Vec<L>,
    handler: H,
    limit: Option<usize>,
    grace: Duration,
}

impl<L, H> Server<L, H> {
    /// A server on a listener that is there already: a Unix socket, or one with options of its own.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use smolio_net::{Server, TcpConnection, TcpListener};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let server = Server::new(listener, |connection: TcpConnection| async move {
    ///     println!("{} has come and goes", connection.peer);
    /// });
    /// server.serve_until(async {}).await;
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn new<F>(listener: L, handler: H) -> Self
    where
        L: Listener,
        H: Fn(Connection<L::Stream, L::Peer>) -> F,
        F: IntoFuture<Output: HandlerOutcome>,
    {
        Self::of_all(vec![listener], handler)
    }

    fn of_all(listeners: Vec<L>, handler: H) -> Self
    where
        L: Listener,
    {
        listeners.iter().for_each(Listener::prepare);
        Self {
            listeners,
            handler,
            limit: None,
            grace: GRACE,
        }
    }

    /// At most so many connections at the same time; without it there is no limit but the system's. Others wait in the
    /// system's queue.
    ///
    /// # Panics
    /// If `connections` is zero: nobody would ever be let in.
    #[track_caller]
    pub fn limit(mut self, connections: usize) -> Self {
        assert!(
            connections > 0,
            "a server with a limit of 0 connections would let nobody in"
        );
        self.limit = Some(connections);
        self
    }

    /// How long connections may take to end when the server closes; 5 s without it.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// What it listens with.
    #[doc(alias = "sockets")]
    pub fn listeners(&self) -> &[L] {
        &self.listeners
    }

    /// Accepts and handles connections until `stop` is done, then closes in good order.
    ///
    /// To close it stops listening, so that others are refused; tells the handlers, by the token in their
    /// [`Connection`]; waits until all have ended, but no longer than the [`grace`](Self::grace); and drops those that have
    /// not. How many these were is in the [`Served`].
    ///
    /// For ever: `serve_until(std::future::pending::<()>())`.
    ///
    /// # Panics
    /// As `stop` does. A panic of a handler is not one of the server.
    ///
    /// # Cancel safety
    /// When it is dropped half-way all connections are dropped at once, without a grace.
    #[doc(alias = "serve_forever")]
    #[doc(alias = "wait_closed")]
    pub async fn serve_until<F, S>(self, stop: S) -> Served<S::Output>
    where
        L: Listener,
        H: Fn(Connection<L::Stream, L::Peer>) -> F,
        F: IntoFuture<Output: HandlerOutcome>,
        F::IntoFuture: Send,
        S: IntoFuture,
    {
        let Self {
            listeners,
            handler,
            limit,
            grace,
        } = self;
        let counts = Counts::default();
        let mut reason = None;
        {
            let supervisor = Supervisor::<Infallible>::new();
            let supervisor = match limit {
                Some(limit) => supervisor.limit(limit),
                None => supervisor,
            };
            let let_in = |stream, peer| {
                let name = format!("connection of {peer:?}");
                let closing = supervisor.cancelled();
                let connection = Connection {
                    stream,
                    peer,
                    closing,
                };
                counts.accepted.fetch_add(1, Ordering::Relaxed);
                let call = AssertUnwindSafe(|| handler(connection).into_future());
                let Some(handling) = contain(call) else {
                    counts.end(false);
                    return;
                };
                let counts = &counts;
                // The handle would give nothing.
                drop(supervisor.spawn_named(&name, async move {
                    counts.end(Contained::new(handling).await);
                }));
            };
            let body = async {
                let accept_all = listeners.iter().map(|listener| async {
                    loop {
                        supervisor.ready().await;
                        let (stream, peer) = accept(listener).await;
                        let_in(stream, peer);
                    }
                });
                let stopped = race((stop, forever(gather(accept_all)))).await;
                let Or2::A(value) = stopped;
                reason = Some(value);
                drop(listeners);
                supervisor.cancel_with_grace(sleep(grace));
            };
            // Whether somebody was cut off is in the counts.
            let _ = supervisor.run(body).await;
        }
        Served {
            reason: reason.expect("the supervisor is cancelled by its body only, which has set it"),
            stats: counts.stats(),
        }
    }
}

impl<H> Server<TcpListener, H> {
    /// The addresses that it listens on, with the port that the system chose where 0 was given. Such a port is another one for
    /// each address.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.listeners.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok).collect()
    }
}

impl<L: fmt::Debug, H> fmt::Debug for Server<L, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listeners", &self.listeners)
            .field("limit", &self.limit)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

async fn forever(future: impl Future) -> Infallible {
    future.await;
    pending().await
}

#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    fn end(&self, success: bool) {
        let count = if success {
            &self.succeeded
        } else {
            &self.failed
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn stats(self) -> ServerStats {
        let accepted = self.accepted.into_inner();
        let failed = self.failed.into_inner();
        ServerStats {
            accepted,
            failed,
            cut_off: accepted - failed - self.succeeded.into_inner(),
        }
    }
}

/// How a server has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Served<T> {
    /// What the future gave that told it to stop.
    pub reason: T,
    /// What it did.
    pub stats: ServerStats,
}

/// What a server has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Those of them whose handler gave an error or panicked.
    pub failed: u64,
    /// Those of them whose handler had not ended when the grace was over, and was dropped.
    pub cut_off: u64,
}
