//! The chunks of a body as a reader.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use futures_io::{AsyncBufRead, AsyncRead};

use crate::error::BodyError;

/// A reader of what a stream of chunks gives. The errors of the body are inside of those that it has.
#[derive(Debug)]
pub(super) struct ChunkReader<S> {
    chunks: S,
    chunk: Bytes,
}

impl<S> ChunkReader<S> {
    pub(super) fn new(chunks: S) -> Self {
        Self {
            chunks,
            chunk: Bytes::new(),
        }
    }

    #[cfg(feature = "surf")]
    pub(super) fn get_ref(&self) -> &S {
        &self.chunks
    }
}

impl<S: Stream<Item = Result<Bytes, BodyError>> + Unpin> AsyncBufRead for ChunkReader<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.chunk.is_empty() {
            match ready!(Pin::new(&mut this.chunks).poll_next(cx)) {
                Some(chunk) => this.chunk = chunk?,
                None => break,
            }
        }
        Poll::Ready(Ok(&this.chunk))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.chunk.advance(count);
    }
}

impl<S: Stream<Item = Result<Bytes, BodyError>> + Unpin> AsyncRead for ChunkReader<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let chunk = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&chunk[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}
