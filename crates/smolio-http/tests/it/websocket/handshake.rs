//! Handshakes, and what becomes of them when a side does not do its part.

use std::{
    error::Error,
    io::Write,
    net::{TcpListener, TcpStream},
    time::Duration,
};

use smolio_http::{
    ClientSession, Phase, RequestError, RequestErrorKind, Timeouts, WebSocketAcceptor,
    WebSocketError, WebSocketErrorKind,
};

use super::{
    echo,
    raw::{agree, header, read_frame, read_head, server},
    run, with_server,
};

/// What becomes of a handshake that is answered like this.
fn refused(answer: impl FnOnce(&str) -> String + Send + 'static) -> WebSocketError {
    let (url, peer) = server(|mut peer| {
        let head = read_head(&mut peer);
        peer.write_all(answer(&head).as_bytes()).unwrap();
        assert_eq!(read_frame(&mut peer), None, "it hangs up");
    });
    let error = run(async { ClientSession::new().ws_connect(url).protocols(["a"]).await });
    let error = error.unwrap_err();
    peer.join().unwrap();
    error
}

#[test]
fn an_answer_that_is_no_upgrade_is_told_with_its_status_and_headers() {
    for (status, number) in [
        ("200 OK", 200),
        ("401 Who are you?", 401),
        ("302 Found", 302),
    ] {
        let text = format!("HTTP/1.1 {status}\r\nx-why: because\r\nlocation: /\r\n\r\nbody");
        let error = refused(move |_| text);
        let status = http::StatusCode::from_u16(number).unwrap();
        assert_eq!(error.kind(), WebSocketErrorKind::Refused { status });
        assert_eq!(error.headers()["x-why"], "because");
    }
}

#[test]
fn an_upgrade_that_is_not_ours_is_refused() {
    let without = |line: &'static str| {
        refused(move |head| {
            let answer = agree(head);
            let lines = answer.split_inclusive("\r\n");
            let kept = lines.filter(|found| !found.starts_with(line));
            kept.collect::<String>() + "\r\n"
        })
    };
    let with = |lines: &'static str| refused(move |head| agree(head) + lines + "\r\n");
    let wrong_key = refused(|_| agree("sec-websocket-key: b3RoZXI=\r\n") + "\r\n");
    for error in [
        without("upgrade"),
        without("connection"),
        without("sec-websocket-accept"),
        wrong_key,
        with("sec-websocket-protocol: b\r\n"),
        with("sec-websocket-protocol: a, a\r\n"),
        with("sec-websocket-extensions: permessage-deflate\r\n"),
    ] {
        assert_eq!(error.kind(), WebSocketErrorKind::Handshake, "{error}");
        assert!(error.source().is_some());
    }
}

fn cause(error: &WebSocketError) -> RequestErrorKind {
    assert_eq!(error.kind(), WebSocketErrorKind::Request, "{error}");
    let source = error.source().unwrap();
    source.downcast_ref::<RequestError>().unwrap().kind()
}

#[test]
fn no_answer_at_all_is_a_failed_request() {
    let nonsense = refused(|_| "SSH-2.0-OpenSSH\r\n\r\n".to_owned());
    assert_eq!(cause(&nonsense), RequestErrorKind::Protocol);

    let (url, peer) = server(drop::<TcpStream>);
    let error = run(async { ClientSession::new().ws_connect(url).await }).unwrap_err();
    assert_eq!(cause(&error), RequestErrorKind::Disconnected);
    peer.join().unwrap();

    let port_of_nobody = "ws://127.0.0.1:1/";
    let error = run(async { ClientSession::new().ws_connect(port_of_nobody).await });
    assert_eq!(cause(&error.unwrap_err()), RequestErrorKind::Connect);

    let error = run(async { ClientSession::new().ws_connect("ftp://x/").await });
    assert_eq!(cause(&error.unwrap_err()), RequestErrorKind::InvalidUrl);

    let request = ClientSession::new().ws_connect(port_of_nobody);
    let error = run(async { request.protocols(["a", "b c"]).await }).unwrap_err();
    assert_eq!(cause(&error), RequestErrorKind::InvalidRequest);
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let limit = Duration::from_millis(50);
    let first_byte = Timeouts {
        first_byte: Some(limit),
        ..Timeouts::none()
    };
    let total = Timeouts {
        total: Some(limit),
        ..Timeouts::none()
    };
    for (timeouts, phase) in [(first_byte, Phase::FirstByte), (total, Phase::Total)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let error = run(async {
            let request = ClientSession::new().ws_connect(url);
            request.timeouts(timeouts).await.unwrap_err()
        });
        assert_eq!(cause(&error), RequestErrorKind::TimedOut { phase, limit });
    }
}

#[test]
fn the_session_is_in_the_handshake() {
    let (url, peer) = server(|mut peer| {
        let head = read_head(&mut peer);
        let answer = agree(&head) + "set-cookie: after=2\r\n\r\n";
        peer.write_all(answer.as_bytes()).unwrap();
        head
    });
    let session = ClientSession::builder().header("x-session", "yes");
    let session = session.build().unwrap();
    let page = url.replace("ws:", "http:").parse().unwrap();
    session.cookies().set(&page, "before=1").unwrap();
    run(async {
        let request = session.ws_connect(&url).header("x-request", "too");
        let request = request.header("connection", "close").bearer_auth("token");
        let request = request.header("content-length", "5");
        let request = request.header("transfer-encoding", "chunked");
        let request = request.header("proxy-authorization", "Basic secret");
        request.protocols(["a", "b"]).await.unwrap();
    });
    let head = peer.join().unwrap();
    assert!(head.starts_with("GET /ws HTTP/1.1\r\n"), "{head}");
    let host = url
        .strip_prefix("ws://")
        .and_then(|rest| rest.strip_suffix("/ws"));
    for (name, value) in [
        ("host", host),
        ("x-session", Some("yes")),
        ("x-request", Some("too")),
        ("cookie", Some("before=1")),
        ("authorization", Some("Bearer token")),
        ("connection", Some("Upgrade")),
        ("upgrade", Some("websocket")),
        ("sec-websocket-version", Some("13")),
        ("sec-websocket-protocol", Some("a, b")),
        ("accept-encoding", None),
        ("content-length", None),
        ("transfer-encoding", None),
        ("proxy-authorization", None),
    ] {
        assert_eq!(header(&head, name), value, "{name}");
    }
    assert_eq!(session.cookies().get(&page, "after").as_deref(), Some("2"));
}

#[test]
fn keys_are_never_the_same() {
    let (url, peer) = server(|mut peer| read_head(&mut peer));
    let _ = run(async { ClientSession::new().ws_connect(url).await });
    let first = peer.join().unwrap();
    let (url, peer) = server(|mut peer| read_head(&mut peer));
    let _ = run(async { ClientSession::new().ws_connect(url).await });
    let second = peer.join().unwrap();
    let name = "sec-websocket-key";
    assert_ne!(header(&first, name), header(&second, name));
}

#[test]
fn a_server_says_what_is_wrong_with_a_request() {
    run(with_server(
        WebSocketAcceptor::new(),
        echo,
        |session, url| async move {
            let url = url.replace("ws:", "http:");
            let response = session.get(&url).await.unwrap();
            assert_eq!(response.status(), 426);
            assert_eq!(response.headers()["sec-websocket-version"], "13");
            smolio_executor::to_thread(move || {
                let right = "host: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
                for (wrong, status) in [
                    (right.replace("13", "8"), 426),
                    (right.replace("sec-websocket-version", "x"), 426),
                    (right.replace("sec-websocket-key", "x"), 400),
                    (right.replace("ZQ==", ""), 400),
                    (right.replace("upgrade: websocket", "upgrade: h2c"), 426),
                ] {
                    let address = url.strip_prefix("http://").unwrap();
                    let address = address.strip_suffix("/ws").unwrap();
                    let mut peer = TcpStream::connect(address).unwrap();
                    let request = format!("GET /ws HTTP/1.1\r\n{wrong}\r\n");
                    peer.write_all(request.as_bytes()).unwrap();
                    let head = read_head(&mut peer);
                    let line = format!("HTTP/1.1 {status} ");
                    assert!(head.starts_with(&line), "{wrong}: {head}");
                }
            })
            .await;
        },
    ));
}
