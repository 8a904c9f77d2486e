//! Our connections as hyper reads and writes them.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};

/// As much as is read at once: less would be more system calls for what is large, more would not fit into the caches.
const SCRATCH_SIZE: usize = 16 * 1024;

thread_local! {
    /// hyper's buffers are not initialised, and ours must be: so reads go here, and are copied over. Taken while in use.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Something to read from and write to, for hyper.
#[derive(Debug)]
pub(crate) struct Io<S>(S);

impl<S> Io<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(stream)
    }

    pub(crate) fn into_inner(self) -> S {
        self.0
    }
}

impl<S: AsyncRead + Unpin> Read for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut scratch = SCRATCH.take();
        scratch.resize(SCRATCH_SIZE, 0);
        let place = SCRATCH_SIZE.min(buffer.remaining());
        let read = Pin::new(&mut self.0).poll_read(cx, &mut scratch[..place]);
        if let Poll::Ready(Ok(count)) = read {
            buffer.put_slice(&scratch[..count]);
        }
        SCRATCH.set(scratch);
        read.map_ok(drop)
    }
}

impl<S: AsyncWrite + Unpin> Write for Io<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
