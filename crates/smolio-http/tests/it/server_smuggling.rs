//! Requests that two parties could understand in two ways, the older trick of the trade: each is understood in one way, or not at
//! all, and what follows it on the connection is never taken for a request.

use axum::{Router, body::Bytes, routing::any};
use smolio_executor::run;
use smolio_http::serve;

use crate::guest::{listen, tell};

/// What an attacker wants to get through.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: here\r\n\r\n";

fn app() -> Router {
    let answer = |uri: http::Uri, body: Bytes| async move { format!("<{uri} {}>", body.len()) };
    Router::new().fallback(any(answer))
}

/// Sends `request`, with something behind it, and gives what was answered.
async fn answers(request: &str) -> String {
    let (listener, address) = listen().await;
    let client = tell(address, format!("{request}{SMUGGLED}"));
    let served = serve(listener, app()).until(client).await;
    assert!(
        !served.reason.contains("</smuggled"),
        "{request:?}: {}",
        served.reason
    );
    assert!(served.stats.requests <= 1, "{request:?}: {}", served.reason);
    served.reason
}

/// They are no requests: 400, and the connection is closed.
#[test]
fn what_is_ambiguous_is_refused() {
    let heads = [
        // Two lengths.
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5, 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: -5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 0x5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length:\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 99999999999999999999999\r\n\r\nhello",
        // Codings that are not ours, or not the last one.
        "POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: identity\r\ncontent-length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        // Names and lines that some forgive.
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length : 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\n content-length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: here\r\nname: value\r\n folded\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\nname: va\rlue\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\nna\0me: value\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\nname: va\0lue\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: here\r\n: no name\r\n\r\n",
        "POST / HTTP/1.1 \r\nhost: here\r\n\r\n",
        "POST  / HTTP/1.1\r\nhost: here\r\n\r\n",
        "POST / HTTP/1.2\r\nhost: here\r\n\r\n",
        "POST / HTTP/11\r\nhost: here\r\n\r\n",
        "POST /\r\n\r\n",
        "\0\x01\x02\r\n\r\n",
    ];
    run(async {
        for head in heads {
            let answer = answers(head).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{head:?}: {answer}");
        }
    });
}

/// RFC 9112 lets a server take the coding for the length, if it closes the connection then.
#[test]
fn with_a_coding_and_a_length_the_coding_counts_and_is_the_last() {
    run(async {
        for head in [
            "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\ncontent-length: 6\r\n\r\n0\r\n\r\n",
        ] {
            let answer = answers(head).await;
            assert!(answer.ends_with("</ 0>"), "{head:?}: {answer}");
            assert!(answer.contains("connection: close"), "{head:?}: {answer}");
        }
    });
}

/// The application sees an error in place of the rest of the body, or nothing at all.
#[test]
fn chunks_that_are_none_are_an_error() {
    let bodies = [
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5;na\nme\r\nhello\r\n0\r\n\r\n",
        "hello",
    ];
    run(async {
        for body in bodies {
            let head = "POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n";
            let answer = answers(&format!("{head}{body}")).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{body:?}: {answer}");
        }
    });
}

/// The same length twice is one length.
#[test]
fn what_is_said_twice_is_said() {
    run(async {
        let (listener, address) = listen().await;
        let twice = "POST / HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello";
        let served = serve(listener, app()).until(tell(address, twice)).await;
        assert!(served.reason.ends_with("</ 5>"), "{}", served.reason);
    });
}

/// RFC 9112 lets lines end without a carriage return; nothing else follows from it.
#[test]
fn lines_may_end_in_a_line_feed_alone() {
    run(async {
        let (listener, address) = listen().await;
        let bare = "POST / HTTP/1.1\nhost: here\nconnection: close\ncontent-length: 5\n\nhello";
        let served = serve(listener, app()).until(tell(address, bare)).await;
        assert!(served.reason.ends_with("</ 5>"), "{}", served.reason);
    });
}
