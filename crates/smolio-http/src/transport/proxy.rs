//! `Proxies`: which requests go by way of another, and how that one is asked.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use http::HeaderValue;
use url::{Host, Url};

use super::{exempt::Exempt, origin::Origin};
use crate::auth::take_credentials;

/// Which requests go by way of a proxy.
///
/// Requests to `http` addresses are handed to the proxy, those to `https` addresses go through a tunnel (`CONNECT`), of which
/// the proxy sees nothing but where it leads. A name and a password in the proxy's address are sent to the proxy.
///
/// ```
/// use smolio_http::{Proxies, SmolTransport};
/// let proxies = Proxies::all("http://me:secret@proxy.example:3128")?.except("localhost, .internal.example");
/// let transport = SmolTransport::builder().proxies(proxies).build();
/// # Ok::<(), smolio_http::ProxyError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[doc(alias = "trust_env")]
pub struct Proxies {
    http: Choice,
    https: Choice,
    exempt: Exempt,
    /// As Go does it: what the environment says is meant for the world outside.
    spare_loopback: bool,
}

#[derive(Clone, Debug, Default)]
enum Choice {
    #[default]
    Direct,
    Proxy(Arc<Proxy>),
    /// What the environment says makes no sense: those requests that it is about fail with this.
    Invalid(Arc<ProxyError>),
}

/// One proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) is_secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// For `proxy-authorization`.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Proxies {
    /// None: all requests go directly.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One proxy for all: an address like `http://host:port`, or `https://` for a proxy that is itself spoken to in TLS.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn all(address: &str) -> Result<Self, ProxyError> {
        let choice = Choice::Proxy(Arc::new(Proxy::parse(address)?));
        Ok(Self {
            http: choice.clone(),
            https: choice,
            ..Self::default()
        })
    }

    /// Directly to these: names (with all names below them), IP addresses, each with a port or without, separated by commas;
    /// `*` is everything. The form of `NO_PROXY`.
    #[must_use]
    #[doc(alias = "NO_PROXY")]
    pub fn except(mut self, list: &str) -> Self {
        self.exempt.add(list);
        self
    }

    /// As the environment of the process says: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, of which the spelling in
    /// lower case goes first.
    ///
    /// Requests to this machine (`localhost` and loopback addresses) go directly. `HTTP_PROXY` in capitals is ignored where
    /// `REQUEST_METHOD` is set: there the program is a CGI script, and the variable is a header of whoever sent the request.
    /// A variable without a sense fails the requests that it is about.
    #[must_use]
    #[doc(alias = "HTTP_PROXY")]
    pub fn from_environment() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`from_environment`](Self::from_environment), with variables from elsewhere.
    ///
    /// ```
    /// use smolio_http::Proxies;
    /// let proxies = Proxies::from_variables([("https_proxy", "http://proxy.example:3128"), ("no_proxy", ".internal.example")]);
    /// ```
    #[must_use]
    pub fn from_variables<'v>(variables: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let variables: Vec<_> = variables.into_iter().collect();
        Self::from_lookup(|name| {
            let mut variables = variables.iter();
            let found = variables.find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Self {
        // Empty is as good as not set: that is how one is switched off for a command.
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let either =
            |lower: &str| variable(lower).or_else(|| variable(&lower.to_ascii_uppercase()));
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let http = if is_cgi {
            variable("http_proxy")
        } else {
            either("http_proxy")
        };
        let all = either("all_proxy");
        let choice = |address: Option<String>| match address.or_else(|| all.clone()) {
            None => Choice::Direct,
            Some(address) => match Proxy::parse(address.trim()) {
                Ok(proxy) => Choice::Proxy(Arc::new(proxy)),
                Err(error) => Choice::Invalid(Arc::new(error)),
            },
        };
        let proxies = Self {
            http: choice(http),
            https: choice(either("https_proxy")),
            exempt: Exempt::default(),
            spare_loopback: true,
        };
        proxies.except(&either("no_proxy").unwrap_or_default())
    }

    /// The proxy for requests to an origin.
    pub(crate) fn for_origin(&self, origin: &Origin) -> Result<Option<&Proxy>, Arc<ProxyError>> {
        let choice = if origin.is_secure() {
            &self.https
        } else {
            &self.http
        };
        if matches!(choice, Choice::Direct) {
            return Ok(None);
        }
        let (host, port) = (origin.host(), origin.port());
        if self.spare_loopback && is_loopback(host) || self.exempt.contains(host, port) {
            return Ok(None);
        }
        match choice {
            Choice::Direct => Ok(None),
            Choice::Proxy(proxy) => Ok(Some(proxy)),
            Choice::Invalid(error) => Err(error.clone()),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback(),
        Ok(IpAddr::V6(address)) => address == Ipv6Addr::LOCALHOST,
        Err(_) => false,
    }
}

impl Proxy {
    fn parse(address: &str) -> Result<Self, ProxyError> {
        let error = |reason: ProxyErrorReason| ProxyError {
            // Without a password that may be in it.
            address: address
                .rsplit_once('@')
                .map_or(address, |(_, rest)| rest)
                .to_owned(),
            reason,
        };
        // Many write `host:port`.
        let url = if address.contains("://") {
            Url::parse(address)
        } else {
            Url::parse(&format!("http://{address}"))
        };
        let mut url = url.map_err(|source| error(ProxyErrorReason::Address(source)))?;
        let is_secure = match url.scheme() {
            "http" => false,
            "https" => true,
            scheme => return Err(error(ProxyErrorReason::Scheme(scheme.to_owned()))),
        };
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(error(ProxyErrorReason::Address(url::ParseError::EmptyHost))),
        };
        Ok(Self {
            is_secure,
            host,
            port: url.port_or_known_default().unwrap_or(80),
            authorization: take_credentials(&mut url),
        })
    }
}

/// The address of a proxy is none.
#[derive(Debug, PartialEq, Eq)]
pub struct ProxyError {
    address: String,
    reason: ProxyErrorReason,
}

#[derive(Debug, PartialEq, Eq)]
enum ProxyErrorReason {
    Address(url::ParseError),
    Scheme(String),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no address of a proxy: ", self.address)?;
        match &self.reason {
            ProxyErrorReason::Address(error) => error.fmt(f),
            ProxyErrorReason::Scheme(scheme) => write!(f, "the scheme {scheme:?} is not supported"),
        }
    }
}

impl Error for ProxyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            ProxyErrorReason::Address(error) => Some(error),
            ProxyErrorReason::Scheme(_) => None,
        }
    }
}
