//! `StreamReader`: asyncio's reader, over anything that can be read.

use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_io::AsyncRead;
use memchr::memmem::Finder;
use smolio_context::{poll_budget, spend_budget, waiting_for};

use crate::{
    buffer::Buffer,
    lines::Lines,
    read_error::{IncompleteRead, LimitOverrun, ReadExactlyError, ReadUntilError},
};

/// Reads messages from a stream of bytes: so many bytes, as far as a separator, line by line.
///
/// It keeps what was read and not taken yet. A future of it that is dropped half-way has taken nothing, so each of them may
/// stand in a `timeout` or a `race`, and be asked for again.
///
/// To read and write at the same time give it a clone of the stream, as async-net's are made for that:
///
/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::AsyncWriteExt;
/// use smolio_net::{StreamReader, TcpListener, open_connection};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut writer = open_connection(listener.local_addr()?).await?;
/// let mut reader = StreamReader::new(writer.clone());
/// # let (mut peer, _) = listener.accept().await?;
/// # peer.write_all(b"200 well done\r\n\0\0\0\x02hi").await?;
///
/// writer.write_all(b"greet\r\n").await?;
/// let status = reader.lines(1024).next().await.transpose()?;
/// assert_eq!(status.as_deref(), Some("200 well done"));
///
/// let length = reader.read_exactly(4).await?;
/// let length = u32::from_be_bytes(length.try_into().expect("it has 4 bytes"));
/// let body = reader.read_exactly(length as usize).await?;
/// assert_eq!(body, b"hi");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
///
/// It is an `AsyncRead` too, so what is there for these works with it: it gives what it has kept first. It is no
/// `AsyncBufRead`, on purpose: `lines` of the extension traits for that has no limit, and would come before the one here.
///
/// # Panics
/// All of it panics when the source claims to have read more bytes than there was room for.
#[doc(alias = "asyncio.StreamReader")]
#[doc(alias = "BufReader")]
pub struct StreamReader<R> {
    source: R,
    buffer: Buffer,
}

impl<R> StreamReader<R> {
    /// A reader of `source`, which has not read anything yet.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: Buffer::default(),
        }
    }

    /// The bytes that were read and not taken yet.
    pub fn buffer(&self) -> &[u8] {
        self.buffer.unread()
    }

    /// The source. What is read from it directly comes after what is in the [`buffer`](Self::buffer).
    pub fn get_ref(&self) -> &R {
        &self.source
    }

    /// The source, as [`get_ref`](Self::get_ref).
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// The source and the bytes that were read from it and not taken yet.
    #[doc(alias = "into_inner")]
    pub fn into_parts(mut self) -> (R, Vec<u8>) {
        (self.source, self.buffer.take_all())
    }

    pub(crate) fn buffer_mut(&mut self) -> &mut Buffer {
        &mut self.buffer
    }
}

impl<R: AsyncRead + Unpin> StreamReader<R> {
    /// Reads `count` bytes, no more and no less.
    ///
    /// Memory is taken as bytes arrive, not by `count`: a peer that announces a large message has to send it. Check the
    /// number against a limit of your own.
    ///
    /// # Errors
    /// [`ReadExactlyError::Incomplete`] with what there was when the stream ends before, and
    /// [`Io`](ReadExactlyError::Io) when the source fails.
    ///
    /// # Cancel safety
    /// Cancel safe: bytes that have arrived stay in the reader.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use smolio_net::{ReadExactlyError, StreamReader};
    /// let mut reader = StreamReader::new(&b"abcde"[..]);
    /// assert_eq!(reader.read_exactly(3).await?, b"abc");
    /// let Err(ReadExactlyError::Incomplete(incomplete)) = reader.read_exactly(3).await else {
    ///     panic!("there are two bytes");
    /// };
    /// assert_eq!(incomplete.partial, b"de");
    /// # Ok::<(), ReadExactlyError>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "readexactly")]
    pub async fn read_exactly(&mut self, count: usize) -> Result<Vec<u8>, ReadExactlyError> {
        poll_fn(|cx| self.poll_read_exactly(cx, count)).await
    }

    fn poll_read_exactly(
        &mut self,
        cx: &mut Context<'_>,
        count: usize,
    ) -> Poll<Result<Vec<u8>, ReadExactlyError>> {
        ready!(poll_budget(cx));
        while self.buffer.len() < count {
            let Poll::Ready(filled) = self.poll_fill(cx) else {
                let present = self.buffer.len();
                waiting_for(|| format!("StreamReader::read_exactly, {present} of {count} bytes"));
                return Poll::Pending;
            };
            if filled.map_err(ReadExactlyError::Io)? == 0 {
                let incomplete = IncompleteRead::new(self.buffer.take_all(), Some(count));
                return Poll::Ready(Err(ReadExactlyError::Incomplete(incomplete)));
            }
        }
        spend_budget();
        Poll::Ready(Ok(self.buffer.take(count)))
    }

    /// Reads as far as `separator`, which is the end of what it gives. There may be `limit` bytes before it.
    ///
    /// # Errors
    /// [`ReadUntilError::Limit`] when there are more than `limit` bytes before the separator: they stay in the reader, and can
    /// be had with a larger limit or by [`read_exactly`](Self::read_exactly). [`Incomplete`](ReadUntilError::Incomplete), with
    /// what there was, when the stream ends before the separator; [`Io`](ReadUntilError::Io) when the source fails;
    /// [`EmptySeparator`](ReadUntilError::EmptySeparator) when there is nothing to look for.
    ///
    /// # Cancel safety
    /// Cancel safe: bytes that have arrived stay in the reader.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use smolio_net::{ReadUntilError, StreamReader};
    /// let mut reader = StreamReader::new(&b"GET /\r\n\r\nbody"[..]);
    /// assert_eq!(reader.read_until("\r\n\r\n", 1024).await?, b"GET /\r\n\r\n");
    /// let Err(ReadUntilError::Limit(overrun)) = reader.read_until("y", 2).await else {
    ///     panic!("there are three bytes before it");
    /// };
    /// assert_eq!(overrun.consumed, 3);
    /// assert_eq!(reader.buffer(), b"body");
    /// # Ok::<(), ReadUntilError>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "readuntil")]
    pub async fn read_until(
        &mut self,
        separator: impl AsRef<[u8]>,
        limit: usize,
    ) -> Result<Vec<u8>, ReadUntilError> {
        let finder = Finder::new(separator.as_ref());
        if finder.needle().is_empty() {
            return Err(ReadUntilError::EmptySeparator);
        }
        let mut searched = 0;
        poll_fn(|cx| self.poll_read_until(cx, &finder, limit, &mut searched)).await
    }

    /// In the first `searched` bytes no separator begins.
    fn poll_read_until(
        &mut self,
        cx: &mut Context<'_>,
        finder: &Finder<'_>,
        limit: usize,
        searched: &mut usize,
    ) -> Poll<Result<Vec<u8>, ReadUntilError>> {
        ready!(poll_budget(cx));
        let width = finder.needle().len();
        loop {
            let unread = self.buffer.unread();
            let found = finder.find(&unread[*searched..]);
            *searched = match found {
                Some(position) => *searched + position,
                // It may have begun in the last bytes.
                None => (unread.len() + 1).saturating_sub(width),
            };
            if *searched > limit {
                let overrun = LimitOverrun::new(limit, *searched);
                return Poll::Ready(Err(ReadUntilError::Limit(overrun)));
            }
            if found.is_some() {
                spend_budget();
                return Poll::Ready(Ok(self.buffer.take(*searched + width)));
            }
            let Poll::Ready(filled) = self.poll_fill(cx) else {
                let present = self.buffer.len();
                waiting_for(|| format!("StreamReader::read_until, after {present} bytes"));
                return Poll::Pending;
            };
            if filled.map_err(ReadUntilError::Io)? == 0 {
                let incomplete = IncompleteRead::new(self.buffer.take_all(), None);
                return Poll::Ready(Err(ReadUntilError::Incomplete(incomplete)));
            }
        }
    }

    /// The lines from here on, each of `limit` bytes at most.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use smolio_net::{LineError, StreamReader};
    /// let mut reader = StreamReader::new(&b"one\r\ntwo\nthree"[..]);
    /// let mut lines = reader.lines(1024);
    /// let mut all = Vec::new();
    /// while let Some(line) = lines.next().await {
    ///     all.push(line?);
    /// }
    /// assert_eq!(all, ["one", "two", "three"]);
    /// # Ok::<(), LineError>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "readline")]
    pub fn lines(&mut self, limit: usize) -> Lines<'_, R> {
        Lines::new(self, limit)
    }

    /// Reads once. Each time costs budget, for a source that is always ready may be asked for a lot.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(poll_budget(cx));
        let filled = ready!(self.buffer.poll_fill(&mut self.source, cx));
        spend_budget();
        Poll::Ready(filled)
    }
}

/// Gives what was kept first.
impl<R: AsyncRead + Unpin> AsyncRead for StreamReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Self { source, buffer } = &mut *self;
        if buffer.len() == 0 {
            // Whoever reads so brings a buffer already.
            return Pin::new(source).poll_read(cx, room);
        }
        let count = buffer.len().min(room.len());
        room[..count].copy_from_slice(&buffer.unread()[..count]);
        buffer.consume(count);
        Poll::Ready(Ok(count))
    }
}

/// Without the bytes, which may be many, and a secret.
impl<R: fmt::Debug> fmt::Debug for StreamReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("source", &self.source)
            .field("buffer", &format_args!("{} bytes", self.buffer.len()))
            .finish()
    }
}
