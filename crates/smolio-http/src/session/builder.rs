//! The settings of a session.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use super::{
    ClientSession, Session, cookies::CookieJar, decoding::Encoding, error::SessionError,
    into_url::IntoUrl, politeness::Politeness, retry::RetryPolicy,
};
use crate::{
    auth,
    transport::{Proxies, SmolTransport, Timeouts, TlsOptions, TransportBuilder},
};

/// As many as browsers follow, halved: more are a loop, or no kindness.
const REDIRECTS: usize = 10;
/// What `bytes`, `text` and `json` hold in memory at most.
const BODY_LIMIT: u64 = 64 << 20;
/// What is decompressed at most, however it is read.
const DECOMPRESSION_LIMIT: u64 = 1 << 30;

/// Makes a [`ClientSession`] with settings of its own.
///
/// What cannot be is reported by [`build`](Self::build).
///
/// ```
/// use smolio_http::{ClientSession, RetryPolicy, Timeouts};
/// use std::time::Duration;
///
/// let session = ClientSession::builder()
///     .base_url("https://api.example.org/v1/")
///     .bearer_auth("a token that only this host gets")
///     .header("accept", "application/json")
///     .connections_per_host(8)
///     .timeouts(Timeouts {
///         total: Some(Duration::from_secs(10)),
///         ..Timeouts::default()
///     })
///     .retries(RetryPolicy::new(2))
///     .build()?;
///
/// let error = ClientSession::builder().base_url("no address").build().unwrap_err();
/// let text = "the session cannot have this base_url: \"no address\": relative URL without a base";
/// assert_eq!(error.to_string(), text);
/// # Ok::<(), smolio_http::SessionError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct SessionBuilder {
    settings: Settings,
    timeouts: Option<Timeouts>,
    transport: Transport,
    /// The first thing that cannot be.
    error: Option<SessionError>,
}

/// Whose connections it has.
#[derive(Debug)]
enum Transport {
    Own(Box<TransportBuilder>),
    Shared(SmolTransport),
}

/// What a session is asked to do with all of its requests.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) base_url: Option<Url>,
    pub(super) headers: HeaderMap,
    pub(super) cookies: CookieJar,
    pub(super) keeps_cookies: bool,
    pub(super) timeouts: Timeouts,
    pub(super) redirects: usize,
    pub(super) retries: Option<RetryPolicy>,
    pub(super) politeness: Option<Politeness>,
    pub(super) decompresses: bool,
    pub(super) decompression_limit: u64,
    pub(super) body_limit: u64,
}

impl Default for SessionBuilder {
    fn default() -> Self {
        let agent = HeaderValue::from_static(concat!("smolio/", env!("CARGO_PKG_VERSION")));
        let headers = [
            (header::USER_AGENT, agent),
            (header::ACCEPT, HeaderValue::from_static("*/*")),
        ];
        Self {
            settings: Settings {
                base_url: None,
                headers: headers.into_iter().collect(),
                cookies: CookieJar::new(),
                keeps_cookies: true,
                timeouts: Timeouts::default(),
                redirects: REDIRECTS,
                retries: None,
                politeness: None,
                decompresses: true,
                decompression_limit: DECOMPRESSION_LIMIT,
                body_limit: BODY_LIMIT,
            },
            timeouts: None,
            transport: Transport::Own(Box::new(SmolTransport::builder())),
            error: None,
        }
    }
}

impl SessionBuilder {
    /// With the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The address that those of requests are relative to. As with links, what follows its last `/` is replaced:
    /// `http://host/v1/` with `users` is `http://host/v1/users`.
    ///
    /// Credentials that the session sends by itself ([`basic_auth`](Self::basic_auth), [`bearer_auth`](Self::bearer_auth), a
    /// name and a password in this address, and a default header `authorization` or `cookie`) then go to its host only,
    /// whatever is asked.
    pub fn base_url(mut self, url: impl IntoUrl) -> Self {
        match url.into_url(None) {
            Ok(mut url) if url.has_host() => {
                if let Some(credentials) = auth::take_credentials(&mut url) {
                    self.settings
                        .headers
                        .insert(header::AUTHORIZATION, credentials);
                }
                self.settings.base_url = Some(url);
            }
            Ok(url) => {
                let shown = auth::without_credentials(url.as_str());
                self.fail("base_url", format!("{shown} has no host"));
            }
            Err(error) => self.fail("base_url", error),
        }
        self
    }

    /// A header that is sent with every request that does not have one of this name. One that is there already is replaced.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N, Error: Into<http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        let name = HeaderName::try_from(name).map_err(Into::into);
        let value = HeaderValue::try_from(value).map_err(Into::into);
        match name.and_then(|name| Ok((name, value?))) {
            Ok((name, mut value)) => {
                auth::hide(&name, &mut value);
                self.settings.headers.insert(name, value);
            }
            Err(error) => self.fail("header", error),
        }
        self
    }

    /// Headers that are sent with every request that does not have one of their names.
    #[doc(alias = "default_headers")]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        super::request::replace_headers(&mut self.settings.headers, headers);
        self
    }

    /// What the session says it is. The default is `smolio/` with the version.
    pub fn user_agent(self, agent: &str) -> Self {
        self.header(header::USER_AGENT, agent)
    }

    /// A name and a password for every request.
    #[doc(alias = "BasicAuth")]
    pub fn basic_auth(self, name: &str, password: &str) -> Self {
        self.header(
            header::AUTHORIZATION,
            auth::basic(name.as_bytes(), password.as_bytes()),
        )
    }

    /// A token for every request.
    pub fn bearer_auth(mut self, token: &str) -> Self {
        match auth::bearer(token) {
            Ok(value) => self.header(header::AUTHORIZATION, value),
            Err(error) => {
                self.fail("bearer_auth", error);
                self
            }
        }
    }

    /// A jar of cookies to use, instead of an empty one.
    pub fn cookie_jar(mut self, jar: CookieJar) -> Self {
        self.settings.cookies = jar;
        self
    }

    /// Whether the cookies that servers set are kept, as they are by default. Those that are set by hand are sent in any case.
    #[doc(alias = "DummyCookieJar")]
    pub fn keep_cookies(mut self, keep: bool) -> Self {
        self.settings.keeps_cookies = keep;
        self
    }

    /// Limits of time for each request, in place of [the defaults](Timeouts).
    #[doc(alias = "ClientTimeout")]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// How many redirects are followed for one request, 10 by default. With 0 the redirect is the answer.
    ///
    /// They are followed as RFC 9110 has it: after a 303, and after a 301 or 302 to a `POST`, the request becomes a `GET`
    /// without a body; otherwise the body is sent again, which is an error when it was a stream. `authorization`, `cookie`,
    /// `proxy-authorization` and `host` stay with the origin (scheme, host and port) that they were meant for, and come back
    /// to none; the jar has cookies of its own for each host. Other headers are carried along, those with keys of one's own
    /// invention as well. Who sent one is not told (`referer`).
    #[doc(alias = "max_redirects")]
    #[doc(alias = "allow_redirects")]
    pub fn redirects(mut self, limit: usize) -> Self {
        self.settings.redirects = limit;
        self
    }

    /// Tries requests again when that may help; see [`RetryPolicy`]. By default nothing is tried again.
    pub fn retries(mut self, policy: RetryPolicy) -> Self {
        self.settings.retries = Some(policy);
        self
    }

    /// Lets so much time pass between the beginnings of two requests to the same host. A host that answers 429 or 503 and says
    /// for how long (`retry-after`) is left alone for that time, but not for longer than an hour.
    ///
    /// It counts for redirects and retries as well. By default there is no delay.
    pub fn delay_per_host(mut self, delay: Duration) -> Self {
        self.settings.politeness = (!delay.is_zero()).then(|| Politeness::new(delay));
        self
    }

    /// Whether compressed answers are asked for, and decompressed, as they are by default. Otherwise bodies are handed on as
    /// they come.
    #[doc(alias = "auto_decompress")]
    pub fn decompress(mut self, decompress: bool) -> Self {
        self.settings.decompresses = decompress;
        self
    }

    /// How many bytes a body may have when it has been decompressed, in whichever way it is read. The default is 1 GiB: a
    /// small answer can decompress to any size.
    pub fn decompression_limit(mut self, bytes: u64) -> Self {
        self.settings.decompression_limit = bytes;
        self
    }

    /// How many bytes [`Response::bytes`](crate::Response::bytes), `text` and `json` hold in memory at most, 64 MiB by
    /// default.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// So many connections at the most, those that are kept among them; 100 by default. Requests beyond that wait.
    #[doc(alias = "limit")]
    pub fn connections(self, limit: usize) -> Self {
        self.transport_with("connections", |transport| transport.connections(limit))
    }

    /// So many connections to one host (with its scheme and port) at the most; by default as many as in all.
    #[doc(alias = "limit_per_host")]
    pub fn connections_per_host(self, limit: impl Into<Option<usize>>) -> Self {
        self.transport_with("connections_per_host", |transport| {
            transport.connections_per_host(limit)
        })
    }

    /// For so long a connection is kept for later requests: 15 seconds by default.
    #[doc(alias = "keepalive_timeout")]
    pub fn idle_time(self, time: Duration) -> Self {
        self.transport_with("idle_time", |transport| transport.idle_time(time))
    }

    /// Whom to trust, and who we are. By default those whom the system trusts, and nobody in particular.
    #[doc(alias = "ssl")]
    pub fn tls(self, options: TlsOptions) -> Self {
        self.transport_with("tls", |transport| transport.tls(options))
    }

    /// By way of whom: by default what the environment says (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`); see [`Proxies`].
    #[doc(alias = "trust_env")]
    pub fn proxies(self, proxies: Proxies) -> Self {
        self.transport_with("proxies", |transport| transport.proxies(proxies))
    }

    /// All connections go to this Unix socket, whatever host the addresses name.
    #[cfg(unix)]
    #[doc(alias = "UnixConnector")]
    pub fn unix_socket(self, path: impl Into<PathBuf>) -> Self {
        self.transport_with("unix_socket", |transport| transport.unix_socket(path))
    }

    /// A transport that is there already, instead of one of its own: sessions that share one share its connections and
    /// limits. What is about connections is then said to the [`TransportBuilder`], not here.
    #[doc(alias = "connector")]
    pub fn transport(mut self, transport: SmolTransport) -> Self {
        self.transport = Transport::Shared(transport);
        self
    }

    /// Makes the session. Nothing is connected yet.
    ///
    /// # Errors
    /// A [`SessionError`] for the first setting that cannot be.
    pub fn build(self) -> Result<ClientSession, SessionError> {
        let mut settings = self.settings;
        if let Some(error) = self.error {
            return Err(error);
        }
        if settings.decompresses {
            let accepted = HeaderValue::from_static(Encoding::ACCEPTED);
            settings
                .headers
                .entry(header::ACCEPT_ENCODING)
                .or_insert(accepted);
        }
        let (transport, is_transport_shared) = match self.transport {
            Transport::Shared(transport) => (transport, true),
            Transport::Own(builder) => (
                builder.timeouts(self.timeouts.unwrap_or_default()).build(),
                false,
            ),
        };
        settings.timeouts = self.timeouts.unwrap_or(transport.timeouts());
        Ok(ClientSession(Arc::new(Session {
            settings,
            transport,
            is_transport_shared,
            is_closed: AtomicBool::new(false),
        })))
    }

    fn transport_with(
        mut self,
        setting: &'static str,
        set: impl FnOnce(TransportBuilder) -> TransportBuilder,
    ) -> Self {
        match self.transport {
            Transport::Own(builder) => self.transport = Transport::Own(Box::new(set(*builder))),
            Transport::Shared(_) => {
                self.fail(setting, "the transport was handed over, and has its own");
            }
        }
        self
    }

    fn fail(
        &mut self,
        setting: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) {
        self.error
            .get_or_insert_with(|| SessionError::new(setting, source));
    }
}
