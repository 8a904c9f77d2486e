//! A reader as a stream of chunks.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_io::AsyncRead;

/// As much as is read at once. A chunk is written to the socket as it is, so this is also how much goes out at once.
pub(super) const PIECE: usize = 32 * 1024;

/// What a reader gives, piece by piece.
pub(super) struct Pieces {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    buffer: Vec<u8>,
    has_ended: bool,
}

impl Pieces {
    pub(super) fn new(reader: Pin<Box<dyn AsyncRead + Send>>) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            has_ended: false,
        }
    }
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.has_ended {
            return Poll::Ready(None);
        }
        this.buffer.resize(PIECE, 0);
        let read = ready!(this.reader.as_mut().poll_read(cx, &mut this.buffer));
        this.has_ended = !matches!(read, Ok(1..));
        Poll::Ready(match read {
            Ok(0) => None,
            Ok(count) => Some(Ok(Bytes::copy_from_slice(&this.buffer[..count]))),
            Err(error) => Some(Err(error)),
        })
    }
}
