//! The jar of cookies that a session has.

use std::{
    convert::Infallible,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cookie_store::{Cookie, CookieStore, RawCookie};
use http::{HeaderMap, HeaderValue, header};
use url::Url;

/// What browsers take as well: a cookie of so many bytes, so many of one domain, and so many in all. Servers must not fill the
/// memory of those who ask them.
const LARGEST: usize = 4096;
const MOST_OF_A_DOMAIN: usize = 180;
const MOST: usize = 3000;

/// Cookies, as RFC 6265 has them: what servers have set, and what was set by hand. Cheap to clone: clones share the cookies,
/// so that sessions can.
///
/// It takes cookies of up to 4096 bytes, 180 of each domain, and 3000 in all; what is beyond that is refused.
///
/// There is no list of public suffixes in it: a host below `co.uk` can set a cookie for all of `co.uk`. One for a whole
/// top-level domain is refused.
///
/// ```
/// use smolio_http::{ClientSession, CookieJar};
///
/// let session = ClientSession::new();
/// let url = "https://example.org/".parse()?;
/// session.cookies().set(&url, "colour=green; path=/; secure")?;
/// assert_eq!(session.cookies().get(&url, "colour").as_deref(), Some("green"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct CookieJar(Arc<Shared>);

#[derive(Default)]
struct Shared {
    store: Mutex<CookieStore>,
    /// Whether there has ever been a cookie: without one, requests need not look.
    is_used: AtomicBool,
}

/// A cookie that cannot be put into the jar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieError {
    /// Not its value, which may be a secret.
    name: String,
    reason: String,
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, reason } = self;
        write!(f, "cookie {name:?} cannot be set: {reason}")
    }
}

impl std::error::Error for CookieError {}

impl CookieJar {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a cookie as if the server at `url` had done so, in the syntax of the header `set-cookie`: `name=value`, with
    /// attributes such as `; path=/; max-age=60` where they are wanted. A `max-age=0` takes the cookie out.
    ///
    /// # Errors
    /// A [`CookieError`] when it has no name, or a domain or path that the server at `url` may not set cookies for.
    #[doc(alias = "update_cookies")]
    pub fn set(&self, url: &Url, cookie: &str) -> Result<(), CookieError> {
        let refused = |reason: String| CookieError {
            name: cookie
                .split(['=', ';'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            reason,
        };
        if cookie.len() > LARGEST {
            return Err(refused(format!("it is larger than {LARGEST} bytes")));
        }
        // What no header can have would cost requests all of their cookies. A tab is a space.
        if cookie.contains(|letter: char| letter.is_ascii_control() && letter != '\t') {
            return Err(refused(
                "it has characters that no header can have".to_owned(),
            ));
        }
        let raw = RawCookie::parse(cookie.to_owned());
        let raw = raw.map_err(|error| refused(error.to_string()))?;
        if is_for_top_level(&raw, url) {
            return Err(refused("its domain is a whole top-level domain".to_owned()));
        }
        let parsed = match Cookie::try_from_raw_cookie(&raw, url) {
            Ok(parsed) => parsed.into_owned(),
            Err(error) => return Err(refused(error.to_string())),
        };
        let mut store = self.lock();
        if !has_room(&mut store, &parsed) {
            return Err(refused("there are too many already".to_owned()));
        }
        let inserted = store.insert(parsed, url);
        drop(store);
        self.0.is_used.store(true, Ordering::Relaxed);
        match inserted {
            // It is not there, which is what was wanted.
            Ok(_) | Err(cookie_store::CookieError::Expired) => Ok(()),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// The value of a cookie that would be sent to `url`.
    #[must_use]
    pub fn get(&self, url: &Url, name: &str) -> Option<String> {
        let store = self.lock();
        let mut cookies = store.get_request_values(url);
        let (_, value) = cookies.find(|(candidate, _)| *candidate == name)?;
        Some(value.to_owned())
    }

    /// The names and values that would be sent to `url`.
    #[must_use]
    #[doc(alias = "filter_cookies")]
    pub fn get_all(&self, url: &Url) -> Vec<(String, String)> {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.lock().get_request_values(url).map(owned).collect()
    }

    /// How many cookies there are that have not expired.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().iter_unexpired().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all of them out.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is to be sent to `url`, if anything.
    pub(crate) fn header(&self, url: &Url) -> Option<HeaderValue> {
        if !self.0.is_used.load(Ordering::Relaxed) {
            return None;
        }
        let store = self.lock();
        let mut matching = store.matches(url);
        if matching.is_empty() {
            return None;
        }
        // The longest path first, as RFC 6265 wants it; the rest by name, so that the order does not hang on a hash.
        matching.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.name()));
        let mut line = Vec::new();
        for cookie in matching {
            if !line.is_empty() {
                line.extend_from_slice(b"; ");
            }
            line.extend_from_slice(cookie.name().as_bytes());
            line.push(b'=');
            line.extend_from_slice(cookie.value().as_bytes());
        }
        let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from(line)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Keeps what the answer of `url` has set. What is not allowed or cannot be understood is left out, as browsers do.
    pub(crate) fn keep(&self, url: &Url, headers: &HeaderMap) {
        for value in headers.get_all(header::SET_COOKIE) {
            let text = String::from_utf8_lossy(value.as_bytes());
            if let Err(refused) = self.set(url, &text) {
                log::debug!("of {}: {refused}", url.host_str().unwrap_or_default());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, CookieStore> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values are secrets.
        f.debug_struct("CookieJar").finish_non_exhaustive()
    }
}

/// Whether a cookie may be put into the jar. What has expired is thrown out if that helps.
fn has_room(store: &mut CookieStore, cookie: &Cookie<'static>) -> bool {
    let is_same = |other: &Cookie<'static>| {
        other.domain == cookie.domain && other.path == cookie.path && other.name() == cookie.name()
    };
    let is_full = |store: &CookieStore| {
        let of_domain = store
            .iter_any()
            .filter(|other| other.domain == cookie.domain);
        store.iter_any().count() >= MOST || of_domain.count() >= MOST_OF_A_DOMAIN
    };
    if !is_full(store) || store.iter_any().any(is_same) {
        return true;
    }
    let alive: Vec<_> = store
        .iter_unexpired()
        .cloned()
        .map(Ok::<_, Infallible>)
        .collect();
    let Ok(alive) = CookieStore::from_cookies(alive, false);
    *store = alive;
    !is_full(store)
}

/// Whether a cookie wants to be sent to all hosts of a domain like `com`.
fn is_for_top_level(cookie: &RawCookie<'_>, url: &Url) -> bool {
    let Some(domain) = cookie.domain() else {
        return false;
    };
    let domain = domain.trim_matches('.');
    !domain.is_empty() && !domain.contains('.') && url.host_str() != Some(domain)
}
