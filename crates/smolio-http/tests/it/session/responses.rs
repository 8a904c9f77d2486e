//! What is received: status, headers, text, JSON, chunks, limits.

use futures_lite::{AsyncBufReadExt, AsyncReadExt, StreamExt};
use smolio_http::{BodyErrorKind, ClientSession, Response};

use super::session;
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, answer, ok},
};

/// A response to `GET /page`, and the peer that it is of.
async fn response(answer: Step) -> (Response, Peer) {
    let peer = Peer::new([vec![Step::Request, answer]]);
    let response = ClientSession::new().get(peer.url("/page")).await.unwrap();
    (response, peer)
}

#[test]
fn any_status_is_one() {
    for code in [200, 204, 299, 304, 399, 404, 520, 599, 600, 999] {
        block_on(async {
            let line = format!("HTTP/1.1 {code} Whatever");
            let (response, peer) = response(answer(&[&line, "content-length: 0"], "")).await;
            assert_eq!(response.status().as_u16(), code);
            let url = peer.url("/page");
            match response.error_for_status() {
                Ok(response) => assert!(code < 400 && response.url().as_str() == url),
                Err(error) => {
                    assert!(code >= 400);
                    assert_eq!(error.status().as_u16(), code);
                    assert_eq!(error.url().as_str(), url);
                    assert_eq!(error.method(), http::Method::GET);
                    let reason = error.status().canonical_reason();
                    let reason = reason
                        .map(|reason| format!(" {reason}"))
                        .unwrap_or_default();
                    let text = format!("GET {url}: the answer is {code}{reason}");
                    assert_eq!(error.to_string(), text);
                }
            }
        });
    }
}

#[test]
fn headers_are_bytes() {
    block_on(async {
        let mut head =
            b"HTTP/1.1 200 OK\r\nx-name: f\xfcchse\r\ncontent-length: 0\r\n\r\n".to_vec();
        head.shrink_to_fit();
        let (response, _peer) = response(Step::Send(head)).await;
        assert_eq!(response.headers()["x-name"].as_bytes(), b"f\xfcchse");
        assert_eq!(response.version(), http::Version::HTTP_11);
        assert_eq!(response.content_length(), Some(0));
        assert!(response.history().is_empty());
    });
}

#[test]
fn a_text_is_read_in_its_character_set() {
    let cases: [(&str, &[u8], &str); 8] = [
        ("text/plain", "füchse".as_bytes(), "füchse"),
        ("text/plain; charset=ISO-8859-1", b"f\xfcchse", "füchse"),
        ("text/plain; Charset=\"windows-1252\"; x=y", b"\x80", "€"),
        (
            "text/html;charset=shift_jis",
            b"\x83\x4c\x83\x63\x83\x6c",
            "キツネ",
        ),
        ("text/plain; charset=unheard-of", "ü".as_bytes(), "ü"),
        ("text/plain", b"broken \xff", "broken \u{fffd}"),
        // The mark of the bytes is stronger than the header.
        ("text/plain; charset=latin1", b"\xef\xbb\xbf\xc3\xbc", "ü"),
        ("text/plain", b"\xff\xfef\x00o\x00x\x00", "fox"),
    ];
    for (content_type, bytes, expected) in cases {
        block_on(async {
            let content_type = format!("content-type: {content_type}");
            let length = format!("content-length: {}", bytes.len());
            let head = ["HTTP/1.1 200 OK", &content_type, &length];
            let (response, _peer) = response(answer(&head, bytes)).await;
            assert_eq!(response.text().await.unwrap(), expected);
        });
    }
}

#[test]
fn json_is_what_was_expected_or_says_where_not() {
    block_on(async {
        let (response_, _peer) = response(ok("\u{feff}[1, 2, 3]")).await;
        assert_eq!(response_.json::<Vec<u8>>().await.unwrap(), [1, 2, 3]);

        let page = "<html>\n<body>no service</body>";
        let head = ["HTTP/1.1 502 Bad Gateway", "content-length: 29"];
        let (response_, _peer) = response(answer(&head, page)).await;
        let error = response_.json::<Vec<u8>>().await.unwrap_err();
        assert_eq!(error.status().unwrap(), 502);
        assert_eq!(error.position(), Some((1, 1)));
        let text = "the body (status 502) is not the JSON expected: \
            expected value at line 1 column 1, near \"<html>\"";
        assert_eq!(error.to_string(), text);

        let (response_, _peer) = response(ok("[1,\n 2, 300]")).await;
        let error = response_.json::<Vec<u8>>().await.unwrap_err();
        assert_eq!(error.position(), Some((2, 7)));
        assert!(error.to_string().ends_with("near \" 2, 300]\""), "{error}");

        let (response_, _peer) = response(ok("")).await;
        let error = response_.json::<Vec<u8>>().await.unwrap_err();
        assert!(error.body_error().is_none());
    });
}

#[test]
fn what_is_larger_than_the_limit_is_an_error() {
    block_on(async {
        // Told beforehand.
        let (response_, _peer) = response(ok("12345678")).await;
        let error = response_.limit(7).bytes().await.unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::TooLarge { limit: 7 });
        let (response_, _peer) = response(ok("12345678")).await;
        assert_eq!(response_.limit(8).text().await.unwrap(), "12345678");
        // Not told, and without end.
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let flood = Step::Flood(b"5\r\nhello\r\n".to_vec());
        let peer = Peer::always(vec![Step::Request, Step::Send(head), flood]);
        let session = session(|builder| builder.body_limit(100_000));
        let response = session.get(peer.url("/")).await.unwrap();
        let error = response.text().await.unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::TooLarge { limit: 100_000 });
        let response = session.get(peer.url("/")).await.unwrap();
        let error = response.json::<u8>().await.unwrap_err();
        let kind = error.body_error().unwrap().kind();
        assert_eq!(kind, BodyErrorKind::TooLarge { limit: 100_000 });
        assert_eq!(
            error.to_string(),
            "the body is larger than the limit of 100000 bytes"
        );
        peer.wait_closed();
    });
}

#[test]
fn chunks_come_as_they_are_sent() {
    let chunked = ["HTTP/1.1 200 OK", "transfer-encoding: chunked"];
    let body = "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
    block_on(async {
        let (mut response_, _peer) = response(answer(&chunked, body)).await;
        assert_eq!(response_.content_length(), None);
        let mut all = Vec::new();
        while let Some(chunk) = response_.chunk().await.unwrap() {
            all.extend_from_slice(&chunk);
        }
        assert_eq!(all, b"onetwo");
        assert!(response_.next().await.is_none());

        let (response_, _peer) = response(answer(&chunked, body)).await;
        let chunks: Vec<_> = response_.collect().await;
        assert!(chunks.iter().all(Result::is_ok));

        let (response_, _peer) = response(answer(&chunked, body)).await;
        assert_eq!(response_.bytes().await.unwrap(), "onetwo");
    });
}

#[test]
fn a_reader_reads_lines() {
    block_on(async {
        let (response_, _peer) = response(ok("one\ntwo\nthree")).await;
        let lines: Vec<_> = response_.reader().lines().collect().await;
        let lines: Vec<_> = lines.into_iter().map(Result::unwrap).collect();
        assert_eq!(lines, ["one", "two", "three"]);

        let head = ["HTTP/1.1 200 OK", "content-length: 10"];
        let (response_, _peer) = response(answer(&head, "short")).await;
        let mut text = String::new();
        let error = response_
            .reader()
            .read_to_string(&mut text)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
        let inner = error
            .get_ref()
            .unwrap()
            .downcast_ref::<smolio_http::BodyError>()
            .unwrap();
        assert_eq!(inner.kind(), BodyErrorKind::Disconnected);
    });
}

#[test]
fn a_head_has_the_length_of_what_it_does_not_have() {
    let peer = Peer::always(vec![
        Step::Request,
        answer(
            &[
                "HTTP/1.1 200 OK",
                "content-length: 999999999",
                "content-encoding: gzip",
            ],
            "",
        ),
        Step::Again,
    ]);
    block_on(async {
        let session = session(|builder| builder.body_limit(10));
        for _ in 0..2 {
            let response = session.head(peer.url("/")).await.unwrap();
            assert_eq!(response.content_length(), Some(999_999_999));
            assert_eq!(response.headers()["content-encoding"], "gzip");
            assert_eq!(response.text().await.unwrap(), "");
        }
    });
    assert_eq!(peer.connections(), 1);
}

#[test]
fn a_short_page_that_nobody_reads_does_not_cost_a_connection() {
    let page = answer(
        &["HTTP/1.1 404 Not Found", "content-length: 9"],
        "not found",
    );
    let peer = Peer::always(vec![Step::Request, page, Step::Again]);
    block_on(async {
        let session = ClientSession::new();
        for _ in 0..10 {
            let response = session.get(peer.url("/")).await.unwrap();
            response.error_for_status().unwrap_err();
        }
        assert_eq!((session.stats().in_use, session.stats().idle), (0, 1));
    });
    assert_eq!(peer.connections(), 1);

    // What is long, or has not come, is not waited for.
    for (length, body) in [("9", "not"), ("100000", "begun")] {
        let length = format!("content-length: {length}");
        let page = answer(&["HTTP/1.1 404 Not Found", &length], body);
        let peer = Peer::always(vec![Step::Request, page, Step::Hang]);
        block_on(async {
            let session = ClientSession::new();
            let response = session.get(peer.url("/")).await.unwrap();
            response.error_for_status().unwrap_err();
            assert_eq!(session.stats().open, 0);
            peer.wait_closed();
        });
    }
    let head = answer(
        &["HTTP/1.1 404 Not Found", "transfer-encoding: chunked"],
        "",
    );
    let flood = Step::Flood(b"5\r\nhello\r\n".to_vec());
    let peer = Peer::always(vec![Step::Request, head, flood]);
    block_on(async {
        let response = ClientSession::new().get(peer.url("/")).await.unwrap();
        response.error_for_status().unwrap_err();
    });
    peer.wait_closed();
}
