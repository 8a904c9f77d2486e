//! Our connections as hyper reads and writes them.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};

/// As much as is read at once: less would be more system calls for what is large, more would not fit into the caches. hyper has
/// place for it only once reads have been large.
const SCRATCH_SIZE: usize = 128 * 1024;

thread_local! {
    /// hyper's buffers are not initialised, and ours must be: so reads go here, and are copied over. Taken while in use.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// So many reads in a row may give something: hyper reads on as long as it can do nothing with what it gets,
/// and a peer that sends nothing but interim answers would keep the thread for ever.
const MAX_READS: u8 = 64;

/// Something to read from and write to, for hyper.
#[derive(Debug)]
pub(crate) struct Io<S> {
    stream: S,
    /// Reads that gave something, since the last that did not.
    reads: u8,
}

impl<S> Io<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, reads: 0 }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> Read for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reads == MAX_READS {
            self.reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut scratch = SCRATCH.take();
        scratch.resize(SCRATCH_SIZE, 0);
        let place = SCRATCH_SIZE.min(buffer.remaining());
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut scratch[..place]);
        match read {
            Poll::Ready(Ok(count)) => {
                self.reads += 1;
                buffer.put_slice(&scratch[..count]);
            }
            _ => self.reads = 0,
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
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
