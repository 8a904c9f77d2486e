//! Connections that were closed while nobody looked: when a request is sent again, and when that would be wrong.

use futures_lite::stream;
use smolio_http::{Body, RequestErrorKind, SmolTransport};

use crate::support::{
    assert_at_rest, block_on, fetch,
    peer::Peer,
    script::{Step, ok},
};

/// The second request of two, after the peer did this with it on the first connection.
fn second(
    fate: &[Step],
    method: &str,
    body: Body,
) -> (Result<http::StatusCode, RequestErrorKind>, Peer) {
    let first = [&[Step::Request, ok("one")], fate].concat();
    let peer = Peer::new([
        first,
        vec![Step::Request, ok("two")],
        vec![Step::Request, ok("three")],
    ]);
    let transport = SmolTransport::new();
    let outcome = block_on(async {
        fetch(&transport, &peer.url("/first")).await.unwrap();
        if fate.is_empty() {
            peer.wait_closed();
        }
        let request = http::Request::builder()
            .method(method)
            .uri(peer.url("/second"));
        let answer = transport.send(request.body(body).unwrap()).await;
        answer
            .map(|answer| answer.status())
            .map_err(|error| error.kind())
    });
    assert_at_rest(&transport);
    (outcome, peer)
}

fn streamed() -> Body {
    Body::stream(stream::once(Ok("body".into())))
}

#[test]
fn a_connection_that_was_closed_while_idle_is_not_used() {
    for (method, body) in [
        ("GET", Body::empty()),
        ("POST", "body".into()),
        ("POST", streamed()),
    ] {
        let (outcome, peer) = second(&[], method, body);
        assert_eq!(outcome, Ok(http::StatusCode::OK), "{method}");
        assert_eq!(peer.connections(), 2);
    }
}

#[test]
fn a_request_that_twice_is_as_good_as_once_is_sent_again() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        for fate in [Step::Request, Step::Arrival] {
            let (outcome, peer) = second(&[fate], method, Body::empty());
            assert_eq!(outcome, Ok(http::StatusCode::OK), "{method}");
            assert_eq!(peer.connections(), 2);
            let last = peer.requests().pop().unwrap();
            assert_eq!(last.first_line(), format!("{method} /second HTTP/1.1"));
        }
    }
}

#[test]
fn a_request_that_the_peer_may_have_acted_on_is_not_sent_again() {
    let cases = [
        ("POST", Body::empty()),
        ("POST", "body".into()),
        ("PATCH", Body::empty()),
        ("PUT", "body".into()),
        ("GET", streamed()),
    ];
    for (method, body) in cases {
        let (outcome, peer) = second(&[Step::Request], method, body);
        assert_eq!(outcome, Err(RequestErrorKind::Disconnected), "{method}");
        assert_eq!(peer.connections(), 1);
    }
}

#[test]
fn an_answer_that_has_begun_is_not_asked_for_again() {
    let begun = Step::Send(b"HTTP/1.1 200 OK\r\nx: ".to_vec());
    let nonsense = Step::Send(b"nonsense\r\n\r\n".to_vec());
    let (outcome, _) = second(&[Step::Request, nonsense], "GET", Body::empty());
    assert_eq!(outcome, Err(RequestErrorKind::Protocol));
    // The head is not whole, so nobody knows of it: the request is repeated as if nothing had come.
    let (outcome, _) = second(&[Step::Request, begun], "GET", Body::empty());
    assert_eq!(outcome, Ok(http::StatusCode::OK));
}

#[test]
fn a_new_connection_that_fails_is_not_tried_again() {
    let peer = Peer::always(vec![Step::Request]);
    let transport = SmolTransport::new();
    let error = block_on(fetch(&transport, &peer.url("/"))).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Disconnected);
    assert_eq!(peer.connections(), 1);
}

#[test]
fn a_peer_that_always_hangs_up_gets_two_requests_and_no_more() {
    let first = vec![Step::Request, ok("one"), Step::Request];
    let peer = Peer::new([first, vec![Step::Request], vec![Step::Request, ok("three")]]);
    let transport = SmolTransport::new();
    block_on(async {
        fetch(&transport, &peer.url("/")).await.unwrap();
        let error = fetch(&transport, &peer.url("/")).await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::Disconnected);
    });
    assert_eq!(peer.connections(), 2);
    assert_eq!(transport.stats().open, 0);
}
