//! The one module that names hyper: what goes over a connection, and how.

mod connection;
mod failure;
#[cfg(feature = "http2")]
mod http2;
mod io;
mod line;
mod outgoing;
mod server;

pub(crate) use connection::{Connection, Incoming, SendFailure};
#[cfg(feature = "http2")]
pub(crate) use http2::{Http2, Spawner};
pub(crate) use io::Io;
pub(crate) use line::{Line, Sending};
pub(crate) use server::{Ending, HeadLimits, Http1, RequestIncoming, Respond};
