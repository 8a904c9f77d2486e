//! What a connection of a server is read from and written to.

use std::{
    any::Any,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::server::TlsStream;

use super::activity::Activity;
use crate::stream::Stream;

pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

pub(super) enum Transport {
    Stream(Stream),
    /// What listeners of others accept.
    Other(Box<dyn Duplex>),
    OtherTls(Box<TlsStream<Box<dyn Duplex>>>),
}

impl Transport {
    /// A stream of any listener. Sockets are found out, since they can be read with fewer system calls.
    pub(super) fn new<S: Duplex + 'static>(stream: S) -> Self {
        let mut stream = Some(stream);
        if let Some(socket) = take::<_, smolio_net::TcpStream>(&mut stream) {
            return Self::Stream(socket.into());
        }
        #[cfg(unix)]
        if let Some(socket) = take::<_, smolio_net::UnixStream>(&mut stream) {
            return Self::Stream(socket.into());
        }
        Self::Other(Box::new(stream.expect("it was of neither type")))
    }
}

impl Transport {
    /// Whether HTTP/2 was agreed on.
    #[cfg(feature = "http2")]
    pub(super) fn is_http2(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.protocol() == Some(b"h2"),
            Self::Other(_) => false,
            Self::OtherTls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

/// What is in there, if it is of the type `T`.
fn take<S: 'static, T: 'static>(stream: &mut Option<S>) -> Option<T> {
    let stream: &mut dyn Any = stream;
    stream.downcast_mut::<Option<T>>()?.take()
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Stream(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Other(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::OtherTls(stream) => Pin::new(&mut **stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Stream(stream) => Pin::new(stream).poll_write(cx, buffer),
            Self::Other(stream) => Pin::new(stream).poll_write(cx, buffer),
            Self::OtherTls(stream) => Pin::new(&mut **stream).poll_write(cx, buffer),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Stream(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
            Self::Other(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
            Self::OtherTls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, buffers),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Stream(stream) => Pin::new(stream).poll_flush(cx),
            Self::Other(stream) => Pin::new(stream).poll_flush(cx),
            Self::OtherTls(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Stream(stream) => Pin::new(stream).poll_close(cx),
            Self::Other(stream) => Pin::new(stream).poll_close(cx),
            Self::OtherTls(stream) => Pin::new(&mut **stream).poll_close(cx),
        }
    }
}

/// A stream that tells what goes over it.
pub(super) struct Watched {
    /// To be read first.
    before: Bytes,
    transport: Transport,
    activity: Arc<Activity>,
}

impl Watched {
    pub(super) fn new(transport: Transport, activity: Arc<Activity>) -> Self {
        Self {
            before: Bytes::new(),
            transport,
            activity,
        }
    }

    #[cfg(feature = "http2")]
    pub(super) fn is_http2(&self) -> bool {
        self.transport.is_http2()
    }

    /// Gives back what was read.
    pub(super) fn put_back(&mut self, before: Bytes) {
        self.before = before;
    }

    fn note_write(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(1..)) = written {
            self.activity.has_written();
        }
        self.activity.set_write_blocked(written.is_pending());
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if !self.before.is_empty() {
            let count = self.before.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.before.split_to(count));
            return Poll::Ready(Ok(count));
        }
        if self.activity.take_look_again() {
            if let Transport::Stream(stream) = &mut self.transport {
                stream.distrust();
            }
        }
        let read = Pin::new(&mut self.transport).poll_read(cx, buffer);
        match &read {
            Poll::Ready(Ok(count)) => self.activity.has_read(*count),
            Poll::Ready(Err(_)) => self.activity.has_read(0),
            Poll::Pending => {}
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.transport).poll_write(cx, buffer);
        self.note_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.transport).poll_write_vectored(cx, buffers);
        self.note_write(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.transport).poll_flush(cx);
        self.activity.set_write_blocked(flushed.is_pending());
        flushed
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_close(cx)
    }
}
