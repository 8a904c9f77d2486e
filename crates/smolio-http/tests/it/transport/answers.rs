//! Answers that are right, wrong, cut short or without end: each gives what it should, and the transport works on.

use smolio_http::{BodyErrorKind, RequestErrorKind, SmolTransport};

use crate::support::{
    assert_at_rest, block_on, fetch, get,
    peer::Peer,
    read,
    script::{Step, answer, ok},
};

/// One exchange in which the peer answers with these bytes, and then hangs up.
fn exchange(reply: impl Into<Vec<u8>>) -> Result<Vec<u8>, Failure> {
    exchange_with(vec![Step::Request, Step::Send(reply.into())], "GET")
}

#[derive(Debug, PartialEq)]
enum Failure {
    Head(RequestErrorKind),
    Body(BodyErrorKind),
}

/// An exchange with a script, and another one after it that must work.
fn exchange_with(script: Vec<Step>, method: &str) -> Result<Vec<u8>, Failure> {
    let peer = Peer::new([script, vec![Step::Request, ok("well")]]);
    let transport = SmolTransport::new();
    block_on(async {
        let mut request = get(&peer.url("/"));
        *request.method_mut() = method.parse().unwrap();
        let outcome = match transport.send(request).await {
            Err(error) => Err(Failure::Head(error.kind())),
            Ok(mut answer) => match read(answer.body_mut()).await {
                Err(error) => Err(Failure::Body(error.kind())),
                Ok(body) => Ok(body),
            },
        };
        assert_at_rest(&transport);
        // No connection of which anything was wrong is used again.
        let next = fetch(&transport, &peer.url("/next")).await.unwrap();
        assert_eq!(next.body(), b"well");
        assert_at_rest(&transport);
        assert_eq!(peer.connections(), 2);
        outcome
    })
}

#[test]
fn what_has_no_length_ends_with_the_connection() {
    assert_eq!(
        exchange("HTTP/1.1 200 OK\r\n\r\nhello"),
        Ok(b"hello".to_vec())
    );
    assert_eq!(
        exchange("HTTP/1.0 200 OK\r\n\r\nhello"),
        Ok(b"hello".to_vec())
    );
}

#[test]
fn an_old_peer_closes_its_connection() {
    let old = "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(exchange(old), Ok(b"hello".to_vec()));
}

#[test]
fn a_connection_that_is_to_be_closed_is_not_used_again() {
    let closing = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(exchange(closing), Ok(b"hello".to_vec()));
}

#[test]
fn what_comes_after_an_answer_is_no_answer() {
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    assert_eq!(exchange(two), Ok(b"hello".to_vec()));
    let bodiless =
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    assert_eq!(exchange(bodiless), Ok(Vec::new()));
}

#[test]
fn a_peer_that_hangs_up_gives_no_answer() {
    let disconnected = Err(Failure::Head(RequestErrorKind::Disconnected));
    assert_eq!(exchange(""), disconnected);
    assert_eq!(exchange("HTTP/1.1 200 O"), disconnected);
    assert_eq!(exchange("HTTP/1.1 200 OK\r\ncontent-le"), disconnected);
    assert_eq!(exchange_with(vec![Step::Arrival], "GET"), disconnected);
}

#[test]
fn a_body_that_is_cut_short_is_no_whole_body() {
    let disconnected = Err(Failure::Body(BodyErrorKind::Disconnected));
    let truncated = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";
    assert_eq!(exchange(truncated), disconnected);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for cut in [
        "",
        "5",
        "5\r\n",
        "5\r\nhel",
        "5\r\nhello\r\n",
        "5\r\nhello\r\n0\r\n",
    ] {
        assert_eq!(exchange(format!("{chunked}{cut}")), disconnected, "{cut:?}");
    }
}

#[test]
fn a_chunk_that_is_none_is_an_error() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let protocol = Err(Failure::Body(BodyErrorKind::Protocol));
    for bad in [
        "x\r\nhello\r\n",
        "-5\r\nhello\r\n",
        "5\r\nhelloxx",
        "fffffffffffffffff\r\nhello\r\n",
    ] {
        assert_eq!(exchange(format!("{chunked}{bad}")), protocol, "{bad:?}");
    }
}

#[test]
fn what_is_not_http_is_an_error() {
    let protocol = Err(Failure::Head(RequestErrorKind::Protocol));
    let heads = [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/3.7 200 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nna me: value\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello",
    ];
    for head in heads {
        assert_eq!(exchange(head), protocol, "{head:?}");
    }
}

#[test]
fn chunks_go_before_a_length() {
    let both = answer(
        &[
            "HTTP/1.1 200 OK",
            "content-length: 3",
            "transfer-encoding: chunked",
        ],
        "5\r\nhello\r\n0\r\n\r\n",
    );
    // The connection stays open, but it is not used again: that there are two is what `exchange_with` sees to.
    let script = vec![Step::Request, both, Step::Hang];
    assert_eq!(exchange_with(script, "GET"), Ok(b"hello".to_vec()));
}

#[test]
fn heads_have_a_limit() {
    let too_large = Err(Failure::Head(RequestErrorKind::HeadTooLarge));
    let value = "x".repeat(1024 * 1024);
    let long = format!("HTTP/1.1 200 OK\r\nlong: {value}\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(exchange(long), too_large);
    let headers = "name: value\r\n".repeat(10_000);
    let many = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n");
    assert_eq!(exchange(many), too_large);
    let never_ends = vec![
        Step::Request,
        Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Step::Flood(b"name: value\r\n".repeat(1000)),
    ];
    assert_eq!(exchange_with(never_ends, "GET"), too_large);
}

#[test]
fn all_statuses_are_answers() {
    for status in [200, 404, 500, 520, 599, 999] {
        let length = "content-length: 0";
        let script = vec![
            Step::Request,
            answer(&[&format!("HTTP/1.1 {status} So"), length], ""),
        ];
        let peer = Peer::always(script);
        let transport = SmolTransport::new();
        let answer = block_on(fetch(&transport, &peer.url("/"))).unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
}

#[test]
fn headers_are_bytes() {
    let mut reply =
        b"HTTP/1.1 200 OK\r\nname: gr\xfc\xdfe \xe2\x82\xac\r\ncontent-length: 0\r\n\r\n".to_vec();
    reply.push(b' ');
    let peer = Peer::new([vec![Step::Request, Step::Send(reply)]]);
    let transport = SmolTransport::new();
    let answer = block_on(fetch(&transport, &peer.url("/"))).unwrap();
    assert_eq!(
        answer.headers()["name"].as_bytes(),
        b"gr\xfc\xdfe \xe2\x82\xac"
    );
}

#[test]
fn byte_by_byte_is_as_good() {
    let reply = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nname: value\r\n\r\n";
    let script = vec![Step::Request, Step::Trickle(reply.to_vec()), Step::Again];
    let peer = Peer::always(script);
    let transport = SmolTransport::new();
    block_on(async {
        for _ in 0..3 {
            let answer = fetch(&transport, &peer.url("/")).await.unwrap();
            assert_eq!(answer.body(), b"hello");
        }
    });
    assert_eq!(peer.connections(), 1);
}

#[test]
fn interim_answers_are_skipped() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n".repeat(3);
    let last = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let script = vec![
        Step::Request,
        Step::Send(format!("{interim}{last}").into()),
        Step::Again,
    ];
    let peer = Peer::always(script);
    let transport = SmolTransport::new();
    let answer = block_on(fetch(&transport, &peer.url("/"))).unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_slice()),
        (200, b"hello".as_slice())
    );
}

#[test]
fn some_answers_have_no_body_whatever_they_say() {
    let transport = SmolTransport::new();
    let lying = |status: &str| answer(&[&format!("HTTP/1.1 {status}"), "content-length: 5"], "");
    let scripts = [
        ("HEAD", "200 OK"),
        ("GET", "304 Not Modified"),
        ("GET", "204 No Content"),
    ];
    for (method, status) in scripts {
        let peer = Peer::always(vec![Step::Request, lying(status), Step::Again]);
        block_on(async {
            for _ in 0..2 {
                let mut request = get(&peer.url("/"));
                *request.method_mut() = method.parse().unwrap();
                let mut answer = transport.send(request).await.unwrap();
                assert_eq!(
                    read(answer.body_mut()).await.unwrap(),
                    b"",
                    "{method} {status}"
                );
            }
        });
        assert_eq!(peer.connections(), 1, "{method} {status}");
    }
}

#[test]
fn an_answer_without_a_body_gives_its_connection_back_unread() {
    let peer = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    let transport = SmolTransport::new();
    block_on(async {
        let first = transport.send(get(&peer.url("/"))).await.unwrap();
        assert_at_rest(&transport);
        let _second = transport.send(get(&peer.url("/"))).await.unwrap();
        drop(first);
    });
    assert_eq!(peer.connections(), 1);
}

#[test]
fn a_body_that_is_dropped_closes_its_connection() {
    let peer = Peer::new([vec![
        Step::Request,
        answer(
            &["HTTP/1.1 200 OK", "transfer-encoding: chunked"],
            "5\r\nhello\r\n",
        ),
        Step::Hang,
    ]]);
    let transport = SmolTransport::new();
    let answer = block_on(transport.send(get(&peer.url("/")))).unwrap();
    assert_eq!(transport.stats().in_use, 1);
    drop(answer);
    assert_eq!(transport.stats().open, 0);
    peer.wait_closed();
}
