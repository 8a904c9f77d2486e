//! What the fuzz targets call of our private functions. It is there only under `cfg(fuzzing)`, which cargo-fuzz sets.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, StatusCode};
use url::Url;

use crate::{Body, CookieJar, Multipart, Proxies, RequestError, session, transport};

/// Where an answer with these headers leads to.
pub fn redirect_target(url: &Url, headers: &HeaderMap) -> Result<Option<Url>, RequestError> {
    session::redirect_target(url, StatusCode::FOUND, headers)
}

/// Keeps the cookies of an answer.
pub fn keep_cookies(jar: &CookieJar, url: &Url, headers: &HeaderMap) {
    jar.keep(url, headers);
}

/// What is sent to an address.
pub fn cookies(jar: &CookieJar, url: &Url) -> Option<HeaderValue> {
    jar.header(url)
}

/// When a server wants to be asked again.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    session::retry_after(headers, SystemTime::UNIX_EPOCH)
}

/// A body as a text.
pub fn text(headers: &HeaderMap, body: Vec<u8>) -> String {
    session::decode(body, session::charset(headers))
}

/// A form as it is sent.
pub fn multipart(form: Multipart) -> Body {
    form.into_body()
}

/// Whether requests to an address go by way of a proxy. None if it is no address, or the settings make no sense for it.
pub fn proxy_for(proxies: &Proxies, address: &str) -> Option<bool> {
    let address = address.parse().ok()?;
    let origin = transport::Origin::of(&address).ok()?;
    let proxy = proxies.for_origin(&origin).ok()?;
    Some(proxy.is_some())
}

#[cfg(feature = "websocket")]
pub use crate::websocket::after_handshake as websocket;
