//! The bytes that were read and not taken yet. They belong to the reader, not to the futures that wait: whichever of these is
//! dropped, the bytes stay.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_io::AsyncRead;

/// The least room that the source is offered.
const ROOM: usize = 4 * 1024;

/// What is kept of the memory when all has been taken: one long message does not make a connection large for ever.
const KEPT: usize = 64 * 1024;

/// A vector in three parts: what was taken, what is unread, and room for more.
#[derive(Default)]
pub(crate) struct Buffer {
    /// All of it is initialised, and only once: what was written before is overwritten.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Forgets the first `count` unread bytes, which there must be.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > KEPT {
                self.bytes = Vec::new();
            }
        }
    }

    /// The first `count` unread bytes, which there must be.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = self.unread()[..count].to_vec();
        self.consume(count);
        taken
    }

    pub(crate) fn take_all(&mut self) -> Vec<u8> {
        self.take(self.len())
    }

    /// Reads once; gives the number of bytes, zero at the end of the stream.
    pub(crate) fn poll_fill<R: AsyncRead + Unpin>(
        &mut self,
        source: &mut R,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.make_room();
        let room = &mut self.bytes[self.end..];
        let most = room.len();
        let count = ready!(Pin::new(source).poll_read(cx, room))?;
        assert!(count <= most, "the source read more than there is room for");
        self.end += count;
        Poll::Ready(Ok(count))
    }

    /// Moves what is unread to the front where that helps, and doubles the memory where it does not. So each byte is moved a
    /// few times at most, however long a message is and however small its pieces.
    fn make_room(&mut self) {
        if self.bytes.len() - self.end >= ROOM {
            return;
        }
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.len());
        if self.bytes.len() - self.end < ROOM {
            self.bytes.resize((2 * self.bytes.len()).max(2 * ROOM), 0);
        }
    }
}
