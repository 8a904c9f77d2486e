//! Where connections come from: a trait, so that a server is the same over TCP and Unix sockets, and testable over neither.

use std::{fmt, future::Future, io, net::SocketAddr};

use crate::sockets::{TcpListener, TcpStream};

/// Something that accepts connections: what a [`Server`](crate::Server) is made of.
///
/// It is there for TCP and for Unix sockets. Implement it to serve something else, or to put something around the streams.
pub trait Listener: Sync {
    /// A connection.
    type Stream: Send;
    /// Who is at the other end, for reports and for the handler.
    type Peer: fmt::Debug + Send;

    /// Called by a server before its first `accept`. Those of TCP and Unix sockets ask for a longer queue here: who connects
    /// while it is full is passed over by the system, and tries again a second later.
    fn prepare(&self) {}

    /// Waits for the next connection.
    ///
    /// # Errors
    /// What concerns one connection only (it was reset before it was accepted) has the kind `ConnectionAborted`,
    /// `ConnectionReset` or `Interrupted`: the server asks for the next one at once. After any other error it waits a while.
    ///
    /// # Cancel safety
    /// A connection is given or stays: none is lost with a dropped future.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Self::Peer)>> + Send;
}

/// How many connections may wait until they are accepted: as many as Linux allows by default, where the system does not allow less.
/// The standard library asks for 128, which come within two milliseconds.
#[cfg(unix)]
const BACKLOG: i32 = 4096;

/// It is allowed to listen once more, with another queue. Where it fails the old one goes on.
#[cfg(unix)]
fn lengthen_queue(listener: &impl std::os::fd::AsFd) {
    let _ = rustix::net::listen(listener, BACKLOG);
}

/// With `TCP_NODELAY` set on the streams, as [`open_connection`](crate::open_connection) does.
impl Listener for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    #[cfg(unix)]
    fn prepare(&self) {
        lengthen_queue(self);
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // It fails where the peer has hung up already, which whoever reads from it is told as well.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }
}

#[cfg(unix)]
impl Listener for crate::sockets::UnixListener {
    type Stream = crate::sockets::UnixStream;
    type Peer = std::os::unix::net::SocketAddr;

    fn prepare(&self) {
        lengthen_queue(self);
    }

    async fn accept(&self) -> io::Result<(Self::Stream, Self::Peer)> {
        crate::sockets::UnixListener::accept(self).await
    }
}
