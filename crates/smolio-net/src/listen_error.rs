//! Why there is no server.

use std::{error::Error, fmt, io};

use crate::{
    address::{Address, Unresolved},
    error::{FailedAttempt, Lower, fmt_attempts},
};

/// What went wrong on the way to a server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenCause {
    /// The text is not of the form `host:port`.
    InvalidAddress,
    /// The name could not be looked up.
    Lookup(io::Error),
    /// The name has no addresses, or the list of addresses that was given has none.
    NoAddresses,
    /// These addresses could not be listened on.
    Listen(Vec<FailedAttempt>),
}

impl From<Unresolved> for ListenCause {
    fn from(unresolved: Unresolved) -> Self {
        match unresolved {
            Unresolved::InvalidAddress => Self::InvalidAddress,
            Unresolved::Lookup(error) => Self::Lookup(error),
            Unresolved::NoAddresses => Self::NoAddresses,
        }
    }
}

/// There is no server: what [`start_server`](crate::start_server) gives.
///
/// Converts to [`std::io::Error`], with the kind of what went wrong first.
#[derive(Debug)]
pub struct ListenError {
    address: Address,
    cause: ListenCause,
}

impl ListenError {
    pub(crate) fn new(address: Address, cause: ListenCause) -> Self {
        Self { address, cause }
    }

    /// Where it was to listen.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What went wrong.
    pub fn cause(&self) -> &ListenCause {
        &self.cause
    }

    /// The same, to keep.
    pub fn into_cause(self) -> ListenCause {
        self.cause
    }

    /// The kind that it has as an [`std::io::Error`].
    pub fn kind(&self) -> io::ErrorKind {
        match &self.cause {
            ListenCause::InvalidAddress => io::ErrorKind::InvalidInput,
            ListenCause::Lookup(_) | ListenCause::Listen(_) => self
                .io_error()
                .map_or(io::ErrorKind::Other, io::Error::kind),
            ListenCause::NoAddresses => io::ErrorKind::NotFound,
        }
    }

    fn io_error(&self) -> Option<&io::Error> {
        match &self.cause {
            ListenCause::InvalidAddress | ListenCause::NoAddresses => None,
            ListenCause::Lookup(error) => Some(error),
            ListenCause::Listen(failed) => failed.first().map(|failed| &failed.error),
        }
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: ", self.address)?;
        match &self.cause {
            ListenCause::InvalidAddress => f.write_str("an address has the form `host:port`"),
            ListenCause::Lookup(error) => Lower(error).fmt(f),
            ListenCause::NoAddresses => f.write_str("there is no address to listen on"),
            ListenCause::Listen(failed) => fmt_attempts(failed, f),
        }
    }
}

impl Error for ListenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.io_error().map(|error| error as _)
    }
}

impl From<ListenError> for io::Error {
    fn from(error: ListenError) -> Self {
        io::Error::new(error.kind(), error)
    }
}
