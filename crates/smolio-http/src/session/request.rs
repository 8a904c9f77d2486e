//! A request on its way to be sent.

use std::{
    fmt,
    future::{Future, IntoFuture, ready},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use super::{
    ClientSession, exchange::exchange, into_url::IntoUrl, multipart::Multipart, response::Response,
};
use crate::{
    auth,
    body::Body,
    error::{RequestError, RequestErrorKind},
    progress::{OnProgress, Progress},
    transport::Timeouts,
};

/// A request of a [`ClientSession`], which is sent when it is awaited.
///
/// What cannot be sent, such as a header with a line break, is an error then.
///
/// # Cancel safety
/// Dropped while it is awaited, it closes the connection that it has, and leaves the rest of the session as it is. Whether the
/// server has seen the request is not known then.
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener};
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/search", listener.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     let mut head = [0; 1024];
/// #     let count = peer.read(&mut head).unwrap();
/// #     assert!(head[..count].starts_with(b"GET /search?q=red+fox&page=2 HTTP/1.1\r\n"));
/// #     peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
/// # });
/// # futures_lite::future::block_on(async {
/// use smolio_http::ClientSession;
///
/// let session = ClientSession::new();
/// let response = session
///     .get(url)
///     .query(&[("q", "red fox"), ("page", "2")])
///     .header("accept-language", "en")
///     .await?;
/// assert_eq!(response.status(), 200);
/// # Ok::<(), smolio_http::RequestError>(())
/// # })?;
/// # server.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// One that is not awaited is not sent, and the compiler says so:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// let session = smolio_http::ClientSession::new();
/// session.delete("http://localhost/everything");
/// ```
#[must_use = "a request is sent when it is awaited"]
pub struct RequestBuilder {
    session: ClientSession,
    /// The first thing that cannot be, if any.
    draft: Result<Box<Draft>, RequestError>,
}

/// A request that somebody else sends.
#[cfg(feature = "websocket")]
pub(crate) struct Prepared {
    session: ClientSession,
    pub(crate) url: Url,
    pub(crate) timeouts: Timeouts,
    pub(crate) request: http::Request<Body>,
}

#[cfg(feature = "websocket")]
impl Prepared {
    pub(crate) fn transport(&self) -> &crate::transport::SmolTransport {
        &self.session.0.transport
    }

    /// Keeps the cookies of the answer.
    pub(crate) fn keep_cookies(&self, headers: &HeaderMap) {
        let settings = &self.session.0.settings;
        if settings.keeps_cookies {
            settings.cookies.keep(&self.url, headers);
        }
    }
}

/// All that there is to say about a request.
pub(super) struct Draft {
    pub(super) method: Method,
    pub(super) url: Url,
    /// Those of this request; those of the session come to them.
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// A file that is to be the body.
    pub(super) file: Option<PathBuf>,
    pub(super) timeouts: Option<Timeouts>,
    pub(super) redirects: Option<usize>,
    pub(super) decompresses: Option<bool>,
    pub(super) on_upload: Option<OnProgress>,
}

impl RequestBuilder {
    pub(crate) fn new(session: &ClientSession, method: Method, url: impl IntoUrl) -> Self {
        let url = url.into_url(session.0.settings.base_url.as_ref());
        Self {
            session: session.clone(),
            draft: match url {
                Ok(url) => Draft::new(method, url).map(Box::new),
                Err(error) => Err(invalid_url(error)),
            },
        }
    }

    /// One for a WebSocket, whose addresses may also begin with `ws` and `wss`.
    #[cfg(feature = "websocket")]
    pub(crate) fn for_websocket(session: &ClientSession, url: impl IntoUrl) -> Self {
        let url = url.into_url(session.0.settings.base_url.as_ref());
        let draft = url.map_err(invalid_url).and_then(|mut url| {
            let scheme = match url.scheme() {
                "ws" => "http",
                "wss" => "https",
                _ => return Draft::new(Method::GET, url),
            };
            // Between these it cannot fail.
            let _ = url.set_scheme(scheme);
            Draft::new(Method::GET, url)
        });
        Self {
            session: session.clone(),
            draft: draft.map(Box::new),
        }
    }

    /// The request as it is sent at first, and what is needed to send it.
    #[cfg(feature = "websocket")]
    pub(crate) fn prepare(self) -> Result<Prepared, RequestError> {
        let Self { session, draft } = self;
        let draft = draft?;
        let timeouts = draft.timeouts.unwrap_or(session.0.settings.timeouts);
        let url = draft.url.clone();
        let request = super::exchange::prepared(session.clone(), draft)?;
        Ok(Prepared {
            session,
            url,
            timeouts,
            request,
        })
    }

    /// Adds pairs to the query of the address: of a map, a list of pairs, or a struct.
    #[doc(alias = "params")]
    pub fn query(self, query: &(impl Serialize + ?Sized)) -> Self {
        self.change(|draft| {
            {
                let mut pairs = draft.url.query_pairs_mut();
                query
                    .serialize(serde_urlencoded::Serializer::new(&mut pairs))
                    .map_err(invalid)?;
            }
            if draft.url.query() == Some("") {
                draft.url.set_query(None);
            }
            Ok(())
        })
    }

    /// Adds a header. Those of the session that have this name are not sent then.
    ///
    /// `content-length`, `transfer-encoding`, `connection` and others that are about the connection are left out: they are
    /// the transport's business.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N, Error: Into<http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        self.change(|draft| {
            let name = HeaderName::try_from(name).map_err(|error| invalid(error.into()))?;
            let mut value = HeaderValue::try_from(value).map_err(|error| invalid(error.into()))?;
            auth::hide(&name, &mut value);
            draft.headers.append(name, value);
            Ok(())
        })
    }

    /// Adds headers. They replace those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.change(|draft| {
            replace_headers(&mut draft.headers, headers);
            Ok(())
        })
    }

    /// A name and a password for this request.
    #[doc(alias = "BasicAuth")]
    pub fn basic_auth(self, name: &str, password: &str) -> Self {
        let value = auth::basic(name.as_bytes(), password.as_bytes());
        self.change(|draft| {
            draft.headers.insert(header::AUTHORIZATION, value);
            Ok(())
        })
    }

    /// A token for this request.
    pub fn bearer_auth(self, token: &str) -> Self {
        self.change(|draft| {
            let value = auth::bearer(token).map_err(invalid)?;
            draft.headers.insert(header::AUTHORIZATION, value);
            Ok(())
        })
    }

    /// What is sent: bytes, a text, or a [`Body`]. A content type is not made up for it.
    #[doc(alias = "data")]
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|draft| {
            draft.body = body.into();
            draft.file = None;
            Ok(())
        })
    }

    /// Sends a value as JSON.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        self.change(|draft| {
            draft.body = serde_json::to_vec(value).map_err(invalid)?.into();
            draft.file = None;
            draft.content_type(HeaderValue::from_static("application/json"));
            Ok(())
        })
    }

    /// Sends pairs as a form does: of a map, a list of pairs, or a struct.
    #[doc(alias = "data")]
    pub fn form(self, form: &(impl Serialize + ?Sized)) -> Self {
        self.change(|draft| {
            draft.body = serde_urlencoded::to_string(form).map_err(invalid)?.into();
            draft.file = None;
            draft.content_type(HeaderValue::from_static(
                "application/x-www-form-urlencoded",
            ));
            Ok(())
        })
    }

    /// Sends a form that may have files in it.
    #[doc(alias = "data")]
    pub fn multipart(self, form: Multipart) -> Self {
        self.change(|draft| {
            // Whatever was said before, it did not name the boundary.
            draft
                .headers
                .insert(header::CONTENT_TYPE, form.content_type());
            draft.body = form.into_body();
            draft.file = None;
            Ok(())
        })
    }

    /// Sends a file. It is opened when the request is awaited; its content type is guessed from its name.
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        self.change(|draft| {
            let path = path.into();
            let guess = mime_guess::from_path(&path).first_raw();
            let guess = guess.unwrap_or("application/octet-stream");
            draft.content_type(HeaderValue::from_static(guess));
            draft.file = Some(path);
            Ok(())
        })
    }

    /// Calls a function with the [`Progress`] of the body's sending. It is called by whoever drives the request, so it
    /// should be quick.
    pub fn on_upload_progress(self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.change(|draft| {
            draft.on_upload = Some(Arc::new(report));
            Ok(())
        })
    }

    /// Gives up when the answer is not there as a whole after that time; redirects and retries count. The other limits stay as
    /// they are.
    pub fn timeout(self, total: Duration) -> Self {
        let mut timeouts = self.session.0.settings.timeouts;
        self.change(|draft| {
            timeouts = draft.timeouts.unwrap_or(timeouts);
            timeouts.total = Some(total);
            draft.timeouts = Some(timeouts);
            Ok(())
        })
    }

    /// Limits of time for this request, in place of those of the session.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.change(|draft| {
            draft.timeouts = Some(timeouts);
            Ok(())
        })
    }

    /// For an answer that has no end, and is silent for as long as it likes, unless limits were set for it.
    pub(crate) fn endless(self) -> Self {
        let timeouts = self.session.0.settings.timeouts;
        self.change(|draft| {
            draft.timeouts.get_or_insert(Timeouts {
                total: None,
                stall: None,
                ..timeouts
            });
            Ok(())
        })
    }

    /// The same once more, unless it cannot be sent, or its body is a stream.
    pub(crate) fn try_clone(&self) -> Option<Self> {
        let draft = self.draft.as_ref().ok()?.try_clone()?;
        Some(Self {
            session: self.session.clone(),
            draft: Ok(Box::new(draft)),
        })
    }

    /// How many redirects are followed; see [`SessionBuilder::redirects`](crate::SessionBuilder::redirects).
    #[doc(alias = "allow_redirects")]
    pub fn redirects(self, limit: usize) -> Self {
        self.change(|draft| {
            draft.redirects = Some(limit);
            Ok(())
        })
    }

    /// Whether a compressed answer is asked for and decompressed; see
    /// [`SessionBuilder::decompress`](crate::SessionBuilder::decompress).
    pub fn decompress(self, decompress: bool) -> Self {
        self.change(|draft| {
            draft.decompresses = Some(decompress);
            Ok(())
        })
    }

    fn change(mut self, change: impl FnOnce(&mut Draft) -> Result<(), RequestError>) -> Self {
        if let Ok(draft) = &mut self.draft {
            if let Err(error) = change(draft) {
                self.draft = Err(error.of(&draft.method, &draft.url));
            }
        }
        self
    }
}

impl Draft {
    fn new(method: Method, mut url: Url) -> Result<Self, RequestError> {
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = format!("the scheme {:?} is not spoken here", url.scheme());
            let error = invalid_url(scheme);
            // Without a scheme, `name:password@host` is an address whose scheme is the name: it is not told.
            let is_secret = url.cannot_be_a_base() && url.as_str().contains('@');
            return Err(if is_secret {
                error
            } else {
                error.of(&method, &url)
            });
        }
        let mut headers = HeaderMap::new();
        if let Some(credentials) = auth::take_credentials(&mut url) {
            headers.insert(header::AUTHORIZATION, credentials);
        }
        Ok(Self {
            method,
            url,
            headers,
            body: Body::empty(),
            file: None,
            timeouts: None,
            redirects: None,
            decompresses: None,
            on_upload: None,
        })
    }

    fn try_clone(&self) -> Option<Self> {
        Some(Self {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.try_clone()?,
            file: self.file.clone(),
            timeouts: self.timeouts,
            redirects: self.redirects,
            decompresses: self.decompresses,
            on_upload: self.on_upload.clone(),
        })
    }

    /// Says what the body is, unless that has been said.
    fn content_type(&mut self, value: HeaderValue) {
        self.headers.entry(header::CONTENT_TYPE).or_insert(value);
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RequestBuilder");
        match &self.draft {
            Ok(draft) => shown
                .field("method", &draft.method)
                .field("url", &draft.url.as_str())
                .field("headers", &draft.headers)
                .field("body", &draft.body),
            Err(error) => shown.field("error", error),
        };
        shown.finish_non_exhaustive()
    }
}

impl IntoFuture for RequestBuilder {
    type Output = Result<Response, RequestError>;
    type IntoFuture = SendRequest;

    fn into_future(self) -> SendRequest {
        let Self { session, draft } = self;
        SendRequest(match draft {
            Ok(draft) => Box::pin(exchange(session, draft)),
            Err(error) => Box::pin(ready(Err(error))),
        })
    }
}

/// The future of a [`RequestBuilder`]: it gives the [`Response`] once its head is there.
#[must_use = "futures do nothing unless they are awaited"]
pub struct SendRequest(Pin<Box<dyn Future<Output = Result<Response, RequestError>> + Send>>);

impl Future for SendRequest {
    type Output = Result<Response, RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for SendRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendRequest").finish_non_exhaustive()
    }
}

/// Puts headers in place of those that have the same names. A name may be there several times among the new ones.
pub(super) fn replace_headers(headers: &mut HeaderMap, replacements: HeaderMap) {
    let mut current = None;
    for (name, mut value) in replacements {
        if let Some(name) = name.as_ref().or(current.as_ref()) {
            auth::hide(name, &mut value);
        }
        // Only the first value of a name comes with it.
        match name {
            Some(name) => {
                headers.insert(name.clone(), value);
                current = Some(name);
            }
            None => {
                if let Some(name) = &current {
                    headers.append(name, value);
                }
            }
        }
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> RequestError {
    RequestError::new(RequestErrorKind::InvalidRequest).because(error)
}

fn invalid_url(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RequestError {
    RequestError::new(RequestErrorKind::InvalidUrl).because(reason)
}
