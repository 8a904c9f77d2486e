//! Answers that lie about what they have, through the session: each is an error of the right kind or harmless, and the session
//! works on.

use std::future::IntoFuture;

use smolio_http::{BodyErrorKind, ClientSession, CookieJar, RequestErrorKind, Response};

use super::{empty, session};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, answer, ok},
};

/// What becomes of a script; afterwards the same session has nothing left of it, and asks again with success.
fn outcome<T>(
    session: &ClientSession,
    script: Vec<Step>,
    read: impl AsyncFnOnce(Response) -> T,
) -> T {
    let peer = Peer::new([script, vec![Step::Request, ok("well")]]);
    block_on(async {
        let response = session.get(peer.url("/")).await.unwrap();
        let value = read(response).await;
        let stats = session.stats();
        assert_eq!((stats.in_use, stats.waiting), (0, 0), "{stats:?}");
        let next = session.get(peer.url("/next")).await.unwrap();
        assert_eq!(next.text().await.unwrap(), "well");
        value
    })
}

fn with_length(status: &str, length: &str, body: &str) -> Vec<Step> {
    let length = format!("content-length: {length}");
    vec![
        Step::Request,
        answer(&[&format!("HTTP/1.1 {status}"), &length], body),
    ]
}

#[test]
fn a_length_that_no_memory_has_is_not_reserved() {
    let session = ClientSession::new();
    for length in ["1099511627776", "9223372036854775807"] {
        let script = with_length("200 OK", length, "hello");
        let error = outcome(&session, script.clone(), async |response| {
            response.bytes().await.unwrap_err()
        });
        let limit = 64 << 20;
        assert_eq!(error.kind(), BodyErrorKind::TooLarge { limit });
        let error = outcome(&session, script.clone(), async |response| {
            response.limit(u64::MAX).bytes().await.unwrap_err()
        });
        assert_eq!(error.kind(), BodyErrorKind::Disconnected);
        let error = outcome(&session, script, async |mut response| {
            assert_eq!(response.chunk().await.unwrap().unwrap(), "hello");
            response.chunk().await.unwrap_err()
        });
        assert_eq!(error.kind(), BodyErrorKind::Disconnected);
    }
    for (length, kind) in [
        ("18446744073709551615", RequestErrorKind::HeadTooLarge),
        ("18446744073709551616", RequestErrorKind::Protocol),
    ] {
        let peer = Peer::new([with_length("200 OK", length, "hello")]);
        let error = block_on(session.get(peer.url("/")).into_future()).unwrap_err();
        assert_eq!(error.kind(), kind, "{length}");
    }
}

/// They speak of the body that a `GET` would get that asks for no change.
#[test]
fn an_answer_without_a_body_may_name_any_length() {
    let session = ClientSession::new();
    for status in ["304 Not Modified", "204 No Content"] {
        let script = with_length(status, "1099511627776", "");
        let body = outcome(&session, script, async |response| response.bytes().await);
        assert_eq!(body.unwrap(), "", "{status}");
    }
}

#[test]
fn chunks_and_trailers_have_their_limits() {
    let session = ClientSession::new();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (begin, rest) in [
        // An extension without end, and trailers without end.
        (&b"5;"[..], &b"extension"[..]),
        (b"0\r\n", b"name: value\r\n"),
    ] {
        let head = [&chunked[..], begin].concat();
        let script = vec![
            Step::Request,
            Step::Send(head),
            Step::Flood(rest.repeat(100)),
        ];
        let error = outcome(&session, script, async |response| {
            response.bytes().await.unwrap_err()
        });
        assert_eq!(error.kind(), BodyErrorKind::Protocol, "{rest:?}");
    }
    let largest = [&chunked[..], b"ffffffffffffffff\r\nhello"].concat();
    let script = vec![Step::Request, Step::Send(largest)];
    let error = outcome(&session, script, async |response| {
        response.bytes().await.unwrap_err()
    });
    assert_eq!(error.kind(), BodyErrorKind::Disconnected);
}

/// RFC 7932 knows no windows above 16 MiB. Some decoders take a gigabyte, and hold it.
#[test]
fn a_window_that_is_too_large_is_refused() {
    let session = ClientSession::new();
    // A window of a gigabyte, and nothing in it.
    let large = [0x11, 0xde];
    let length = format!("content-length: {}", large.len());
    let head = ["HTTP/1.1 200 OK", "content-encoding: br", &length];
    let script = vec![Step::Request, answer(&head, large)];
    let error = outcome(&session, script, async |response| {
        response.bytes().await.unwrap_err()
    });
    assert_eq!(error.kind(), BodyErrorKind::Decompression);
    assert!(error.to_string().contains("window"), "{error}");
}

/// No cookie can make requests without any.
#[test]
fn a_cookie_that_no_header_can_have_is_refused() {
    let jar = CookieJar::new();
    let peer = Peer::always(vec![Step::Request, empty("200 OK", &[]), Step::Again]);
    let url = peer.url("/").parse().unwrap();
    jar.set(&url, "good=1").unwrap();
    for bad in ["bad=1\r\nx-evil: 1", "b\nad=1", "bad=\u{7f}", "bad=\0"] {
        let error = jar.set(&url, bad).unwrap_err();
        assert!(error.to_string().contains("characters"), "{error}");
    }
    let session = session(|builder| builder.cookie_jar(jar));
    block_on(session.get(url.clone()).into_future()).unwrap();
    assert_eq!(peer.requests()[0].header("cookie"), Some("good=1"));
    assert_eq!(peer.requests()[0].header("x-evil"), None);
}
