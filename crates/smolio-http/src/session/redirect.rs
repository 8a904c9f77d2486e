//! Where an answer sends a request, and what of the request goes there: RFC 9110, section 15.4.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

use super::request::Draft;
use crate::{
    auth,
    error::{RequestError, RequestErrorKind},
};

/// An answer that sent the request on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    status: StatusCode,
    url: Url,
}

impl Redirect {
    pub(super) fn new(status: StatusCode, url: Url) -> Self {
        Self { status, url }
    }

    /// What it said: 301, 302, 303, 307 or 308.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The address that was asked, not the one that it led to.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// So many characters of a location that is none are shown.
const LONGEST_SHOWN: usize = 200;

/// What says who one is, and to whom it is said. It is not for others.
pub(super) const FOR_ONE_ORIGIN: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::HOST,
];

/// What is about a body, and goes with it.
const ABOUT_THE_BODY: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::TRANSFER_ENCODING,
];

/// Where an answer leads to, if it is a redirect.
pub(crate) fn target(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Url>, RequestError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let location = ascii(location.as_bytes());
    let invalid = || RequestError::new(RequestErrorKind::InvalidRedirect);
    let mut target = url
        .join(&location)
        .map_err(|error| invalid().because(format!("{:?}: {error}", shown(&location))))?;
    if !matches!(target.scheme(), "http" | "https") {
        return Err(invalid().because(format!("{:?}", shown(&location))));
    }
    if target.fragment().is_none() {
        target.set_fragment(url.fragment());
    }
    Ok(Some(target))
}

/// The beginning of a location, without a password: it may have any length, and errors are for people.
fn shown(location: &str) -> String {
    auth::without_credentials(location)
        .chars()
        .take(LONGEST_SHOWN)
        .collect()
}

/// Whether two addresses are of the same server, spoken to in the same way.
pub(super) fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Whether a request goes on as a `GET`, and so without its body.
pub(super) fn becomes_get(method: &Method, status: StatusCode) -> bool {
    match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD,
        _ => false,
    }
}

/// Makes of a request the one that follows it. It gives the address of the former.
pub(super) fn turn(draft: &mut Draft, status: StatusCode, mut target: Url) -> Url {
    if becomes_get(&draft.method, status) {
        draft.method = Method::GET;
        draft.body = crate::body::Body::empty();
        remove(&mut draft.headers, &ABOUT_THE_BODY);
    }
    if !is_same_origin(&draft.url, &target) {
        remove(&mut draft.headers, &FOR_ONE_ORIGIN);
    }
    if let Some(credentials) = auth::take_credentials(&mut target) {
        draft.headers.insert(header::AUTHORIZATION, credentials);
    }
    std::mem::replace(&mut draft.url, target)
}

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

/// A header has bytes. Those that are not ASCII are written as addresses have them, whichever character set was meant.
fn ascii(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii() {
            text.push(char::from(*byte));
        } else {
            // A String takes all that is written.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
