//! `open_connection`: from a name to a connected stream.

use std::{
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::{
    address::{Address, Unresolved},
    error::{ConnectCause, ConnectError},
    eyeballs::happy_eyeballs,
    sockets::TcpStream,
};

/// Connects over TCP to a name and a port, or to one of several addresses.
///
/// The name is looked up on a thread for blocking calls, and its addresses are tried as [`happy_eyeballs`] does it.
/// `TCP_NODELAY` is set on the stream, as asyncio does: what is written is sent at once, so write whole messages, not pieces
/// of them. For a limit of time put a `timeout` around it.
///
/// The stream is a [`TcpStream`] of async-net: it can be cloned, to read from one clone and write to another.
///
/// # Errors
/// When the address is none, the name cannot be looked up or has no addresses, or no address could be connected to: a
/// [`ConnectError`] that tells which of these, and what became of each address.
///
/// # Cancel safety
/// Cancel safe: when it is dropped all attempts are closed. A lookup that has begun ends on its thread, unheard.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_net::{TcpListener, open_connection};
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
///
/// let stream = open_connection(address).await?; // as text: open_connection("example.org:80")
/// assert_eq!(stream.peer_addr()?, address);
/// assert!(stream.nodelay()?);
///
/// drop(listener);
/// let error = open_connection(address).await.unwrap_err();
/// assert!(error.to_string().starts_with(&format!("cannot connect to {address}: ")));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[doc(alias = "asyncio.open_connection")]
#[doc(alias = "create_connection")]
#[doc(alias = "dial")]
pub fn open_connection(address: impl Into<Address>) -> OpenConnection {
    let address = address.into();
    OpenConnection {
        address: address.clone(),
        // On the heap: it is large, and one allocation is nothing beside a connection.
        opening: Box::pin(open(address)),
    }
}

async fn open(address: Address) -> Result<TcpStream, ConnectCause> {
    let addresses = address.resolve().await?;
    let connected = happy_eyeballs(addresses, connect).await;
    connected.map_err(ConnectCause::Attempts)
}

impl From<Unresolved> for ConnectCause {
    fn from(unresolved: Unresolved) -> Self {
        match unresolved {
            Unresolved::InvalidAddress => Self::InvalidAddress,
            Unresolved::Lookup(error) => Self::Lookup(error),
            Unresolved::NoAddresses => Self::NoAddresses,
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // It fails where the peer has hung up already: then this attempt has failed, and the next may do better.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The future of [`open_connection`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct OpenConnection {
    address: Address,
    opening: Pin<Box<dyn Future<Output = Result<TcpStream, ConnectCause>> + Send>>,
}

impl Future for OpenConnection {
    type Output = Result<TcpStream, ConnectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { address, opening } = &mut *self;
        ready!(poll_budget(cx));
        let Poll::Ready(opened) = opening.as_mut().poll(cx) else {
            waiting_for(|| format!("open_connection to {address}"));
            return Poll::Pending;
        };
        spend_budget();
        Poll::Ready(opened.map_err(|cause| ConnectError::new(address.clone(), cause)))
    }
}

impl fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenConnection")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
