//! `ClientSession`: requests that share connections, cookies and settings.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::Method;
use url::Url;

use crate::transport::{SmolTransport, TransportStats};

mod into_url;

mod builder;
mod cookies;
mod politeness;
mod retry;

mod exchange;
mod multipart;
mod random;
mod redirect;
mod request;

mod chunk_reader;
mod decoding;
mod download;
mod reader;
mod response;
mod text;

mod error;

#[cfg(fuzzing)]
pub(crate) use self::{
    redirect::target as redirect_target,
    retry::retry_after,
    text::{charset, decode},
};

pub use builder::SessionBuilder;
pub use cookies::{CookieError, CookieJar};
pub use download::Download;
pub use error::{DownloadError, JsonError, SessionError, StatusError};
pub use into_url::IntoUrl;
pub use multipart::{Multipart, Part};
pub use reader::ResponseReader;
pub use redirect::Redirect;
#[cfg(feature = "websocket")]
pub(crate) use request::Prepared;
pub use request::{RequestBuilder, SendRequest};
pub use response::Response;
pub use retry::RetryPolicy;

/// Sends requests, over connections that are kept for the next ones, with cookies that are remembered and settings that all of
/// them share. Cheap to clone: clones are the same session.
///
/// One is enough for a program; it is made once, not for each request. It belongs to no loop and no thread, works on any
/// executor, and spawns nothing: a request is driven by whoever awaits it. When the last clone is dropped its connections are
/// closed.
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener};
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/fox", listener.local_addr()?);
/// # let server = std::thread::spawn(move || {
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     let _ = peer.read(&mut [0; 1024]).unwrap();
/// #     let text = br#"{"colour": "red", "legs": 4}"#;
/// #     write!(peer, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len()).unwrap();
/// #     peer.write_all(text).unwrap();
/// # });
/// # futures_lite::future::block_on(async {
/// use smolio_http::ClientSession;
///
/// let session = ClientSession::new();
/// let fox: serde_json::Value = session.get(url).await?.error_for_status()?.json().await?;
/// assert_eq!(fox["legs"], 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # server.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClientSession(Arc<Session>);

/// What clones of a session share.
struct Session {
    settings: builder::Settings,
    transport: SmolTransport,
    /// Whether others have the transport too.
    is_transport_shared: bool,
    is_closed: AtomicBool,
}

impl ClientSession {
    /// With the defaults; see [`SessionBuilder`].
    #[must_use]
    pub fn new() -> Self {
        SessionBuilder::new()
            .build()
            .unwrap_or_else(|error| unreachable!("the defaults are fine: {error}"))
    }

    /// With settings of one's own.
    pub fn builder() -> SessionBuilder {
        SessionBuilder::new()
    }

    /// Gets what is at an address.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Sends something to an address.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Puts something at an address.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Changes a part of what is at an address.
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Deletes what is at an address.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Gets the headers of what is at an address, without the body.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Asks what can be done with an address.
    pub fn options(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::OPTIONS, url)
    }

    /// Any other method.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(self, method, url)
    }

    /// What its transport has, and has done so far.
    #[must_use]
    pub fn stats(&self) -> TransportStats {
        self.0.transport.stats()
    }

    /// Closes the connections that are kept, and refuses requests from now on, with
    /// [`RequestErrorKind::Closed`](crate::RequestErrorKind::Closed). Those under way may end. A transport that was
    /// [handed over](SessionBuilder::transport) stays open for others.
    ///
    /// Dropping the last clone does the same: this is for sessions of which there are clones elsewhere.
    ///
    /// # Cancel safety
    /// All of it is done at the first poll.
    pub async fn close(&self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
        if !self.0.is_transport_shared {
            self.0.transport.close().await;
        }
    }

    /// What the addresses of requests are relative to.
    #[must_use]
    pub fn base_url(&self) -> Option<&Url> {
        self.0.settings.base_url.as_ref()
    }

    /// The cookies of this session.
    #[must_use]
    #[doc(alias = "cookie_jar")]
    pub fn cookies(&self) -> &CookieJar {
        &self.0.settings.cookies
    }
}

impl Default for ClientSession {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession")
            .field("settings", &self.0.settings)
            .field("transport", &self.0.transport)
            .finish()
    }
}
