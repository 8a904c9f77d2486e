//! `Body`: what a request or a response of ours has to say.

use std::{
    fmt,
    future::poll_fn,
    io,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_io::AsyncRead;
use http_body::{Frame, SizeHint};

use crate::progress::OnProgress;

mod chain;
mod data;
mod file;
mod pieces;
mod watched;

use chain::Chain;
pub(crate) use data::poll_data;
use file::FileBody;
use pieces::Pieces;
use watched::Watched;

type BoxedStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What is sent: nothing, bytes that are there, a file, or a stream of bytes.
///
/// Bytes and files can be sent again, when a request is redirected or tried once more; a stream cannot.
///
/// ```
/// use futures_lite::{io::Cursor, stream};
/// use smolio_http::Body;
///
/// assert_eq!(Body::from("a text").length(), Some(6));
/// assert_eq!(Body::from(vec![1_u8, 2]).as_bytes(), Some(&[1, 2][..]));
/// let numbers = stream::iter([Ok("1 ".into()), Ok("2 ".into())]);
/// assert_eq!(Body::sized_stream(numbers, 4).length(), Some(4));
/// let reader = Body::reader(Cursor::new("a text"), None);
/// assert_eq!(reader.length(), None);
/// assert!(reader.try_clone().is_none());
/// # futures_lite::future::block_on(async {
/// let mut body = Body::from("a text");
/// assert_eq!(body.next().await.unwrap()?, "a text");
/// assert!(body.next().await.is_none());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Bytes(Bytes),
    Stream {
        stream: BoxedStream,
        length: Option<u64>,
    },
    // In boxes, as these are seldom: a body is moved around and kept in queues.
    File(Box<FileBody>),
    Chain(Box<Chain>),
    Watched(Box<Watched>),
}

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// The chunks of a stream. Without a length they are sent with `transfer-encoding: chunked`.
    ///
    /// An error of the stream cuts the message short, so that the peer can see that it is not whole.
    pub fn stream<S>(stream: S) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        Self(Kind::Stream {
            stream: Box::pin(stream),
            length: None,
        })
    }

    /// The chunks of a stream of which the length is known. A stream that gives more or less is an error.
    pub fn sized_stream<S>(stream: S, length: u64) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        Self(Kind::Stream {
            stream: Box::pin(stream),
            length: Some(length),
        })
    }

    /// What a reader gives, up to its end. With a length, a reader that gives more or less is an error.
    pub fn reader<R>(reader: R, length: Option<u64>) -> Self
    where
        R: AsyncRead + Send + 'static,
    {
        Self(Kind::Stream {
            stream: Box::pin(Pieces::new(Box::pin(reader))),
            length,
        })
    }

    /// A file, with the length that it has now. One that is shorter when it is sent is an error; what has been added
    /// meanwhile is not sent.
    ///
    /// # Errors
    /// When it cannot be opened, or is a directory.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing but the open file is lost.
    pub async fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let file = FileBody::open(path.into()).await?;
        Ok(Self(Kind::File(Box::new(file))))
    }

    /// Several, one after the other.
    pub(crate) fn chain(bodies: impl IntoIterator<Item = Self>) -> Self {
        Self(Kind::Chain(Box::new(Chain::new(bodies))))
    }

    /// Tells of each chunk that is sent.
    pub(crate) fn watched(self, report: OnProgress) -> Self {
        Self(Kind::Watched(Box::new(Watched::new(self, report))))
    }

    /// The bytes, if they are there.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Empty => Some(&[]),
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Watched(watched) => watched.body().as_bytes(),
            Kind::Stream { .. } | Kind::File(_) | Kind::Chain(_) => None,
        }
    }

    /// The same once more, unless it is a stream.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        let kind = match &self.0 {
            Kind::Empty => Kind::Empty,
            Kind::Bytes(bytes) => Kind::Bytes(bytes.clone()),
            Kind::Stream { .. } => return None,
            Kind::File(file) => Kind::File(Box::new(file.again())),
            Kind::Chain(chain) => Kind::Chain(Box::new(chain.again()?)),
            Kind::Watched(watched) => Kind::Watched(Box::new(watched.again()?)),
        };
        Some(Self(kind))
    }

    /// How many bytes it has, if that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::Empty => Some(0),
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Stream { length, .. } => *length,
            Kind::File(file) => Some(file.left()),
            Kind::Chain(chain) => chain.length(),
            Kind::Watched(watched) => watched.length(),
        }
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// When the file or the stream fails, or has another length than was said.
    ///
    /// # Cancel safety
    /// Cancel safe: a chunk is handed out or stays.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Poll::Ready(Some(Ok(bytes)))
            }
            Kind::Stream { stream, .. } => stream.as_mut().poll_next(cx),
            Kind::File(file) => file.poll_next(cx),
            Kind::Chain(chain) => chain.poll_next(cx),
            Kind::Watched(watched) => watched.poll_next(cx),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Body");
        shown.field("length", &self.length());
        shown
            .field("is_stream", &self.as_bytes().is_none())
            .finish()
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() {
            Self(Kind::Empty)
        } else {
            Self(Kind::Bytes(bytes))
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let chunk = ready!(self.poll_chunk(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Bytes(_) | Kind::Stream { .. } | Kind::Chain(_) => false,
            Kind::File(file) => file.left() == 0,
            Kind::Watched(watched) => watched.is_at_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length()
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The chunks, for a body that goes into another one.
impl Stream for Body {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx)
    }
}
