//! The one module that names surf: our transport and our session as what surf's clients send through.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use futures_lite::{AsyncBufRead, AsyncRead, AsyncReadExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, response::Parts};
use surf::{HttpClient, StatusCode, http as types};
use url::{Position, Url};

use crate::{
    body::Body,
    error::{RequestError, RequestErrorKind},
    session::{ClientSession, RequestBuilder, ResponseReader},
    transport::SmolTransport,
};

/// A body that is no longer than this is sent in one piece with the head, and can be sent again.
const SMALL: usize = 64 * 1024;

/// A longer body is one whose length is not known, for surf.
const BELIEVED: usize = 64 << 20;

type Sending<'s> = Pin<Box<dyn Future<Output = Result<types::Response, types::Error>> + Send + 's>>;

impl ClientSession {
    /// A client of surf that sends through this session: with its connections, cookies, redirects, retries, limits and
    /// decompression. Surf's middleware works with it.
    ///
    /// What is different from surf with a client of its own: limits are the session's, and those of a `surf::Config` do
    /// nothing. A status that surf does not know, such as 520, becomes the plainest one of its class, such as 500; the real
    /// one is `response.ext::<http::StatusCode>()`. Headers that are not ASCII are left out, since surf has no place for
    /// them; all are in `response.ext::<http::HeaderMap>()`. Where there is no content type, none is made up.
    ///
    /// Surf's own `recv_*` and `body_*` hold bodies of any size in memory, and are slow with large ones: read those with
    /// `AsyncReadExt`. Its `Redirect` middleware gives credentials to whomever it is redirected to, and is not needed here. An
    /// address that is none makes surf panic.
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener};
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/fox", listener.local_addr()?);
    /// # let server = std::thread::spawn(move || {
    /// #     let (mut peer, _) = listener.accept().unwrap();
    /// #     let _ = peer.read(&mut [0; 1024]).unwrap();
    /// #     peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nred").unwrap();
    /// # });
    /// # futures_lite::future::block_on(async {
    /// use smolio_http::ClientSession;
    ///
    /// let client = ClientSession::new().surf();
    /// let mut response = client.get(url).await?;
    /// assert_eq!(response.body_string().await?, "red");
    /// # surf::Result::Ok(())
    /// # })?;
    /// # server.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn surf(&self) -> surf::Client {
        let mut config = surf::Config::new().set_http_client(SessionClient(self.clone()));
        if let Some(base) = self.base_url() {
            config = config.set_base_url(base.clone());
        }
        // Only the making of an HTTP client can fail, and there is one.
        surf::Client::try_from(config)
            .unwrap_or_else(|_| surf::Client::with_http_client(SessionClient(self.clone())))
    }
}

/// For a client of surf that has nothing but the transport: `surf::Client::with_http_client(transport)`. There are no
/// redirects, cookies and decompression then; else it is as [`ClientSession::surf`] says.
impl HttpClient for SmolTransport {
    fn send<'s, 'f>(&'s self, request: types::Request) -> Sending<'f>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (head, body) = take_apart(request).await.map_err(to_surf)?;
            let uri = Uri::try_from(&head.url[..Position::AfterQuery]).map_err(|error| {
                let error = RequestError::new(RequestErrorKind::InvalidUrl).because(error);
                to_surf(error.of(&head.method, &head.url))
            })?;
            let mut request = http::Request::new(body);
            *request.method_mut() = head.method.clone();
            *request.uri_mut() = uri;
            *request.headers_mut() = head.headers;
            let answer = SmolTransport::send(self, request).await;
            let answer = answer.map_err(|error| to_surf(error.of(&head.method, &head.url)))?;
            let (answer_head, body) = answer.into_parts();
            Ok(put_together(answer_head, ResponseReader::raw(body)))
        })
    }
}

/// A session for surf. It is not the session itself, which has methods of the same names.
struct SessionClient(ClientSession);

impl fmt::Debug for SessionClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HttpClient for SessionClient {
    fn send<'s, 'f>(&'s self, request: types::Request) -> Sending<'f>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (head, body) = take_apart(request).await.map_err(to_surf)?;
            let request = RequestBuilder::new(&self.0, head.method, head.url);
            let response = request.headers(head.headers).body(body).await;
            let response = response.map_err(to_surf)?;
            let (head, body) = response.into_head_and_reader();
            Ok(put_together(head, body))
        })
    }
}

/// What surf says of a request beside the body.
struct Head {
    method: Method,
    url: Url,
    headers: HeaderMap,
}

async fn take_apart(request: types::Request) -> Result<(Head, Body), RequestError> {
    let method = Method::from_bytes(request.method().as_ref().as_bytes());
    let method = method.map_err(invalid)?;
    let mut headers = HeaderMap::new();
    for (name, values) in &request {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(invalid)?;
        for value in values {
            let value = HeaderValue::from_str(value.as_str()).map_err(invalid)?;
            headers.append(&name, value);
        }
    }
    let url = request.url().clone();
    // After the headers: with the body, surf puts a content type of its own there.
    let body = body(request.into()).await;
    let body = body.map_err(|error| {
        let error = RequestError::new(RequestErrorKind::RequestBody).because(error);
        error.of(&method, &url)
    })?;
    let head = Head {
        method,
        url,
        headers,
    };
    Ok((head, body))
}

async fn body(body: surf::Body) -> io::Result<Body> {
    match body.len() {
        Some(length) if length <= SMALL => {
            let mut bytes = Vec::with_capacity(length);
            // One more, to see whether that was all of it.
            let mut reader = body.into_reader().take(length as u64 + 1);
            reader.read_to_end(&mut bytes).await?;
            if bytes.len() == length {
                Ok(bytes.into())
            } else {
                let message = format!("the body does not have the {length} bytes it should have");
                Err(io::Error::new(io::ErrorKind::InvalidData, message))
            }
        }
        length => {
            let length = length.map(|length| length as u64);
            Ok(Body::reader(body.into_reader(), length))
        }
    }
}

fn put_together(head: Parts, body: ResponseReader) -> types::Response {
    // Some answers speak of a body that they do not have.
    let length = if body.is_end() {
        Some(0)
    } else {
        content_length(&head.headers)
    };
    let mut response = types::Response::new(status(head.status.as_u16()));
    response.set_version(match head.version {
        http::Version::HTTP_09 => Some(types::Version::Http0_9),
        http::Version::HTTP_10 => Some(types::Version::Http1_0),
        http::Version::HTTP_11 => Some(types::Version::Http1_1),
        http::Version::HTTP_2 => Some(types::Version::Http2_0),
        http::Version::HTTP_3 => Some(types::Version::Http3_0),
        _ => None,
    });
    response.set_body(surf::Body::from_reader(Shared(Mutex::new(body)), length));
    // surf has just made one up.
    response.remove_header(header::CONTENT_TYPE.as_str());
    for (name, value) in &head.headers {
        let name = types::headers::HeaderName::from_bytes(name.as_str().into());
        let value = types::headers::HeaderValue::from_bytes(value.as_bytes().into());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.append_header(name, value);
        }
    }
    response.ext_mut().insert(head.status);
    response.ext_mut().insert(head.headers);
    response
}

/// The status, or the plainest one of its class. What is in no class is a failure of the server.
fn status(code: u16) -> StatusCode {
    StatusCode::try_from(code)
        .or_else(|_| StatusCode::try_from(code / 100 * 100))
        .unwrap_or(StatusCode::InternalServerError)
}

/// What the headers say of the length, if that is to be believed.
fn content_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    let length = length.to_str().ok()?.parse().ok()?;
    // surf reserves as much at once for a text, which the server has only announced.
    (length <= BELIEVED).then_some(length)
}

/// A body that surf may share between threads, though nobody reads it on two of them: the lock is only ever passed by.
struct Shared(Mutex<ResponseReader>);

impl Shared {
    fn reader(self: Pin<&mut Self>) -> Pin<&mut ResponseReader> {
        let reader = self.get_mut().0.get_mut();
        Pin::new(reader.unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.reader().poll_read(cx, buffer)
    }
}

impl AsyncBufRead for Shared {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.reader().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.reader().consume(count);
    }
}

fn invalid(error: impl Into<http::Error>) -> RequestError {
    RequestError::new(RequestErrorKind::InvalidRequest).because(error.into())
}

/// surf's errors have a status. The real error is inside: `error.downcast_ref::<RequestError>()`.
fn to_surf(error: RequestError) -> types::Error {
    let status = match error.kind() {
        RequestErrorKind::TimedOut { .. } => StatusCode::GatewayTimeout,
        RequestErrorKind::InvalidUrl
        | RequestErrorKind::InvalidRequest
        | RequestErrorKind::RequestBody => StatusCode::BadRequest,
        _ => StatusCode::BadGateway,
    };
    types::Error::new(status, error)
}
