//! Connections to Unix sockets: no name to look up and no race, but the error says which path.

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll, ready},
};

use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::{error::Lower, sockets::UnixStream};

/// Connects to the Unix socket at `path`.
///
/// # Errors
/// A [`UnixConnectError`] with the path, when nobody listens there. On Linux also when those who wait to be accepted are too
/// many already, with the kind `NotConnected`: the system does not wait there, so try again after a while.
///
/// # Cancel safety
/// Cancel safe: when it is dropped the socket is closed.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_net::open_unix_connection;
/// let error = open_unix_connection("/nobody/listens/here").await.unwrap_err();
/// assert!(error.to_string().starts_with("cannot connect to \"/nobody/listens/here\": "));
/// # });
/// ```
#[doc(alias = "asyncio.open_unix_connection")]
#[doc(alias = "create_unix_connection")]
pub fn open_unix_connection(path: impl Into<PathBuf>) -> OpenUnixConnection {
    let path = path.into();
    OpenUnixConnection {
        path: path.clone(),
        opening: Box::pin(UnixStream::connect(path)),
    }
}

/// The future of [`open_unix_connection`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct OpenUnixConnection {
    path: PathBuf,
    opening: Pin<Box<dyn Future<Output = io::Result<UnixStream>> + Send>>,
}

impl Future for OpenUnixConnection {
    type Output = Result<UnixStream, UnixConnectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { path, opening } = &mut *self;
        ready!(poll_budget(cx));
        let Poll::Ready(opened) = opening.as_mut().poll(cx) else {
            waiting_for(|| format!("open_unix_connection to {path:?}"));
            return Poll::Pending;
        };
        spend_budget();
        Poll::Ready(opened.map_err(|error| UnixConnectError {
            path: path.clone(),
            error,
        }))
    }
}

impl fmt::Debug for OpenUnixConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenUnixConnection")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// There is no connection to a Unix socket: what [`open_unix_connection`] gives.
///
/// Converts to [`std::io::Error`], with the kind of what went wrong.
#[derive(Debug)]
pub struct UnixConnectError {
    path: PathBuf,
    error: io::Error,
}

impl UnixConnectError {
    /// Where it was to go.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What went wrong.
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// The kind that it has as an [`std::io::Error`].
    pub fn kind(&self) -> io::ErrorKind {
        self.error.kind()
    }
}

impl fmt::Display for UnixConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot connect to {:?}: {}",
            self.path,
            Lower(&self.error)
        )
    }
}

impl Error for UnixConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl From<UnixConnectError> for io::Error {
    fn from(error: UnixConnectError) -> Self {
        io::Error::new(error.kind(), error)
    }
}
