//! Why there is no connection: what was tried, and what became of each part of it.

use std::{error::Error, fmt, io, net::SocketAddr};

use crate::address::Address;

/// One address that could not be connected to.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedAttempt {
    /// Which one.
    pub address: SocketAddr,
    /// And why.
    pub error: io::Error,
}

impl fmt::Display for FailedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, Lower(&self.error))
    }
}

/// No address could be connected to: what [`happy_eyeballs`](crate::happy_eyeballs) gives.
///
/// Converts to [`std::io::Error`], with the kind of [`most_telling`](Self::most_telling).
#[derive(Debug)]
pub struct AttemptsError {
    attempts: Vec<FailedAttempt>,
}

impl AttemptsError {
    pub(crate) fn new(attempts: Vec<FailedAttempt>) -> Self {
        Self { attempts }
    }

    /// Each address with its error, in the order in which they were tried. Empty when there were none.
    pub fn attempts(&self) -> &[FailedAttempt] {
        &self.attempts
    }

    /// The same, to keep.
    pub fn into_attempts(self) -> Vec<FailedAttempt> {
        self.attempts
    }

    /// The attempt that tells most of why there is no connection: the first that got as far as the peer (refused, reset, timed
    /// out), for what the others say is often only that the machine has no IPv6. Else the first of all.
    pub fn most_telling(&self) -> Option<&FailedAttempt> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, TimedOut};
        let reached = |attempt: &&FailedAttempt| {
            let kind = attempt.error.kind();
            [
                ConnectionRefused,
                ConnectionReset,
                ConnectionAborted,
                TimedOut,
            ]
            .contains(&kind)
        };
        let telling = self.attempts.iter().find(reached);
        telling.or_else(|| self.attempts.first())
    }

    fn kind(&self) -> io::ErrorKind {
        let telling = self.most_telling();
        telling.map_or(io::ErrorKind::NotFound, |attempt| attempt.error.kind())
    }
}

impl fmt::Display for AttemptsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts.is_empty() {
            return f.write_str("cannot connect: there is no address to try");
        }
        f.write_str("cannot connect: ")?;
        fmt_attempts(&self.attempts, f)
    }
}

impl Error for AttemptsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.most_telling().map(|attempt| &attempt.error as _)
    }
}

impl From<AttemptsError> for io::Error {
    fn from(error: AttemptsError) -> Self {
        io::Error::new(error.kind(), error)
    }
}

/// What went wrong on the way to a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectCause {
    /// The text is not of the form `host:port`.
    InvalidAddress,
    /// The name could not be looked up.
    #[doc(alias = "gaierror")]
    Lookup(io::Error),
    /// The name has no addresses, or the list of addresses that was given has none.
    NoAddresses,
    /// None of the addresses could be connected to.
    Attempts(AttemptsError),
}

/// There is no connection: what [`open_connection`](crate::open_connection) gives.
///
/// Converts to [`std::io::Error`], with the kind of what went wrong; where several addresses failed for different reasons, with
/// that of [`AttemptsError::most_telling`].
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_net::{ConnectCause, open_connection};
/// use std::io;
///
/// let error = open_connection("example.org").await.unwrap_err();
/// assert!(matches!(error.cause(), ConnectCause::InvalidAddress));
/// assert_eq!(error.to_string(), "cannot connect to \"example.org\": an address has the form `host:port`");
/// assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
/// # });
/// ```
#[derive(Debug)]
pub struct ConnectError {
    address: Address,
    cause: ConnectCause,
}

impl ConnectError {
    pub(crate) fn new(address: Address, cause: ConnectCause) -> Self {
        Self { address, cause }
    }

    /// Where it was to go.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What went wrong.
    pub fn cause(&self) -> &ConnectCause {
        &self.cause
    }

    /// The same, to keep.
    pub fn into_cause(self) -> ConnectCause {
        self.cause
    }

    /// Each address that was tried with its error, in the order in which they were tried.
    pub fn attempts(&self) -> &[FailedAttempt] {
        match &self.cause {
            ConnectCause::Attempts(error) => error.attempts(),
            _ => &[],
        }
    }

    /// The kind that it has as an [`std::io::Error`].
    pub fn kind(&self) -> io::ErrorKind {
        match &self.cause {
            ConnectCause::InvalidAddress => io::ErrorKind::InvalidInput,
            ConnectCause::Lookup(error) => error.kind(),
            ConnectCause::NoAddresses => io::ErrorKind::NotFound,
            ConnectCause::Attempts(error) => error.kind(),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: ", self.address)?;
        match &self.cause {
            ConnectCause::InvalidAddress => f.write_str("an address has the form `host:port`"),
            ConnectCause::Lookup(error) => Lower(error).fmt(f),
            ConnectCause::NoAddresses => f.write_str("there is no address to try"),
            ConnectCause::Attempts(error) => match error.attempts() {
                // It is the target's own address, and not to be said twice.
                [one] if one.address.to_string() == self.address.to_string() => {
                    Lower(&one.error).fmt(f)
                }
                attempts => fmt_attempts(attempts, f),
            },
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            ConnectCause::Lookup(error) => Some(error),
            ConnectCause::Attempts(error) => error.source(),
            ConnectCause::InvalidAddress | ConnectCause::NoAddresses => None,
        }
    }
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        io::Error::new(error.kind(), error)
    }
}

pub(crate) fn fmt_attempts(attempts: &[FailedAttempt], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, attempt) in attempts.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        write!(f, "{separator}{attempt}")?;
    }
    Ok(())
}

/// The text of an error within a line of ours: operating systems begin theirs with a capital, and some end them with a line
/// break.
pub(crate) struct Lower<'e>(pub(crate) &'e io::Error);

impl fmt::Display for Lower<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let mut letters = text.chars().map(|letter| match letter {
            '\n' | '\r' => ' ',
            other => other,
        });
        let first = letters.next();
        let mut rest = letters.peekable();
        // An acronym stays what it is.
        let is_word = rest.peek().is_none_or(|second| !second.is_uppercase());
        let first = first.map(|first| {
            if is_word {
                first.to_ascii_lowercase()
            } else {
                first
            }
        });
        let line: String = first.into_iter().chain(rest).collect();
        f.write_str(line.trim_end())
    }
}
