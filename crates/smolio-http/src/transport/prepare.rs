//! A request made ready for the wire: what the connection decides is not left to whoever made the request.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
};

#[cfg(feature = "http2")]
use http::uri::{Authority, PathAndQuery};

use super::{connector::Route, origin::Origin};
use crate::{
    body::Body,
    error::{RequestError, RequestErrorKind},
};

/// How long a message is, and what becomes of its connection: a request that says something else than is done could be read
/// as two requests by somebody on the way.
const DECIDED_HERE: [HeaderName; 9] = [
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    TE,
    TRAILER,
    UPGRADE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// As the request goes over the wire.
pub(super) fn prepare(
    mut request: Request<Body>,
    origin: &Origin,
    route: Route<'_>,
) -> Result<Request<Body>, RequestError> {
    if *request.method() == Method::CONNECT {
        return Err(RequestError::new(RequestErrorKind::InvalidRequest)
            .because("a tunnel is made by a proxy that is configured, not by a request"));
    }
    *request.version_mut() = Version::HTTP_11;
    request.extensions_mut().clear();
    let length = request.body().length();
    let method = request.method().clone();
    let headers = request.headers_mut();
    clean(headers);
    announce(headers, &method, length);
    if !headers.contains_key(HOST) {
        let host = HeaderValue::from_str(&origin.host_header())
            .map_err(|error| RequestError::new(RequestErrorKind::InvalidUrl).because(error))?;
        headers.insert(HOST, host);
    }
    let target = match route {
        Route::Handed(proxy) => {
            if let Some(authorization) = &proxy.authorization {
                headers.insert(PROXY_AUTHORIZATION, authorization.clone());
            }
            let path = request.uri().path_and_query();
            let path = path.map_or("/", |path| path.as_str());
            Uri::try_from(format!("http://{}{path}", origin.host_header()))
                .map_err(|error| RequestError::new(RequestErrorKind::InvalidUrl).because(error))?
        }
        Route::Direct | Route::Tunnel(_) => match request.uri().path_and_query() {
            Some(path) => Uri::from(path.clone()),
            None => Uri::default(),
        },
    };
    *request.uri_mut() = target;
    Ok(request)
}

/// Takes out what is not for those to say who make a request.
pub(crate) fn clean(headers: &mut HeaderMap) {
    // Hardly ever is one of them there, and to look each of them up would take longer than to look at all that are.
    let is_ours = |name: &HeaderName| DECIDED_HERE.contains(name) || *name == CONNECTION;
    if !headers.keys().any(is_ours) {
        return;
    }
    for name in &DECIDED_HERE {
        headers.remove(name);
    }
    // That a connection is to be closed may be said, and is kept to. Anything else names headers that are for one hop only.
    let closes = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"close");
    let is_last = headers.get_all(CONNECTION).iter().any(closes);
    headers.remove(CONNECTION);
    if is_last {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Says that there is a body, or that there is none, where hyper would not.
fn announce(headers: &mut HeaderMap, method: &Method, length: Option<u64>) {
    match length {
        // hyper takes a `GET` with a body of unknown length for one without a body.
        None => {
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        // Servers may ask for a length where the method is one that has a body (RFC 9110, section 8.6).
        Some(0) if [Method::POST, Method::PUT, Method::PATCH].contains(method) => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Some(_) => {}
    }
}

/// As it goes over HTTP/2: the address is a whole one, and the headers that are about the connection are not there.
#[cfg(feature = "http2")]
pub(super) fn for_http2(
    mut request: Request<Body>,
    origin: &Origin,
) -> Result<Request<Body>, RequestError> {
    *request.version_mut() = Version::HTTP_2;
    let headers = request.headers_mut();
    headers.remove(CONNECTION);
    headers.remove(TRANSFER_ENCODING);
    let host = match headers.remove(HOST) {
        Some(host) => host
            .to_str()
            .map(str::to_owned)
            .map_err(|error| RequestError::new(RequestErrorKind::InvalidRequest).because(error))?,
        None => origin.host_header().into_owned(),
    };
    let path = request.uri().path_and_query().cloned();
    let uri = Uri::builder().scheme("https").authority(host);
    let uri = uri.path_and_query(path.unwrap_or(PathAndQuery::from_static("/")));
    *request.uri_mut() = uri
        .build()
        .map_err(|error| RequestError::new(RequestErrorKind::InvalidRequest).because(error))?;
    Ok(request)
}

/// Back again, for a request that turned out to go over HTTP/1.1.
#[cfg(feature = "http2")]
pub(super) fn for_http1(mut request: Request<Body>) -> Result<Request<Body>, RequestError> {
    if request.version() != Version::HTTP_2 {
        return Ok(request);
    }
    let host = request.uri().authority().map_or("", Authority::as_str);
    let host = HeaderValue::try_from(host)
        .map_err(|error| RequestError::new(RequestErrorKind::InvalidUrl).because(error))?;
    *request.version_mut() = Version::HTTP_11;
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    let (length, method) = (request.body().length(), request.method().clone());
    request.headers_mut().insert(HOST, host);
    announce(request.headers_mut(), &method, length);
    Ok(request)
}

/// The same once more, for a server that promises that it has not acted on it: only a body that is a stream is gone.
#[cfg(feature = "http2")]
pub(super) fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

/// Whether it may be sent twice although the peer may have acted on it already: it has no body, and its method promises that
/// twice is as good as once.
pub(super) fn is_repeatable(request: &Request<Body>) -> bool {
    request.method().is_idempotent() && request.body().length() == Some(0)
}

/// The same once more, if it may be sent twice.
pub(super) fn repeatable(request: &Request<Body>) -> Option<Request<Body>> {
    if !is_repeatable(request) {
        return None;
    }
    let mut again = Request::new(Body::empty());
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}
