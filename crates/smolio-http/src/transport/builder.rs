//! `TransportBuilder`: a transport with other settings than the usual ones.

#[cfg(feature = "http2")]
use std::{future::Future, pin::Pin};
use std::{path::PathBuf, time::Duration};

#[cfg(feature = "http2")]
use super::connector::Http2Setting;
use super::{
    SmolTransport,
    connector::Connector,
    pool::PoolLimits,
    proxy::Proxies,
    timeouts::Timeouts,
    tls::{TlsClient, TlsOptions},
};
#[cfg(feature = "http2")]
use crate::wire::Spawner;

/// As aiohttp has it.
const CONNECTIONS: usize = 100;

/// As aiohttp has it. Servers close idle connections too, most of them after a minute or so.
const IDLE_TIME: Duration = Duration::from_secs(15);

/// Makes a [`SmolTransport`]: what [`SmolTransport::builder`] gives.
///
/// ```
/// use smolio_http::SmolTransport;
/// use std::time::Duration;
/// let transport = SmolTransport::builder()
///     .connections(500)
///     .connections_per_host(8)
///     .idle_time(Duration::from_secs(60))
///     .build();
/// assert_eq!(transport.stats().open, 0);
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "TCPConnector")]
#[must_use = "a builder does nothing until it is built"]
pub struct TransportBuilder {
    limits: PoolLimits,
    idle: Option<usize>,
    timeouts: Timeouts,
    tls: TlsOptions,
    proxies: Proxies,
    unix_socket: Option<PathBuf>,
    #[cfg(feature = "http2")]
    http2: Http2Setting,
}

impl TransportBuilder {
    pub(super) fn new() -> Self {
        Self {
            limits: PoolLimits {
                connections: CONNECTIONS,
                per_host: None,
                idle: CONNECTIONS,
                idle_time: IDLE_TIME,
            },
            idle: None,
            timeouts: Timeouts::default(),
            tls: TlsOptions::default(),
            proxies: Proxies::from_environment(),
            unix_socket: None,
            #[cfg(feature = "http2")]
            http2: Http2Setting::OnLoop,
        }
    }

    /// So many connections at the most, those that are kept among them; 100 by default, and 0 counts as 1. Requests beyond that
    /// wait, and go in the order in which they came.
    #[doc(alias = "limit")]
    pub fn connections(mut self, limit: usize) -> Self {
        self.limits.connections = limit.max(1);
        self
    }

    /// So many connections to one host (with its scheme and port) at the most; by default as many as in all, and 0 counts as 1.
    /// Requests that wait for this do not hold up those to other hosts.
    #[doc(alias = "limit_per_host")]
    pub fn connections_per_host(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.limits.per_host = limit.into().map(|limit| limit.max(1));
        self
    }

    /// So many connections are kept for later requests at the most: by default as many as there may be. 0 keeps none.
    #[doc(alias = "force_close")]
    pub fn idle_connections(mut self, limit: usize) -> Self {
        self.idle = Some(limit);
        self
    }

    /// For so long a connection is kept for later requests: 15 seconds by default. Those that are older are closed when the
    /// transport is used the next time.
    #[doc(alias = "keepalive_timeout")]
    pub fn idle_time(mut self, time: Duration) -> Self {
        self.limits.idle_time = time;
        self
    }

    /// For requests that have no [`Timeouts`] of their own.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Whom to trust, and who we are.
    #[doc(alias = "ssl")]
    pub fn tls(mut self, options: TlsOptions) -> Self {
        self.tls = options;
        self
    }

    /// By way of whom: by default as [`Proxies::from_environment`] says.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// All connections go to this Unix socket, whatever host the addresses name.
    #[cfg(unix)]
    #[doc(alias = "UnixConnector")]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.unix_socket = Some(path.into());
        self
    }

    /// Whether HTTP/2 is spoken with servers that offer it: by default yes, in a loop of ours.
    ///
    /// Only over TLS, where it is agreed on. A connection of HTTP/2 carries many requests, so none of them can drive it for the
    /// others, and a task does. It is spawned on the loop of whoever makes the connection; where there is none, and no
    /// [`spawner`](Self::spawner), HTTP/1.1 is spoken.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, yes: bool) -> Self {
        self.http2 = if yes {
            Http2Setting::OnLoop
        } else {
            Http2Setting::Never
        };
        self
    }

    /// Where the tasks of HTTP/2 run, for other executors than ours.
    ///
    /// ```
    /// use smolio_http::SmolTransport;
    /// let transport = SmolTransport::builder().spawner(|task| smol::spawn(task).detach()).build();
    /// ```
    #[cfg(feature = "http2")]
    pub fn spawner(
        mut self,
        spawn: impl Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync + 'static,
    ) -> Self {
        self.http2 = Http2Setting::With(Spawner::new(spawn));
        self
    }

    /// The transport.
    #[must_use]
    pub fn build(mut self) -> SmolTransport {
        self.limits.idle = self.idle.unwrap_or(self.limits.connections);
        let connector = Connector {
            tls: TlsClient::new(self.tls),
            proxies: self.proxies,
            unix_socket: self.unix_socket,
            #[cfg(feature = "http2")]
            http2: self.http2,
        };
        SmolTransport::with(connector, self.limits, self.timeouts)
    }
}
