//! Line by line, with a limit, for a peer may send a line without an end.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_io::AsyncRead;
use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::{
    read_error::{LimitOverrun, LineError},
    reader::StreamReader,
};

/// The lines of a [`StreamReader`]: made by [`lines`](StreamReader::lines).
///
/// A line ends with `\n` or `\r\n`, which is not part of it, or with the stream. When this is dropped the rest stays in the
/// reader. Beside [`next`](Self::next) there is a `Stream`, which gives the same.
#[must_use = "nothing is read before `next`"]
pub struct Lines<'r, R> {
    reader: &'r mut StreamReader<R>,
    limit: usize,
    /// How many of the unread bytes are known to hold no line break.
    searched: usize,
}

/// Where the next line ends.
enum End {
    /// The line has `length` bytes, and `line_break` more belong to it.
    Found { length: usize, line_break: usize },
    /// It has at least so many.
    NotYet { length: usize },
}

impl<'r, R: AsyncRead + Unpin> Lines<'r, R> {
    pub(crate) fn new(reader: &'r mut StreamReader<R>, limit: usize) -> Self {
        Self {
            reader,
            limit,
            searched: 0,
        }
    }

    /// The next line; `None` at the end of the stream.
    ///
    /// # Errors
    /// [`LineError::Limit`] when the line is longer than the limit: it stays in the reader, and comes again with the next call.
    /// [`LineError::NotUtf8`] with the line's bytes when it is no text: the next call goes on with the line after it.
    /// [`LineError::Io`] when the source fails: the next call asks it again. So a loop that goes on after an error may never
    /// end.
    ///
    /// # Cancel safety
    /// Cancel safe: bytes that have arrived stay in the reader.
    pub async fn next(&mut self) -> Option<Result<String, LineError>> {
        poll_fn(|cx| self.poll_line(cx)).await
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<String, LineError>>> {
        ready!(poll_budget(cx));
        loop {
            let end = self.find_end();
            let (End::Found { length, .. } | End::NotYet { length }) = end;
            if length > self.limit {
                return Poll::Ready(Some(Err(self.overrun(length))));
            }
            if let End::Found { length, line_break } = end {
                spend_budget();
                return Poll::Ready(Some(self.take(length, line_break)));
            }
            let Poll::Ready(filled) = self.reader.poll_fill(cx) else {
                let present = self.reader.buffer().len();
                waiting_for(|| format!("Lines::next, after {present} bytes"));
                return Poll::Pending;
            };
            match filled {
                Err(error) => return Poll::Ready(Some(Err(LineError::Io(error)))),
                Ok(0) => return Poll::Ready(self.last()),
                Ok(_) => {}
            }
        }
    }

    fn find_end(&mut self) -> End {
        let unread = self.reader.buffer();
        let found = memchr::memchr(b'\n', &unread[self.searched..]);
        let before = &unread[..found.map_or(unread.len(), |position| self.searched + position)];
        // What comes after the carriage return may be a line break, and then the former is part of it.
        let length = before.strip_suffix(b"\r").unwrap_or(before).len();
        self.searched = before.len();
        match found {
            Some(_) => End::Found {
                length,
                line_break: before.len() + 1 - length,
            },
            None => End::NotYet { length },
        }
    }

    /// What is left at the end of the stream is a line, if it is anything. A carriage return at its end is part of it.
    fn last(&mut self) -> Option<Result<String, LineError>> {
        let length = self.reader.buffer().len();
        if length > self.limit {
            return Some(Err(self.overrun(length)));
        }
        (length > 0).then(|| self.take(length, 0))
    }

    fn overrun(&self, length: usize) -> LineError {
        LineError::Limit(LimitOverrun::new(self.limit, length))
    }

    fn take(&mut self, length: usize, line_break: usize) -> Result<String, LineError> {
        self.searched = 0;
        let buffer = self.reader.buffer_mut();
        let line = buffer.take(length);
        buffer.consume(line_break);
        String::from_utf8(line).map_err(LineError::NotUtf8)
    }
}

impl<R: AsyncRead + Unpin> Stream for Lines<'_, R> {
    type Item = Result<String, LineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_line(cx)
    }
}

impl<R> fmt::Debug for Lines<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
