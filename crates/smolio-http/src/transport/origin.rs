//! `Origin`: whom a connection leads to.

use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
    ops::Range,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};

use crate::error::{RequestError, RequestErrorKind};

/// A scheme, a host and a port. Connections are shared among requests to the same one.
///
/// Made without an allocation: the host is a part of the address that the request has.
#[derive(Clone)]
pub(crate) struct Origin {
    is_secure: bool,
    authority: Authority,
    /// Where the host is in there: to look for it each time would be a good part of a lookup.
    host: Range<usize>,
    port: u16,
    /// For connections that go on as something else than HTTP: none of them is kept, and there are no others among them.
    is_apart: bool,
}

impl Origin {
    /// The origin of a whole address.
    pub(crate) fn of(address: &Uri) -> Result<Self, RequestError> {
        let invalid = || RequestError::new(RequestErrorKind::InvalidUrl);
        let is_secure = match address.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) => {
                return Err(invalid().because(format!("the scheme is {scheme}")));
            }
            None => return Err(invalid().because("there is no scheme")),
        };
        let authority = address.authority().ok_or_else(invalid)?.clone();
        let host = host_range(&authority);
        if host.is_empty() {
            return Err(invalid().because("there is no host"));
        }
        let default = if is_secure { 443 } else { 80 };
        let port = match port_text(&authority, &host) {
            "" => default,
            port => port.parse().map_err(|error| invalid().because(error))?,
        };
        Ok(Self {
            is_secure,
            host,
            authority,
            port,
            is_apart: false,
        })
    }

    /// The same, for connections that are their user's own. The limit for one host is counted anew for them.
    #[cfg(feature = "websocket")]
    pub(crate) fn apart(mut self) -> Self {
        self.is_apart = true;
        self
    }

    /// Whether it is spoken to in TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_secure
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A name or an address, without the brackets that IPv6 has in an address of the web.
    pub(crate) fn host(&self) -> &str {
        let host = self.bracketed_host();
        let inner = host.strip_prefix('[');
        inner
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(host)
    }

    fn bracketed_host(&self) -> &str {
        &self.authority.as_str()[self.host.clone()]
    }

    /// As it stands in a `host` header: without who asks, and without a port that is the usual one.
    pub(crate) fn host_header(&self) -> Cow<'_, str> {
        let host = self.bracketed_host();
        if matches!((self.is_secure, self.port), (false, 80) | (true, 443)) {
            return host.into();
        }
        let port = port_text(&self.authority, &self.host);
        if port.starts_with(|first| matches!(first, '1'..='9')) {
            self.authority.as_str()[self.host.start..].into()
        } else {
            // With zeros in front, or a sign.
            format!("{host}:{}", self.port).into()
        }
    }
}

fn host_range(authority: &Authority) -> Range<usize> {
    let text = authority.as_str().as_bytes();
    let begin = text.iter().rposition(|byte| *byte == b'@');
    let begin = begin.map_or(0, |at| at + 1);
    begin..begin + authority.host().len()
}

/// What stands behind the host: a number that is too large as well.
fn port_text<'a>(authority: &'a Authority, host: &Range<usize>) -> &'a str {
    let port = &authority.as_str()[host.end..];
    port.strip_prefix(':').unwrap_or_default()
}

/// The host and the port.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.bracketed_host(), self.port)
    }
}

/// Without a name and a password, which the address may have.
impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{self}")
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.is_secure == other.is_secure
            && self.port == other.port
            && self.is_apart == other.is_apart
            // Nearly always they are written in the same way, which is seen more quickly.
            && (self.host() == other.host() || self.host().eq_ignore_ascii_case(other.host()))
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Hashers are slow where they get little by little.
        let flags = u32::from(self.is_secure) << 1 | u32::from(self.is_apart);
        state.write_u32(u32::from(self.port) << 2 | flags);
        for part in self.host().as_bytes().chunks(64) {
            let mut lower = [0; 64];
            let lower = &mut lower[..part.len()];
            lower.copy_from_slice(part);
            lower.make_ascii_lowercase();
            state.write(lower);
        }
    }
}
