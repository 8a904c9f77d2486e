//! The one module that names hyper: what goes over a connection, and how.

mod connection;
mod io;
mod server;

pub(crate) use connection::{Connection, Incoming, SendFailure};
pub(crate) use io::Io;
pub(crate) use server::{Ending, HeadLimits, Http1, RequestIncoming, Respond};
