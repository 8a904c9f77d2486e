//! Redirects: RFC 9110, section 15.4, and what must not be carried along.

use smolio_http::{Body, ClientSession, RequestErrorKind};

use super::{body_of, empty, session};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, answer, ok},
};

/// Answers each request on a connection with the next step.
fn answers(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps
        .into_iter()
        .flat_map(|step| [Step::Request, step])
        .collect()
}

fn to(status: u16, location: &str) -> Step {
    empty(&status.to_string(), &[&format!("location: {location}")])
}

#[test]
fn the_method_and_the_body_are_as_the_status_says() {
    let cases = [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "HEAD", "HEAD"),
        (307, "GET", "GET"),
    ];
    for (status, before, after) in cases {
        let peer = Peer::new([answers([to(status, "/next"), empty("200 OK", &[])])]);
        block_on(async {
            let method = before.parse().unwrap();
            let request = ClientSession::new().request(method, peer.url("/first"));
            let has_body = before != "GET" && before != "HEAD";
            let request = if has_body {
                request.json("fox")
            } else {
                request
            };
            let response = request.header("x-own", "1").await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.url().path(), "/next");
            assert_eq!(response.method().as_str(), after);
            let [redirect] = response.history() else {
                panic!("one redirect, but: {:?}", response.history());
            };
            assert_eq!(redirect.status().as_u16(), status);
            assert_eq!(redirect.url().path(), "/first");
        });
        let requests = peer.requests();
        let [first, second] = &requests[..] else {
            panic!("two requests, but: {requests:?}");
        };
        assert_eq!(second.first_line(), format!("{after} /next HTTP/1.1"));
        assert_eq!(second.header("x-own"), Some("1"));
        if before == after {
            assert_eq!(second.body, first.body);
            assert_eq!(second.header("content-type"), first.header("content-type"));
        } else {
            assert_eq!(body_of(second), "");
            assert_eq!(second.header("content-type"), None);
            assert_eq!(second.header("content-length"), None);
        }
        assert_eq!(peer.connections(), 1, "the connection is used again");
    }
}

#[test]
fn a_get_may_have_a_body_and_keeps_it() {
    let peer = Peer::new([answers([to(302, "/next"), ok("")])]);
    block_on(async {
        let request = ClientSession::new().get(peer.url("/")).json("query");
        request.await.unwrap();
    });
    assert_eq!(body_of(&peer.requests()[1]), "\"query\"");
}

#[test]
fn a_location_may_be_written_in_many_ways() {
    for (location, path) in [
        ("next?x=1", "/a/next?x=1"),
        ("?x", "/a/b?x"),
        ("../c", "/c"),
        ("/f\u{fc}chse", "/f%C3%BCchse"),
        ("/with space", "/with%20space"),
    ] {
        let peer = Peer::new([answers([to(302, location), empty("200 OK", &[])])]);
        block_on(async {
            let response = ClientSession::new()
                .get(peer.url("/a/b#part"))
                .await
                .unwrap();
            assert_eq!(response.url().fragment(), Some("part"), "it is inherited");
        });
        assert_eq!(
            peer.requests()[1].first_line(),
            format!("GET {path} HTTP/1.1")
        );
    }
    // Bytes that are no UTF-8.
    let raw =
        b"HTTP/1.1 302 Found\r\nlocation: /f\xfcchse#own\r\ncontent-length: 0\r\n\r\n".to_vec();
    let peer = Peer::new([answers([Step::Send(raw), empty("200 OK", &[])])]);
    block_on(async {
        let response = ClientSession::new().get(peer.url("/#part")).await.unwrap();
        assert_eq!(response.url().fragment(), Some("own"));
    });
    assert_eq!(peer.requests()[1].first_line(), "GET /f%FCchse HTTP/1.1");
}

#[test]
fn a_redirect_to_nowhere_is_an_error_and_one_without_location_an_answer() {
    for location in [
        "ftp://localhost/",
        "http://[::1",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ] {
        let peer = Peer::new([answers([to(302, location)])]);
        let error = block_on(ClientSession::new().get(peer.url("/")).into_future()).unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::InvalidRedirect);
        assert!(error.to_string().contains(location), "{error}");
    }
    for status in ["302", "304", "300", "305"] {
        let peer = Peer::new([answers([empty(status, &[])])]);
        let response = block_on(ClientSession::new().get(peer.url("/")).into_future()).unwrap();
        assert_eq!(response.status().as_str(), status);
    }
}

#[test]
fn loops_end() {
    let peer = Peer::always(vec![Step::Request, to(302, "/again"), Step::Again]);
    let session = session(|builder| builder.redirects(3));
    block_on(async {
        let error = session.get(peer.url("/")).await.unwrap_err();
        assert_eq!(
            error.kind(),
            RequestErrorKind::TooManyRedirects { limit: 3 }
        );
        assert_eq!(peer.requests().len(), 4);
        let error = session.get(peer.url("/")).redirects(1).await.unwrap_err();
        assert_eq!(
            error.kind(),
            RequestErrorKind::TooManyRedirects { limit: 1 }
        );
        let response = session.get(peer.url("/")).redirects(0).await.unwrap();
        assert_eq!(response.status(), 302);
        let error = ClientSession::new().get(peer.url("/")).await.unwrap_err();
        assert_eq!(
            error.kind(),
            RequestErrorKind::TooManyRedirects { limit: 10 }
        );
        assert!(
            error.to_string().ends_with("redirected more than 10 times"),
            "{error}"
        );
    });
}

#[test]
fn credentials_stay_with_their_origin() {
    let other = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    // The same machine at another port is another origin.
    let peer = Peer::new([answers([to(302, "/same"), to(307, &other.url("/other"))])]);
    block_on(async {
        let session = session(|builder| builder.header("x-session", "1"));
        let request = session
            .post(peer.url("/"))
            .basic_auth("fox", "secret")
            .header("cookie", "own=1")
            .header("proxy-authorization", "secret")
            .header("host", "virtual.example")
            .header("x-own", "1");
        request.await.unwrap();
    });
    for request in peer.requests() {
        assert!(request.header("authorization").is_some());
        assert_eq!(request.header("cookie"), Some("own=1"));
        assert_eq!(request.header("host"), Some("virtual.example"));
    }
    let received = &other.requests()[0];
    for name in ["authorization", "cookie", "proxy-authorization", "referer"] {
        assert_eq!(received.header(name), None);
    }
    assert_eq!(
        received.header("host"),
        Some(other.address().to_string().as_str())
    );
    assert_eq!(received.header("x-own"), Some("1"));
    assert_eq!(received.header("x-session"), Some("1"));
}

#[test]
fn the_credentials_of_the_session_do_too() {
    let other = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    let peer = Peer::new([answers([to(302, "/same"), to(302, &other.url("/other"))])]);
    block_on(async {
        let session = session(|builder| builder.bearer_auth("secret"));
        session.get(peer.url("/")).await.unwrap();
    });
    for request in peer.requests() {
        assert_eq!(request.header("authorization"), Some("Bearer secret"));
    }
    assert_eq!(other.requests()[0].header("authorization"), None);
}

#[test]
fn a_location_may_bring_credentials_of_its_own() {
    let other = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    let url = other.url("/").replace("http://", "http://a:b@");
    let peer = Peer::new([answers([to(302, &url)])]);
    block_on(async {
        let request = ClientSession::new()
            .get(peer.url("/"))
            .bearer_auth("secret");
        let response = request.await.unwrap();
        assert_eq!(response.url().as_str(), other.url("/"));
    });
    assert_eq!(
        other.requests()[0].header("authorization"),
        Some("Basic YTpi")
    );
}

#[test]
fn a_stream_cannot_be_sent_again() {
    let stream = || {
        let chunk = Ok(bytes::Bytes::from("once"));
        Body::stream(futures_lite::stream::iter([chunk]))
    };
    let peer = Peer::new([answers([to(307, "/next")])]);
    block_on(async {
        let error = ClientSession::new()
            .post(peer.url("/"))
            .body(stream())
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::BodyNotReplayable);
        assert_eq!(error.url().unwrap().path(), "/next");
    });
    // Where it need not be sent again all is well.
    let peer = Peer::new([answers([to(303, "/next"), ok("seen")])]);
    block_on(async {
        let response = ClientSession::new()
            .post(peer.url("/"))
            .body(stream())
            .await;
        assert_eq!(response.unwrap().text().await.unwrap(), "seen");
    });
}

#[test]
fn a_body_without_end_does_not_hold_up_a_redirect() {
    let head =
        b"HTTP/1.1 302 Found\r\nlocation: /next\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let flood = Step::Flood(b"5\r\nhello\r\n".to_vec());
    let endless = vec![Step::Request, Step::Send(head), flood];
    let peer = Peer::new([endless, answers([ok("here")])]);
    let text = block_on(async {
        let response = ClientSession::new().get(peer.url("/")).await.unwrap();
        response.text().await.unwrap()
    });
    assert_eq!(text, "here");
    assert_eq!(peer.connections(), 2);

    // One that says it is long is not even begun, and one that never comes is given up.
    let long = answer(
        &[
            "HTTP/1.1 302 Found",
            "location: /next",
            "content-length: 1000000",
        ],
        "x",
    );
    let peer = Peer::new([vec![Step::Request, long, Step::Hang], answers([ok("here")])]);
    let response = block_on(ClientSession::new().get(peer.url("/")).into_future()).unwrap();
    assert_eq!(response.url().path(), "/next");
}
