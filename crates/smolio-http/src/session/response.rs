//! What a request is answered with.

use std::{
    fmt,
    future::poll_fn,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use http::{Extensions, HeaderMap, Method, StatusCode, Version, header, response::Parts};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    decoding::ResponseBody,
    download::Download,
    error::{JsonError, StatusError},
    reader::ResponseReader,
    redirect::Redirect,
    request::Draft,
    text,
};
use crate::{
    auth,
    error::{BodyError, BodyErrorKind},
};

/// What is reserved at once for a body whose length is known. The peer has only said that it will send so much.
const RESERVED: u64 = 1 << 20;

/// The answer to a request: its head, and a body that is read when it is asked for.
///
/// The body comes over the connection while it is read. Once it has been read to its end the connection is used for other
/// requests; a response that is dropped before closes it.
///
/// A body that came compressed (gzip, deflate, brotli or zstd) is decompressed as it is read. The headers `content-encoding`
/// and `content-length` were about the compressed one, and are taken out then. A body that was compressed in several ways at
/// once, or is only a part (206), is handed on as it came, and so are its headers.
///
/// It is a [`Stream`] of the chunks of its body.
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener};
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/numbers", listener.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     let _ = peer.read(&mut [0; 1024]).unwrap();
/// #     let text = "1 2 3";
/// #     write!(peer, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()).unwrap();
/// # });
/// # futures_lite::future::block_on(async {
/// use smolio_http::ClientSession;
///
/// let mut response = ClientSession::new().get(url).await?.error_for_status()?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.content_length(), Some(5));
/// let mut size = 0;
/// while let Some(chunk) = response.chunk().await? {
///     size += chunk.len();
/// }
/// assert_eq!(size, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # server.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "ClientResponse")]
pub struct Response {
    head: Parts,
    body: ResponseBody,
    /// What is held in memory at most.
    limit: u64,
    /// What this is the answer to.
    request: Box<Draft>,
    history: Vec<Redirect>,
}

impl Response {
    pub(super) fn new(
        head: Parts,
        body: ResponseBody,
        limit: u64,
        request: Box<Draft>,
        history: Vec<Redirect>,
    ) -> Self {
        Self {
            head,
            body,
            limit,
            request,
            history,
        }
    }

    /// What it says: any number of three digits, known or not.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Its headers. Values are bytes, which need not be a text.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The version of HTTP that it came with.
    #[must_use]
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// What the transport has to tell beside it.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.head.extensions
    }

    /// Whose answer it is; after redirects that of the last one.
    #[must_use]
    #[doc(alias = "real_url")]
    pub fn url(&self) -> &Url {
        &self.request.url
    }

    /// The method of the request; after redirects that of the last one.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.request.method
    }

    /// The redirects that led here, the first one first.
    #[must_use]
    pub fn history(&self) -> &[Redirect] {
        &self.history
    }

    /// How many bytes the body will have, if the headers say so. They cannot know it of a body that is decompressed.
    ///
    /// The answer to a `HEAD` says what a `GET` would give.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        let value = self.head.headers.get(header::CONTENT_LENGTH)?;
        value.to_str().ok()?.parse().ok()
    }

    /// The response, unless its status is 400 or above.
    ///
    /// # Errors
    /// A [`StatusError`]. The body goes unread; whoever wants to see it asks for the [`status`](Self::status) instead.
    #[doc(alias = "raise_for_status")]
    pub fn error_for_status(self) -> Result<Self, StatusError> {
        if self.head.status.as_u16() < 400 {
            return Ok(self);
        }
        let Draft { method, url, .. } = *self.request;
        Err(StatusError::new(self.head.status, method, url))
    }

    /// Holds no more than so many bytes in memory when the body is asked for as a whole; see
    /// [`SessionBuilder::body_limit`](crate::SessionBuilder::body_limit).
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The body as a whole.
    ///
    /// # Errors
    /// A [`BodyError`] when it cannot be read to its end, or is larger than the limit.
    ///
    /// # Cancel safety
    /// When it is dropped, what has been read is lost, and the connection is closed.
    #[doc(alias = "read")]
    pub async fn bytes(mut self) -> Result<Bytes, BodyError> {
        self.check_length()?;
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        self.check_size(first.len())?;
        match self.chunk().await? {
            // All of it is there already: nothing is copied.
            None => Ok(first),
            Some(second) => self.rest([first, second]).await.map(Bytes::from),
        }
    }

    /// The body as a text. Its character set is that of its byte order mark, else the one that the headers name, else UTF-8.
    /// What is not in it becomes `U+FFFD`.
    ///
    /// # Errors
    /// A [`BodyError`] when it cannot be read to its end, or is larger than the limit.
    ///
    /// # Cancel safety
    /// When it is dropped, what has been read is lost, and the connection is closed.
    pub async fn text(self) -> Result<String, BodyError> {
        let charset = text::charset(&self.head.headers);
        let bytes = self.bytes().await?;
        Ok(text::decode(bytes.into(), charset))
    }

    /// What the body says as JSON.
    ///
    /// # Errors
    /// A [`JsonError`] when it cannot be read to its end, is larger than the limit, or is not what was expected; it says
    /// where.
    ///
    /// # Cancel safety
    /// When it is dropped, what has been read is lost, and the connection is closed.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, JsonError> {
        let status = self.head.status;
        let charset = text::charset(&self.head.headers);
        let bytes = self.bytes().await;
        let bytes = bytes.map_err(|error| JsonError::body(error, status))?;
        let is_plain = charset.is_none_or(|charset| charset == encoding_rs::UTF_8)
            && encoding_rs::Encoding::for_bom(&bytes).is_none();
        let bytes = if is_plain {
            bytes
        } else {
            text::decode(bytes.into(), charset).into()
        };
        serde_json::from_slice(&bytes).map_err(|error| JsonError::parse(error, &bytes, status))
    }

    /// The next chunk of the body, as it came or was decompressed. None at the end.
    ///
    /// # Errors
    /// A [`BodyError`] when there can be no more. After that there is none.
    ///
    /// # Cancel safety
    /// Cancel safe: a chunk is handed out or stays.
    #[doc(alias = "iter_chunked")]
    #[doc(alias = "readany")]
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.next().await.transpose()
    }

    /// The next chunk, as a stream gives it.
    ///
    /// # Cancel safety
    /// Cancel safe: a chunk is handed out or stays.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|cx| Pin::new(&mut self.body).poll_next(cx)).await
    }

    /// The body as a buffered reader. Its errors have the [`BodyError`] inside.
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener};
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/lines", listener.local_addr()?);
    /// # let server = std::thread::spawn(move || {
    /// #     let (mut peer, _) = listener.accept().unwrap();
    /// #     let _ = peer.read(&mut [0; 1024]).unwrap();
    /// #     let text = "red\ngreen\n";
    /// #     write!(peer, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()).unwrap();
    /// # });
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::{AsyncBufReadExt, StreamExt};
    /// use smolio_http::ClientSession;
    ///
    /// let response = ClientSession::new().get(url).await?;
    /// let mut lines = response.reader().lines();
    /// assert_eq!(lines.next().await.unwrap()?, "red");
    /// assert_eq!(lines.next().await.unwrap()?, "green");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # server.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[doc(alias = "content")]
    pub fn reader(self) -> ResponseReader {
        ResponseReader::new(self.body)
    }

    /// Writes the body into a file, when it is awaited; see [`Download`].
    pub fn download_to(self, path: impl Into<PathBuf>) -> Download {
        Download::new(self, path.into())
    }

    #[cfg(feature = "surf")]
    pub(crate) fn into_head_and_reader(self) -> (Parts, ResponseReader) {
        (self.head, ResponseReader::new(self.body))
    }

    /// Spares the reading of what is too large anyway.
    fn check_length(&self) -> Result<(), BodyError> {
        match self.content_length() {
            Some(length) if length > self.limit && !self.body.is_end() => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    fn check_size(&self, size: usize) -> Result<(), BodyError> {
        if size as u64 > self.limit {
            Err(self.too_large())
        } else {
            Ok(())
        }
    }

    fn too_large(&self) -> BodyError {
        BodyError::new(BodyErrorKind::TooLarge { limit: self.limit })
    }

    async fn rest(&mut self, begun: [Bytes; 2]) -> Result<Vec<u8>, BodyError> {
        let reserved = self.content_length().unwrap_or(0).min(RESERVED);
        let mut whole = Vec::with_capacity(usize::try_from(reserved).unwrap_or(0));
        for chunk in begun {
            whole.extend_from_slice(&chunk);
        }
        self.check_size(whole.len())?;
        while let Some(chunk) = self.chunk().await? {
            self.check_size(whole.len() + chunk.len())?;
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}

/// The chunks of the body.
impl Stream for Response {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut headers = self.head.headers.clone();
        for (name, value) in &mut headers {
            auth::hide(name, value);
        }
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .field("url", &self.request.url.as_str())
            .field("version", &self.head.version)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}
