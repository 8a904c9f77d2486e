//! How a WebSocket ends.

use std::{io::Write, time::Duration};

use smolio_http::{ClientSession, CloseCode, WebSocketErrorKind};

use super::{
    raw::{CLOSE, LAST, TEXT, frame, goodbye, open_server, read_frame},
    run,
};

#[test]
fn a_goodbye_that_means_that_all_is_well_is_the_end_and_any_other_is_an_error() {
    for (payload, code, reason, is_well) in [
        (goodbye(1000, "done"), CloseCode::NORMAL, "done", true),
        (goodbye(1001, ""), CloseCode::GOING_AWAY, "", true),
        (vec![], CloseCode::NONE, "", true),
        (
            goodbye(1011, "oops"),
            CloseCode::INTERNAL_ERROR,
            "oops",
            false,
        ),
        (goodbye(4321, "ä"), CloseCode::from(4321), "ä", false),
    ] {
        let answer = payload.clone();
        let (url, peer) = open_server(move |mut peer| {
            peer.write_all(&frame(LAST | CLOSE, &payload)).unwrap();
            let answer = read_frame(&mut peer);
            assert_eq!(read_frame(&mut peer), None, "nothing after a goodbye");
            answer
        });
        run(async {
            let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
            match socket.next().await {
                None => assert!(is_well, "{code}"),
                Some(received) => {
                    let error = received.unwrap_err();
                    assert!(!is_well, "{code}");
                    assert_eq!(error.kind(), WebSocketErrorKind::Closed { code });
                    assert_eq!(error.reason(), reason);
                }
            }
            let frame = socket.close_frame().unwrap();
            assert_eq!((frame.code, frame.reason.as_str()), (code, reason));
            // It is over already.
            socket.close(CloseCode::NORMAL, "").await.unwrap();
            let error = socket.receive().await.unwrap_err();
            assert_eq!(error.kind(), WebSocketErrorKind::Closed { code });
        });
        let (first, payload) = peer.join().unwrap().unwrap();
        assert_eq!((first, payload), (LAST | CLOSE, answer));
    }
}

#[test]
fn the_goodbye_of_ours_waits_for_that_of_the_peer_and_not_for_ever() {
    let (url, peer) = open_server(|mut peer| {
        let bye = read_frame(&mut peer);
        assert_eq!(bye, Some((LAST | CLOSE, goodbye(4000, "so long"))));
        // What was under way meanwhile.
        peer.write_all(&frame(LAST | TEXT, b"late")).unwrap();
        peer.write_all(&frame(LAST | CLOSE, &goodbye(4000, "")))
            .unwrap();
        assert_eq!(read_frame(&mut peer), None);
    });
    run(async {
        let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
        socket.close(4000.into(), "so long").await.unwrap();
        assert_eq!(socket.close_frame().unwrap().code, 4000.into());
    });
    peer.join().unwrap();

    let (url, peer) = open_server(|mut peer| {
        let bye = read_frame(&mut peer);
        assert_eq!(bye, Some((LAST | CLOSE, goodbye(1000, ""))));
        assert_eq!(read_frame(&mut peer), None, "it was given up");
    });
    run(async {
        let limit = Duration::from_millis(50);
        let request = ClientSession::new().ws_connect(url).close_limit(limit);
        let mut socket = request.await.unwrap();
        let error = socket.close(CloseCode::NORMAL, "").await.unwrap_err();
        assert_eq!(error.kind(), WebSocketErrorKind::TimedOut { limit });
    });
    peer.join().unwrap();
}

#[test]
fn a_peer_that_hangs_up_in_place_of_a_goodbye_is_an_error_of_close() {
    let (url, peer) = open_server(|mut peer| drop(read_frame(&mut peer)));
    run(async {
        let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
        let error = socket.close(CloseCode::NORMAL, "").await.unwrap_err();
        assert_eq!(error.kind(), WebSocketErrorKind::Disconnected);
    });
    peer.join().unwrap();
}

#[test]
fn what_may_not_be_said_as_a_goodbye_is_refused_and_nothing_is_sent() {
    let (url, peer) = open_server(|mut peer| read_frame(&mut peer));
    run(async {
        let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
            let error = socket.close(code.into(), "").await.unwrap_err();
            assert_eq!(error.kind(), WebSocketErrorKind::InvalidMessage, "{code}");
        }
        let long = "x".repeat(124);
        let error = socket.close(CloseCode::NORMAL, long).await.unwrap_err();
        assert_eq!(error.kind(), WebSocketErrorKind::InvalidMessage);
        // It goes on.
        socket.send("hello").await.unwrap();
    });
    let text = (LAST | TEXT, b"hello".to_vec());
    assert_eq!(peer.join().unwrap(), Some(text));
}

#[test]
fn a_dropped_one_hangs_up_at_once() {
    let (url, peer) = open_server(|mut peer| read_frame(&mut peer));
    run(async {
        let socket = ClientSession::new().ws_connect(url).await.unwrap();
        drop(socket);
    });
    assert_eq!(peer.join().unwrap(), None);
    let (url, peer) = open_server(|mut peer| read_frame(&mut peer));
    run(async {
        let socket = ClientSession::new().ws_connect(url).await.unwrap();
        let (sender, receiver) = socket.split();
        drop(sender);
        drop(receiver);
    });
    assert_eq!(peer.join().unwrap(), None);
}
