//! Frames as they should be, and as they should not.

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
};

use smolio_http::{ClientSession, Message, WebSocketAcceptor, WebSocketErrorKind};

use super::{
    echo,
    raw::{
        BINARY, CLOSE, CONTINUATION, LAST, PING, PONG, TEXT, client, frame, goodbye, masked,
        open_server, read_frame,
    },
    run, with_server,
};

/// Sends these bytes, and returns the frames that come until the client hangs up.
fn answers(bytes: Vec<u8>) -> impl FnOnce(TcpStream) -> Vec<(u8, Vec<u8>)> + Send {
    move |mut peer| {
        peer.write_all(&bytes).unwrap();
        std::iter::from_fn(|| read_frame(&mut peer)).collect()
    }
}

#[test]
fn a_message_in_pieces_is_put_together_and_pings_between_them_are_answered() {
    let bytes = [
        frame(TEXT, b"one "),
        frame(LAST | PING, b"are you there?"),
        // A character may be cut in two.
        frame(CONTINUATION, &"ä".as_bytes()[..1]),
        frame(CONTINUATION, &"ä".as_bytes()[1..]),
        frame(LAST | CONTINUATION, b" two"),
        frame(LAST | PONG, b"nobody asked"),
        frame(LAST | BINARY, b"three"),
        frame(LAST | CLOSE, &goodbye(1000, "")),
    ];
    let (url, peer) = open_server(answers(bytes.concat()));
    run(async {
        let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
        let first = socket.receive().await.unwrap();
        assert_eq!(first, Message::from("one ä two"));
        let second = socket.receive().await.unwrap();
        assert_eq!(second, Message::from(&b"three"[..]));
        assert!(socket.next().await.is_none());
    });
    let pong = (LAST | PONG, b"are you there?".to_vec());
    let bye = (LAST | CLOSE, goodbye(1000, ""));
    assert_eq!(peer.join().unwrap(), [pong, bye]);
}

/// What a client makes of these bytes, and the code that it says goodbye with.
fn violation(bytes: Vec<u8>) -> (WebSocketErrorKind, Option<u16>) {
    let (url, peer) = open_server(answers(bytes));
    let kind = run(async {
        let request = ClientSession::new().ws_connect(url).message_limit(1_000);
        let mut socket = request.await.unwrap();
        let error = socket.receive().await.unwrap_err();
        let again = socket.receive().await.unwrap_err();
        assert_eq!(again.kind(), error.kind(), "it stays that way");
        let error_of_next = socket.next().await.unwrap().unwrap_err();
        assert_eq!(error_of_next.kind(), error.kind());
        assert!(socket.next().await.is_none());
        error.kind()
    });
    let frames = peer.join().unwrap();
    let code = frames.last().map(|(first, payload)| {
        assert_eq!(*first, LAST | CLOSE);
        u16::from_be_bytes([payload[0], payload[1]])
    });
    (kind, code)
}

#[test]
fn what_is_against_the_protocol_is_an_error_and_the_peer_is_told() {
    let protocol = (WebSocketErrorKind::Protocol, Some(1002));
    let violations = [
        ("masked by a server", masked(LAST | TEXT, b"hello")),
        ("a reserved bit", frame(LAST | 0x40 | TEXT, b"hello")),
        ("an unknown kind", frame(LAST | 3, b"hello")),
        ("a continuation of nothing", frame(CONTINUATION, b"hello")),
        ("a ping in pieces", frame(PING, b"hello")),
        (
            "a message within another",
            [frame(TEXT, b"a"), frame(TEXT, b"b")].concat(),
        ),
        ("a goodbye of one byte", frame(LAST | CLOSE, b"x")),
    ];
    for (name, bytes) in violations {
        assert_eq!(violation(bytes), protocol, "{name}");
    }
    let long_ping = [&[LAST | PING, 126, 0, 200][..], &[0; 200]].concat();
    assert_eq!(violation(long_ping), protocol);
    let no_text = frame(LAST | TEXT, b"\xff");
    let invalid = (WebSocketErrorKind::Protocol, Some(1007));
    assert_eq!(violation(no_text), invalid);
}

#[test]
fn a_message_that_is_too_large_is_refused_when_its_head_is_seen() {
    let too_large = (
        WebSocketErrorKind::MessageTooLarge { limit: 1_000 },
        Some(1009),
    );
    // An exabyte: nothing is set aside for it.
    let head = [&[LAST | BINARY, 127][..], &(1_u64 << 60).to_be_bytes()].concat();
    assert_eq!(violation(head), too_large);
    // Each piece is small enough.
    let pieces = [
        frame(TEXT, &[b'x'; 100]),
        frame(CONTINUATION, &[b'x'; 100]).repeat(10),
    ];
    assert_eq!(violation(pieces.concat()), too_large);
}

#[test]
fn a_peer_that_hangs_up_without_a_goodbye_is_told_from_one_that_says_it() {
    for part in [&b""[..], b"\x81", b"\x81\x05hel"] {
        let part = part.to_vec();
        let (url, peer) = open_server(move |mut peer| {
            peer.write_all(&part).unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_frame(&mut peer), None);
        });
        run(async {
            let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
            let error = socket.next().await.unwrap().unwrap_err();
            assert_eq!(error.kind(), WebSocketErrorKind::Disconnected);
            assert!(socket.next().await.is_none());
        });
        peer.join().unwrap();
    }
}

#[test]
fn a_server_wants_the_frames_of_clients_masked() {
    let (heard, hear) = std::sync::mpsc::channel();
    let handler = move |mut socket: smolio_http::WebSocket| {
        let heard = heard.clone();
        async move {
            let received = socket.receive().await;
            heard.send(received.map_err(|error| error.kind())).unwrap();
        }
    };
    run(with_server(
        WebSocketAcceptor::new(),
        handler,
        |_, url| async move {
            smolio_executor::to_thread(move || {
                let mut peer = client(&url);
                peer.write_all(&frame(LAST | TEXT, b"hello")).unwrap();
                let (first, payload) = read_frame(&mut peer).unwrap();
                assert_eq!((first, payload), (LAST | CLOSE, goodbye(1002, "")));
                assert_eq!(read_frame(&mut peer), None);

                let mut peer = client(&url);
                peer.write_all(&masked(LAST | TEXT, b"hello")).unwrap();
                // The server has heard it, and hangs up.
                assert_eq!(read_frame(&mut peer), None);
            })
            .await;
        },
    ));
    assert_eq!(hear.recv().unwrap(), Err(WebSocketErrorKind::Protocol));
    assert_eq!(hear.recv().unwrap(), Ok(Message::from("hello")));
}

#[test]
fn frames_that_come_byte_by_byte_or_with_the_handshake_are_all_there() {
    run(with_server(
        WebSocketAcceptor::new(),
        echo,
        |_, url| async move {
            smolio_executor::to_thread(move || {
                let mut peer = client(&url);
                for byte in masked(LAST | TEXT, b"slowly") {
                    peer.write_all(&[byte]).unwrap();
                }
                let (first, payload) = read_frame(&mut peer).unwrap();
                assert_eq!((first, payload), (LAST | TEXT, b"slowly".to_vec()));
            })
            .await;
        },
    ));
}

#[test]
fn a_ping_of_ones_own_is_sent_unless_it_is_too_long() {
    let (url, peer) = open_server(|mut peer| read_frame(&mut peer));
    run(async {
        let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
        let error = socket.ping(vec![0; 126]).await.unwrap_err();
        assert_eq!(error.kind(), WebSocketErrorKind::InvalidMessage);
        socket.ping("hello").await.unwrap();
    });
    let ping = (LAST | PING, b"hello".to_vec());
    assert_eq!(peer.join().unwrap(), Some(ping));
}
