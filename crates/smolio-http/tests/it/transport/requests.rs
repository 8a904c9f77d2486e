//! What goes over the wire: headers, lengths and bodies, as they were given or better.

use bytes::Bytes;
use futures_lite::stream;
use smolio_http::{Body, RequestErrorKind, SmolTransport};

use crate::support::{
    assert_at_rest, block_on, fetch, get,
    peer::Peer,
    read_all,
    script::{Received, Step, answer, ok},
};

fn sent(transport: &SmolTransport, make: impl FnOnce(&Peer) -> http::Request<Body>) -> Received {
    let peer = Peer::always(vec![Step::Request, ok("hello"), Step::Again]);
    let request = make(&peer);
    block_on(transport.send(request)).unwrap();
    peer.requests().remove(0)
}

fn with_body(method: &str, body: Body) -> Received {
    sent(&SmolTransport::new(), |peer| {
        http::Request::builder()
            .method(method)
            .uri(peer.url("/"))
            .body(body)
            .unwrap()
    })
}

fn pieces(pieces: &[&'static str]) -> Vec<std::io::Result<Bytes>> {
    pieces
        .iter()
        .map(|piece| Ok(Bytes::from_static(piece.as_bytes())))
        .collect()
}

#[test]
fn bodies_have_a_length_or_chunks() {
    let known = with_body("PUT", "hello".into());
    assert_eq!(known.header("content-length"), Some("5"));
    assert_eq!(known.body, b"hello");
    let sized = with_body(
        "PUT",
        Body::sized_stream(stream::iter(pieces(&["he", "", "llo"])), 5),
    );
    assert_eq!(
        (sized.header("content-length"), sized.body.as_slice()),
        (Some("5"), b"hello".as_slice())
    );
    for method in ["POST", "GET", "DELETE"] {
        let chunked = with_body(method, Body::stream(stream::iter(pieces(&["he", "llo"]))));
        assert_eq!(
            chunked.header("transfer-encoding"),
            Some("chunked"),
            "{method}"
        );
        assert_eq!(chunked.body, b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
    }
}

#[test]
fn no_body_is_said_where_one_is_expected() {
    for (method, length) in [
        ("POST", Some("0")),
        ("PUT", Some("0")),
        ("GET", None),
        ("DELETE", None),
    ] {
        let request = with_body(method, Body::empty());
        assert_eq!(request.header("content-length"), length, "{method}");
        assert_eq!(request.header("transfer-encoding"), None);
    }
}

#[test]
fn what_the_connection_decides_is_left_out() {
    let request = sent(&SmolTransport::new(), |peer| {
        http::Request::post(peer.url("/"))
            .header("content-length", "3")
            .header("content-length", "300")
            .header("transfer-encoding", "chunked")
            .header("connection", "x-secret, upgrade")
            .header("keep-alive", "timeout=5")
            .header("upgrade", "h2c")
            .header("te", "trailers")
            .header("trailer", "x-sum")
            .header("proxy-authorization", "Basic c2VjcmV0")
            .header("proxy-connection", "keep-alive")
            .header("x-own", "kept")
            .body("hello".into())
            .unwrap()
    });
    assert_eq!(request.header("content-length"), Some("5"));
    assert_eq!(request.head.matches("content-length").count(), 1);
    assert_eq!(request.header("x-own"), Some("kept"));
    for name in [
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "proxy-authorization",
        "proxy-connection",
    ] {
        assert_eq!(request.header(name), None, "{name}");
    }
}

#[test]
fn a_connection_may_be_closed_by_request() {
    let transport = SmolTransport::new();
    let request = sent(&transport, |peer| {
        http::Request::get(peer.url("/"))
            .header("connection", "close")
            .body(Body::empty())
            .unwrap()
    });
    assert_eq!(request.header("connection"), Some("close"));
    assert_at_rest(&transport);
    assert_eq!(transport.stats().idle, 0);
}

#[test]
fn the_host_is_the_one_of_the_address_or_the_one_that_was_given() {
    let transport = SmolTransport::new();
    let plain = sent(&transport, |peer| get(&peer.url("/a?b=c")));
    assert_eq!(plain.first_line(), "GET /a?b=c HTTP/1.1");
    assert!(plain.header("host").unwrap().starts_with("127.0.0.1:"));
    let given = sent(&transport, |peer| {
        http::Request::get(peer.url("/"))
            .header("host", "example.org")
            .body(Body::empty())
            .unwrap()
    });
    assert_eq!(given.header("host"), Some("example.org"));
    let secret = sent(&transport, |peer| {
        get(&peer.url("/").replace("//", "//me:secret@"))
    });
    assert!(!secret.head.contains("secret"), "{}", secret.head);
}

#[test]
fn old_and_new_versions_are_sent_as_the_one_there_is() {
    let transport = SmolTransport::new();
    for version in [http::Version::HTTP_10, http::Version::HTTP_2] {
        let request = sent(&transport, |peer| {
            http::Request::get(peer.url("/"))
                .version(version)
                .body(Body::empty())
                .unwrap()
        });
        assert_eq!(request.first_line(), "GET / HTTP/1.1");
    }
}

#[test]
fn addresses_that_are_none_are_refused() {
    let transport = SmolTransport::new();
    for address in [
        "/path",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "127.0.0.1:80",
    ] {
        let error = block_on(transport.send(get(address))).unwrap_err();
        assert_eq!(
            error.kind(),
            RequestErrorKind::InvalidUrl,
            "{address}: {error}"
        );
    }
    let connect = http::Request::connect("http://127.0.0.1:1/")
        .body(Body::empty())
        .unwrap();
    let error = block_on(transport.send(connect)).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::InvalidRequest);
    assert_eq!(transport.stats().requests, 0);
}

#[test]
fn nobody_listens() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let transport = SmolTransport::new();
    let url = format!("http://me:secret@{closed}/path");
    let error = block_on(transport.send(get(&url))).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Connect);
    let text = error.to_string();
    assert!(text.starts_with("GET http://127.0.0.1:"), "{text}");
    assert_eq!(transport.stats().open, 0);
}

#[test]
fn ipv6_has_brackets() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        return; // this machine has none
    };
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error =
        block_on(SmolTransport::new().send(get(&format!("http://[::1]:{port}/")))).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Connect);
    assert!(error.to_string().contains("refused"), "{error}");
}

/// Why a request with such a body fails.
fn body_failure(body: Body) -> smolio_http::RequestError {
    let peer = Peer::always(vec![Step::Request, ok("hello"), Step::Again]);
    let transport = SmolTransport::new();
    let request = http::Request::post(peer.url("/")).body(body).unwrap();
    let error = block_on(transport.send(request)).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::RequestBody, "{error}");
    // The peer must not take it for whole.
    assert_eq!(transport.stats().open, 0);
    peer.wait_closed();
    assert!(peer.requests().is_empty());
    error
}

#[test]
fn a_body_keeps_to_its_length() {
    let short = body_failure(Body::sized_stream(stream::iter(pieces(&["he"])), 5));
    assert!(
        short.to_string().contains("3 bytes before its length"),
        "{short}"
    );
    body_failure(Body::sized_stream(stream::empty(), 5));
    // What is too much is noticed before it is sent.
    let long = body_failure(Body::sized_stream(stream::iter(pieces(&["he", "llo!"])), 5));
    assert!(long.to_string().contains("1 bytes longer"), "{long}");
}

#[test]
fn the_error_of_a_body_is_the_source() {
    let failing = [
        Ok(Bytes::from("he")),
        Err(std::io::Error::other("out of paper")),
    ];
    let error = body_failure(Body::stream(stream::iter(failing)));
    let source = std::error::Error::source(&error).unwrap();
    let source: &std::io::Error = source.downcast_ref().unwrap();
    assert_eq!(source.to_string(), "out of paper");
}

#[test]
fn an_answer_may_come_before_the_request_is_sent() {
    let early = answer(&["HTTP/1.1 413 Too Large", "content-length: 5"], "large");
    let peer = Peer::always(vec![Step::Head, early, Step::Hang]);
    let transport = SmolTransport::new();
    block_on(async {
        let endless = Body::stream(stream::pending());
        let request = http::Request::post(peer.url("/")).body(endless).unwrap();
        let mut answer = transport.send(request).await.unwrap();
        assert_eq!(answer.status(), 413);
        assert_eq!(read_all(answer.body_mut()).await, b"large");
        // Nobody can tell where the next request would begin.
        assert_eq!(transport.stats().open, 0);
    });
    peer.wait_closed();
}

#[test]
fn large_bodies_go_both_ways() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let peer = Peer::always(vec![Step::Request, ok(&body), Step::Again]);
    let transport = SmolTransport::new();
    block_on(async {
        for _ in 0..2 {
            let request = http::Request::post(peer.url("/"))
                .body(body.clone().into())
                .unwrap();
            let mut answer = transport.send(request).await.unwrap();
            assert!(read_all(answer.body_mut()).await == body);
        }
        fetch(&transport, &peer.url("/")).await.unwrap();
    });
    assert!(peer.requests()[0].body == body);
    assert_eq!(peer.connections(), 1);
}
