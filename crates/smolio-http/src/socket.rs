//! Sockets as HTTP reads them: whether there is something to read is asked before reading, not found out by a read in vain.

use std::{
    io::{self, IoSlice, Read, Write},
    net::TcpStream,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_io::Async;
use futures_io::{AsyncRead, AsyncWrite};

/// Twice the reactor is asked in vain for each message on a connection where all is well: behind the last one, and when the next
/// one is waited for.
const BELIEVED: u8 = 2;

/// A connection over TCP or a Unix socket.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(Drained<TcpStream>),
    #[cfg(unix)]
    Unix(Drained<std::os::unix::net::UnixStream>),
}

impl From<smolio_net::TcpStream> for Socket {
    fn from(stream: smolio_net::TcpStream) -> Self {
        Self::Tcp(Drained::new(stream.into()))
    }
}

#[cfg(unix)]
impl From<smolio_net::UnixStream> for Socket {
    fn from(stream: smolio_net::UnixStream) -> Self {
        Self::Unix(Drained::new(stream.into()))
    }
}

impl Socket {
    /// Makes the next read ask the system itself: see [`Stream::distrust`](crate::stream::Stream::distrust).
    pub(crate) fn distrust(&mut self) {
        match self {
            Self::Tcp(socket) => socket.is_empty = false,
            #[cfg(unix)]
            Self::Unix(socket) => socket.is_empty = false,
        }
    }
}

/// A socket, and whether the last read has emptied it.
///
/// hyper reads until it is told to wait, so each message would cost a read in vain, and the reactor's system calls beside it. A
/// read that gives less than there was place for has emptied the socket: before the next one the reactor is asked. That asks
/// for the next event only once, however often it is polled meanwhile.
#[derive(Debug)]
pub(crate) struct Drained<S> {
    socket: Arc<Async<S>>,
    is_empty: bool,
    /// How often the reactor has said that there is nothing. It is believed [`BELIEVED`] times in a row.
    ///
    /// It passes over an event of the very turn in which it was asked, as that might be an older one. Where another thread drives
    /// it, each question can fall into such a turn: whoever only asked, and never read, would be woken again and again, and told
    /// that there is nothing.
    denials: u8,
}

impl<S> Drained<S>
where
    for<'s> &'s S: Read + Write,
{
    fn new(socket: Arc<Async<S>>) -> Self {
        Self {
            socket,
            is_empty: false,
            denials: 0,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let is_waiting = self.is_empty && self.socket.poll_readable(cx)?.is_pending();
            if is_waiting && self.denials < BELIEVED {
                self.denials += 1;
                return Poll::Pending;
            }
            self.denials = 0;
            match (&mut self.socket.get_ref()).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_empty = true;
                    if is_waiting {
                        return Poll::Pending;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) => {
                    // Nothing at all is the end, which may be read again.
                    self.is_empty = count > 0 && count < buffer.len();
                    return Poll::Ready(Ok(count));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&mut &S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match write(&mut self.socket.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_writable(cx))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => socket.poll_read(cx, buffer),
            #[cfg(unix)]
            Self::Unix(socket) => socket.poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => socket.poll_write(cx, |socket| socket.write(buffer)),
            #[cfg(unix)]
            Self::Unix(socket) => socket.poll_write(cx, |socket| socket.write(buffer)),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => socket.poll_write(cx, |socket| socket.write_vectored(buffers)),
            #[cfg(unix)]
            Self::Unix(socket) => socket.poll_write(cx, |socket| socket.write_vectored(buffers)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The system has it all.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let write = std::net::Shutdown::Write;
        let shut = match self.get_mut() {
            Self::Tcp(socket) => socket.socket.get_ref().shutdown(write),
            #[cfg(unix)]
            Self::Unix(socket) => socket.socket.get_ref().shutdown(write),
        };
        Poll::Ready(match shut {
            // The peer was faster.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            shut => shut,
        })
    }
}
