//! Futures that are dropped half-way, again and again.

use std::{future::IntoFuture, io::Write};

use futures_lite::future::{poll_once, yield_now};
use smolio_http::{ClientSession, CloseCode, WebSocketAcceptor};

use super::{
    raw::{LAST, TEXT, frame, open_server},
    run, with_server,
};

#[test]
fn a_receive_that_is_dropped_at_each_poll_loses_nothing() {
    const COUNT: usize = 50;
    let (url, peer) = open_server(|mut peer| {
        for number in 0..COUNT {
            for byte in frame(LAST | TEXT, number.to_string().as_bytes()) {
                peer.write_all(&[byte]).unwrap();
            }
        }
        peer
    });
    run(async {
        let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
        for number in 0..COUNT {
            let message = loop {
                match poll_once(socket.receive()).await {
                    Some(message) => break message.unwrap(),
                    None => yield_now().await,
                }
            };
            assert_eq!(message.as_text(), Some(number.to_string().as_str()));
        }
    });
    drop(peer.join().unwrap());
}

#[test]
fn a_send_that_is_dropped_has_sent_all_of_the_message_or_nothing() {
    const COUNT: u32 = 200;
    const LENGTH: usize = 100_000;
    let handler = |mut socket: smolio_http::WebSocket| async move {
        let mut last = None;
        let mut count = 0;
        while let Some(message) = socket.next().await {
            let message = message.unwrap();
            let bytes = message.as_bytes();
            assert_eq!(bytes.len(), LENGTH, "it is whole");
            let number = u32::from_be_bytes(bytes[..4].try_into().unwrap());
            assert!(last < Some(number), "in order, and none twice");
            last = Some(number);
            count += 1;
        }
        // The first one went into an empty buffer.
        assert!(count >= 1);
    };
    run(with_server(
        WebSocketAcceptor::new(),
        handler,
        |session, url| async move {
            let mut socket = session.ws_connect(url).await.unwrap();
            for number in 0..COUNT {
                let mut bytes = vec![0; LENGTH];
                bytes[..4].copy_from_slice(&number.to_be_bytes());
                let _ = poll_once(socket.send(bytes)).await;
            }
            socket.close(CloseCode::NORMAL, "").await.unwrap();
        },
    ));
}

#[test]
fn a_goodbye_that_is_dropped_goes_on_when_it_is_called_again() {
    run(with_server(
        WebSocketAcceptor::new(),
        super::echo,
        |session, url| async move {
            let mut socket = session.ws_connect(url).await.unwrap();
            while poll_once(socket.close(CloseCode::NORMAL, ""))
                .await
                .is_none()
            {
                assert!(socket.send("late").await.is_err());
                yield_now().await;
            }
            assert_eq!(socket.close_frame().unwrap().code, CloseCode::NORMAL);
        },
    ));
}

#[test]
fn a_handshake_that_is_dropped_at_any_poll_leaves_the_session_as_it_was() {
    run(with_server(
        WebSocketAcceptor::new(),
        super::echo,
        |session, url| async move {
            for polls in 0..20 {
                let mut connecting = session.ws_connect(&url).into_future();
                for _ in 0..polls {
                    if poll_once(&mut connecting).await.is_some() {
                        break;
                    }
                    yield_now().await;
                }
            }
            let mut socket = session.ws_connect(&url).await.unwrap();
            socket.send("hello").await.unwrap();
            let received = socket.receive().await.unwrap();
            assert_eq!(received.as_text(), Some("hello"));
        },
    ));
}
