//! The one module that names hyper: what goes over a connection, and how.

mod connection;
mod failure;
mod io;
mod line;
mod outgoing;
mod server;

pub(crate) use connection::{Connection, Incoming, SendFailure};
pub(crate) use io::Io;
pub(crate) use line::Sending;
pub(crate) use server::{Ending, HeadLimits, Http1, RequestIncoming, Respond};
