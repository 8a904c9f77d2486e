//! The one module that names hyper: what goes over a connection, and how.

mod connection;
mod failure;
mod io;
mod line;
#[cfg(feature = "http2")]
mod multiplexed;
mod outgoing;
mod server;
#[cfg(feature = "http2")]
mod server_http2;
#[cfg(feature = "websocket")]
mod upgrade;

pub(crate) use connection::{Connection, Incoming, SendFailure};
pub(crate) use io::Io;
pub(crate) use line::{Line, Sending};
#[cfg(feature = "http2")]
pub(crate) use multiplexed::{Multiplexed, Spawner};
pub(crate) use server::{Ending, HeadLimits, Http1, Protocol, RequestIncoming, Respond};
#[cfg(feature = "http2")]
pub(crate) use server_http2::{Http2Connection, StreamGroup};
#[cfg(feature = "websocket")]
pub(crate) use upgrade::{Switched, switch};

/// Without HTTP/2 a connection has no streams.
#[cfg(not(feature = "http2"))]
pub(crate) trait StreamGroup<R> {}

#[cfg(not(feature = "http2"))]
impl<R, G> StreamGroup<R> for G {}
