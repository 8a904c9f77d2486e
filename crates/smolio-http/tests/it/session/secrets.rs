//! Passwords and tokens are for the peer, and not for those who read errors and logs.

use std::{fmt::Debug, future::IntoFuture};

use http::{HeaderMap, HeaderValue, header};
use smolio_http::{Body, ClientSession, RequestError, RequestErrorKind, SmolTransport};

use super::{empty, session};
use crate::support::{block_on, peer::Peer, script::Step};

#[track_caller]
fn assert_silent(shown: &str) {
    for secret in ["secret", "sec/ret", "c2VjcmV0"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[track_caller]
fn assert_silent_error(error: &RequestError, kind: RequestErrorKind) {
    assert_eq!(error.kind(), kind);
    assert_silent(&error.to_string());
    assert_silent(&format!("{error:?} {error:#?}"));
}

#[test]
fn an_address_that_is_none_is_told_without_its_password() {
    let session = ClientSession::new();
    for address in [
        "http://me:secret@localhost:99999/",
        "http://me:secret@/",
        "http://me:secret#@[::1",
        "http://secret:secret@:80",
        "//me:secret@localhost/",
        "me:secret@localhost:99999",
        "ftp://me:secret@localhost/",
        "ftp://secret@localhost/",
    ] {
        let error = block_on(session.get(address).into_future()).unwrap_err();
        assert_silent_error(&error, RequestErrorKind::InvalidUrl);
        if let Err(error) = ClientSession::builder().base_url(address).build() {
            assert_silent(&format!("{error} {error:?}"));
        }
    }
    let error = block_on(
        session
            .get("http://me:secret@localhost:99999/")
            .into_future(),
    );
    let text = error.unwrap_err().to_string();
    assert!(text.contains("http://***@localhost:99999/"), "{text}");
}

#[test]
fn a_redirect_to_nowhere_does_not_show_its_password() {
    for location in [
        "ftp://me:secret@localhost/",
        "http://me:secret@localhost:99999/",
    ] {
        let location = format!("location: {location}");
        let peer = Peer::always(vec![Step::Request, empty("302 Found", &[&location])]);
        let error = block_on(ClientSession::new().get(peer.url("/")).into_future());
        assert_silent_error(&error.unwrap_err(), RequestErrorKind::InvalidRedirect);
    }
    // And of one that is long, only the beginning.
    let location = format!("location: ftp://localhost/{}", "x".repeat(100_000));
    let peer = Peer::always(vec![Step::Request, empty("302 Found", &[&location])]);
    let error = block_on(ClientSession::new().get(peer.url("/")).into_future());
    assert!(error.unwrap_err().to_string().len() < 1000);
}

#[test]
fn the_transport_does_not_show_them_either() {
    let transport = SmolTransport::new();
    let ask = |address: String| {
        let request = http::Request::get(address).body(Body::empty()).unwrap();
        block_on(transport.send(request))
    };
    // Nobody listens on it.
    let error = ask("http://secret:secret@127.0.0.1:1/".to_owned()).unwrap_err();
    assert_silent_error(&error, RequestErrorKind::Connect);
    let peer = Peer::always(vec![Step::Request, empty("200 OK", &[]), Step::Again]);
    let url = peer.url("/").replace("http://", "http://me:secret@");
    ask(url).unwrap();
    assert_eq!(transport.stats().idle, 1, "its address is known there");
    assert_silent(&format!("{transport:?}"));
    let host = peer.address().to_string();
    assert_eq!(peer.requests()[0].header("host"), Some(host.as_str()));
}

#[test]
fn headers_that_are_secret_are_not_shown_however_they_were_set() {
    let shown = |what: &dyn Debug| assert_silent(&format!("{what:?}"));
    let mut headers = HeaderMap::new();
    headers.append(header::AUTHORIZATION, HeaderValue::from_static("secret"));
    headers.append(header::COOKIE, HeaderValue::from_static("a=secret"));
    headers.append(header::COOKIE, HeaderValue::from_static("b=secret"));
    let builder = ClientSession::builder()
        .headers(headers.clone())
        .header("proxy-authorization", "secret");
    shown(&builder);
    shown(&session(|_| builder));
    let session = ClientSession::new();
    shown(&session.get("http://localhost/").headers(headers));
    let request = session.get("http://localhost/").header("cookie", "secret");
    shown(&request.header("authorization", "Bearer secret"));

    let cookies = ["set-cookie: a=secret", "set-cookie: b=secret"];
    let peer = Peer::always(vec![Step::Request, empty("200 OK", &cookies)]);
    let response = block_on(session.get(peer.url("/")).into_future()).unwrap();
    shown(&response);
    assert_eq!(response.headers()["set-cookie"], "a=secret");
}
