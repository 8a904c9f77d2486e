//! A response as a reader, for what wants one: a parser of lines, an archive.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures_io::{AsyncBufRead, AsyncRead};

use super::{chunk_reader::ChunkReader, decoding::ResponseBody};

/// The body of a response as a buffered reader: see [`Response::reader`](crate::Response::reader).
#[derive(Debug)]
pub struct ResponseReader(ChunkReader<ResponseBody>);

impl ResponseReader {
    pub(super) fn new(body: ResponseBody) -> Self {
        Self(ChunkReader::new(body))
    }

    /// The same for what no session has touched.
    #[cfg(feature = "surf")]
    pub(crate) fn raw(body: crate::transport::IncomingBody) -> Self {
        Self::new(ResponseBody::Raw(body))
    }

    /// Whether it is known before anything is read that there is nothing.
    #[cfg(feature = "surf")]
    pub(crate) fn is_end(&self) -> bool {
        self.0.get_ref().is_end()
    }
}

impl AsyncBufRead for ResponseReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().0).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        Pin::new(&mut self.0).consume(count);
    }
}

impl AsyncRead for ResponseReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}
