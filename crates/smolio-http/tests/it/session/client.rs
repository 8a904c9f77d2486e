//! What is sent: addresses, headers, bodies.

use http::{HeaderMap, HeaderValue, Method};
use smolio_http::{ClientSession, RequestErrorKind};
use url::Url;

use super::{body_of, session};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, ok},
};

fn echo() -> Peer {
    Peer::always(vec![Step::Request, ok("fine"), Step::Again])
}

#[test]
fn a_request_has_the_headers_of_the_session() {
    let peer = echo();
    block_on(async {
        let session = session(|builder| builder.header("x-one", "1").header("x-two", "2"));
        session
            .get(peer.url("/"))
            .header("x-two", "two")
            .await
            .unwrap();
    });
    let request = &peer.requests()[0];
    assert_eq!(request.first_line(), "GET / HTTP/1.1");
    let agent = concat!("smolio/", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("user-agent"), Some(agent));
    assert_eq!(request.header("accept"), Some("*/*"));
    assert_eq!(
        request.header("accept-encoding"),
        Some("gzip, deflate, br, zstd")
    );
    assert_eq!(
        request.header("host"),
        Some(peer.address().to_string().as_str())
    );
    assert_eq!(request.header("x-one"), Some("1"));
    assert_eq!(request.header("x-two"), Some("two"));
    assert_eq!(request.head.matches("x-two").count(), 1);
    assert_eq!(request.header("content-type"), None);
    assert_eq!(request.header("content-length"), None);
}

#[test]
fn all_methods_are_sent() {
    let peer = echo();
    block_on(async {
        let session = ClientSession::new();
        let url = peer.url("/");
        for request in [
            session.get(&url),
            session.post(&url),
            session.put(&url),
            session.patch(&url),
            session.delete(&url),
            session.options(&url),
            session.request(Method::from_bytes(b"PURGE").unwrap(), &url),
        ] {
            assert_eq!(request.await.unwrap().text().await.unwrap(), "fine");
        }
    });
    let requests = peer.requests();
    let methods = requests
        .iter()
        .map(|request| request.first_line().split(' ').next().unwrap());
    let expected = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"];
    assert!(methods.eq(expected));
    // One after the other over the same connection, since each body was read.
    assert_eq!(peer.connections(), 1);
}

#[test]
fn an_address_is_whatever_can_be_one() {
    let peer = echo();
    block_on(async {
        let session = ClientSession::new();
        let text = peer.url("/");
        let url = Url::parse(&text).unwrap();
        session.get(text.as_str()).await.unwrap();
        session.get(&text).await.unwrap();
        // As an iterator over a list of texts gives them.
        for text in &[text.as_str()] {
            session.get(text).await.unwrap();
        }
        session.get(&url).await.unwrap();
        session.get(url).await.unwrap();
        session.get(text).await.unwrap();
    });
    assert_eq!(peer.requests().len(), 6);
}

#[test]
fn what_is_no_address_is_an_error_when_it_is_awaited() {
    let session = ClientSession::new();
    for (address, reason) in [
        (
            "fox",
            r#"not an address of HTTP: "fox": relative URL without a base"#,
        ),
        (
            "http://",
            r#"not an address of HTTP: "http://": empty host"#,
        ),
        (
            "",
            r#"not an address of HTTP: "": relative URL without a base"#,
        ),
    ] {
        let error = block_on(session.get(address).into_future()).unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::InvalidUrl);
        assert_eq!(error.to_string(), reason);
    }
    for address in ["ftp://localhost/", "data:text/plain,fox", "unix:/run/x"] {
        let error = block_on(session.get(address).into_future()).unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::InvalidUrl);
        assert_eq!(error.url().unwrap().as_str(), address);
    }
}

#[test]
fn addresses_are_relative_to_the_base() {
    let peer = echo();
    block_on(async {
        let session = session(|builder| builder.base_url(peer.url("/v1/?left=out")));
        for address in ["users", "/root", "?q=1", "../up"] {
            session.get(address).await.unwrap();
        }
        session.get(peer.url("/whole")).await.unwrap();
    });
    let requests = peer.requests();
    let paths = requests
        .iter()
        .map(|request| request.first_line().split(' ').nth(1).unwrap());
    assert!(paths.eq(["/v1/users", "/root", "/v1/?q=1", "/up", "/whole"]));
}

#[test]
fn a_base_may_have_a_password_for_its_host() {
    let (peer, other) = (echo(), echo());
    block_on(async {
        let base = peer.url("/v1/").replace("http://", "http://a:secret@");
        let session = session(|builder| builder.base_url(base));
        assert!(!format!("{session:?}").contains("secret"));
        session.get("x").await.unwrap();
        session.get(other.url("/")).await.unwrap();
    });
    assert_eq!(
        peer.requests()[0].header("authorization"),
        Some("Basic YTpzZWNyZXQ=")
    );
    assert_eq!(other.requests()[0].header("authorization"), None);
}

#[test]
fn the_fragment_stays_here() {
    let peer = echo();
    block_on(async {
        let response = ClientSession::new()
            .get(peer.url("/page?q=%20x#part"))
            .await
            .unwrap();
        assert_eq!(response.url().fragment(), Some("part"));
    });
    assert_eq!(peer.requests()[0].first_line(), "GET /page?q=%20x HTTP/1.1");
}

#[test]
fn a_query_is_added() {
    let peer = echo();
    block_on(async {
        let session = ClientSession::new();
        let url = peer.url("/?a=1");
        session
            .get(&url)
            .query(&[("b", "ä & ö"), ("c", "")])
            .await
            .unwrap();
        let nothing: [(&str, &str); 0] = [];
        session.get(peer.url("/")).query(&nothing).await.unwrap();
        let error = session.get(&url).query("no pairs").await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::InvalidRequest);
        assert_eq!(error.method(), Some(&Method::GET));
    });
    let requests = peer.requests();
    assert_eq!(
        requests[0].first_line(),
        "GET /?a=1&b=%C3%A4+%26+%C3%B6&c= HTTP/1.1"
    );
    assert_eq!(requests[1].first_line(), "GET / HTTP/1.1");
}

#[test]
fn json_and_forms_say_what_they_are() {
    let peer = echo();
    block_on(async {
        let session = ClientSession::new();
        let url = peer.url("/");
        let value = serde_json::json!({"colour": "red", "legs": 4});
        session.post(&url).json(&value).await.unwrap();
        session
            .post(&url)
            .form(&[("colour", "rot & weiß")])
            .await
            .unwrap();
        let own = HeaderValue::from_static("application/problem+json");
        session
            .post(&url)
            .header("content-type", own)
            .json(&1)
            .await
            .unwrap();
        session.post(&url).body("bare").await.unwrap();
        session.post(&url).await.unwrap();
    });
    let requests = peer.requests();
    let of = |index: usize| {
        let request = &requests[index];
        (request.header("content-type"), body_of(request))
    };
    assert_eq!(
        of(0),
        (
            Some("application/json"),
            r#"{"colour":"red","legs":4}"#.into()
        )
    );
    let form = "application/x-www-form-urlencoded";
    assert_eq!(of(1), (Some(form), "colour=rot+%26+wei%C3%9F".into()));
    assert_eq!(of(2), (Some("application/problem+json"), "1".into()));
    assert_eq!(of(3), (None, "bare".into()));
    assert_eq!(of(4), (None, String::new()));
    assert_eq!(requests[4].header("content-length"), Some("0"));
}

#[test]
fn names_and_passwords_are_sent_as_http_wants_them() {
    let peer = echo();
    block_on(async {
        let session = ClientSession::new();
        let url = peer.url("/");
        for (name, password) in [
            ("", ""),
            ("Aladdin", "open sesame"),
            ("ü", "ß:"),
            ("ab", "c"),
        ] {
            session.get(&url).basic_auth(name, password).await.unwrap();
        }
        session.get(&url).bearer_auth("token").await.unwrap();
        let inside = url.replace("http://", "http://us%40er:pass%20word@");
        let response = session.get(inside).await.unwrap();
        assert_eq!(response.url().as_str(), url, "the password is not shown");
        let error = session
            .get(&url)
            .bearer_auth("line\nbreak")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::InvalidRequest);
    });
    let requests = peer.requests();
    let sent = requests
        .iter()
        .map(|request| request.header("authorization").unwrap());
    assert!(sent.eq([
        "Basic Og==",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic w7w6w586",
        "Basic YWI6Yw==",
        "Bearer token",
        "Basic dXNAZXI6cGFzcyB3b3Jk",
    ]));
}

#[test]
fn the_credentials_of_a_session_with_a_base_are_for_its_host() {
    let peer = echo();
    let other = echo();
    block_on(async {
        let session = session(|builder| builder.base_url(peer.url("/")).bearer_auth("secret"));
        session.get("/").await.unwrap();
        session.get(other.url("/")).await.unwrap();
        session
            .get(other.url("/"))
            .bearer_auth("another")
            .await
            .unwrap();
    });
    assert_eq!(
        peer.requests()[0].header("authorization"),
        Some("Bearer secret")
    );
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(
        other.requests()[1].header("authorization"),
        Some("Bearer another")
    );
}

#[test]
fn what_is_the_transports_business_is_not_sent_twice() {
    let peer = echo();
    block_on(async {
        let response = ClientSession::new()
            .post(peer.url("/"))
            .header("content-length", "1")
            .header("transfer-encoding", "chunked")
            .header("connection", "close, x-secret")
            .header("x-secret", "kept")
            .header("te", "trailers")
            .body("five5")
            .await;
        response.unwrap();
    });
    let request = &peer.requests()[0];
    assert_eq!(request.header("content-length"), Some("5"));
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(
        request.header("connection"),
        None,
        "only `close` alone is said"
    );
    assert_eq!(request.header("te"), None);
    assert_eq!(request.header("x-secret"), Some("kept"));
}

#[test]
fn headers_replace_and_repeat() {
    let peer = echo();
    block_on(async {
        let mut several = HeaderMap::new();
        several.append("x-many", HeaderValue::from_static("1"));
        several.append("x-many", HeaderValue::from_static("2"));
        several.append("accept", HeaderValue::from_static("text/html"));
        let request = ClientSession::new()
            .get(peer.url("/"))
            .header("x-many", "0");
        request
            .headers(several)
            .header("x-many", "3")
            .await
            .unwrap();
    });
    let request = &peer.requests()[0];
    let many: Vec<_> = request
        .head
        .lines()
        .filter(|line| line.starts_with("x-many"))
        .collect();
    assert_eq!(many, ["x-many: 1", "x-many: 2", "x-many: 3"]);
    assert_eq!(request.header("accept"), Some("text/html"));
}

#[test]
fn a_header_that_cannot_be_is_an_error() {
    let session = ClientSession::new();
    let url = "http://localhost/";
    for request in [
        session.get(url).header("x", "line\nbreak"),
        session.get(url).header("with space", "x"),
        session
            .post(url)
            .json(&std::collections::BTreeMap::from([((1, 2), 3)])),
        // The first error is the one that is told.
        session.get(url).header("x", "\0").query(&[("fine", 1)]),
    ] {
        let error = block_on(request.into_future()).unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::InvalidRequest);
        assert_eq!(error.url().unwrap().as_str(), url);
    }
    let error = ClientSession::builder()
        .header("x y", "1")
        .user_agent("\n")
        .build();
    let error = error.unwrap_err();
    assert_eq!(error.setting(), "header");
    assert_eq!(
        error.to_string(),
        "the session cannot have this header: invalid HTTP header name"
    );
    let error = ClientSession::builder()
        .base_url("nowhere")
        .build()
        .unwrap_err();
    assert_eq!(error.setting(), "base_url");
    assert!(
        ClientSession::builder()
            .base_url("data:,x")
            .build()
            .is_err()
    );
}
