//! The one module that names hyper: what goes over a connection, and how.

mod connection;
mod io;

pub(crate) use connection::{Connection, Incoming, SendFailure};
pub(crate) use io::Io;
