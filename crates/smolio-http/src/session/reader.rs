//! A response as a reader, for what wants one: a parser of lines, an archive.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use futures_io::{AsyncBufRead, AsyncRead};

use super::decoding::ResponseBody;
use crate::error::{BodyError, BodyErrorKind};

/// The body of a response as a buffered reader: see [`Response::reader`](crate::Response::reader).
#[derive(Debug)]
pub struct ResponseReader {
    body: ResponseBody,
    chunk: Bytes,
}

impl ResponseReader {
    pub(super) fn new(body: ResponseBody) -> Self {
        Self {
            body,
            chunk: Bytes::new(),
        }
    }

    /// The same for what no session has touched.
    #[cfg(feature = "surf")]
    pub(crate) fn raw(body: crate::transport::IncomingBody) -> Self {
        Self::new(ResponseBody::Raw(body))
    }

    /// Whether it is known before anything is read that there is nothing.
    #[cfg(feature = "surf")]
    pub(crate) fn is_end(&self) -> bool {
        self.body.is_end()
    }
}

impl AsyncBufRead for ResponseReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.chunk.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(chunk) => this.chunk = chunk.map_err(as_io)?,
                None => break,
            }
        }
        Poll::Ready(Ok(&this.chunk))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.chunk.advance(count);
    }
}

impl AsyncRead for ResponseReader {
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

/// Readers have errors of I/O. The one of the body is inside.
fn as_io(error: BodyError) -> io::Error {
    let kind = match error.kind() {
        BodyErrorKind::Disconnected => io::ErrorKind::UnexpectedEof,
        BodyErrorKind::TimedOut { .. } => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}
