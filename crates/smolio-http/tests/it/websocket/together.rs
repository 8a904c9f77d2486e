//! Both sides are ours.

use bytes::Bytes;
use futures_lite::future::zip;
use smolio_http::{CloseCode, Message, WebSocketAcceptor, WebSocketErrorKind};

use super::{echo, run, with_server};

#[test]
fn messages_come_back_as_they_were_sent() {
    run(with_server(
        WebSocketAcceptor::new(),
        echo,
        |session, url| async move {
            let mut socket = session.ws_connect(url).await.unwrap();
            let large = vec![7; 3 * 1024 * 1024];
            let messages = [
                Message::from("hello"),
                Message::from(String::new()),
                Message::from("ä".repeat(70_000)),
                Message::from(&b"\x00\xff"[..]),
                Message::from(Bytes::new()),
                Message::from(large),
            ];
            for message in messages {
                socket.send(message.clone()).await.unwrap();
                let back = socket.receive().await.unwrap();
                assert!(back == message, "{} bytes", message.as_bytes().len());
            }
            assert_eq!(socket.protocol(), None);
            socket.close(CloseCode::NORMAL, "done").await.unwrap();
            assert_eq!(socket.close_frame().unwrap().code, CloseCode::NORMAL);
            assert!(socket.next().await.is_none());
            let error = socket.send("late").await.unwrap_err();
            let code = CloseCode::NORMAL;
            assert_eq!(error.kind(), WebSocketErrorKind::Closed { code });
        },
    ));
}

#[test]
fn values_are_sent_as_json() {
    run(with_server(
        WebSocketAcceptor::new(),
        echo,
        |session, url| async move {
            let mut socket = session.ws_connect(url).await.unwrap();
            socket.send_json(&[1, 2]).await.unwrap();
            assert_eq!(socket.receive_json::<Vec<u8>>().await.unwrap(), [1, 2]);
            // What is none is told, and is not the end.
            socket.send("no json").await.unwrap();
            let error = socket.receive_json::<Vec<u8>>().await.unwrap_err();
            assert_eq!(error.kind(), WebSocketErrorKind::InvalidMessage);
            socket.send_json("text").await.unwrap();
            assert_eq!(socket.receive_json::<String>().await.unwrap(), "text");
        },
    ));
}

#[test]
fn a_thousand_messages_go_both_ways_at_once() {
    const COUNT: usize = 1_000;
    run(with_server(
        WebSocketAcceptor::new(),
        |socket| async move {
            let (mut sender, mut receiver) = socket.split();
            let send = async {
                for number in 0..COUNT {
                    sender.send(number.to_string()).await.unwrap();
                }
            };
            let receive = async {
                let mut received = 0;
                while let Some(message) = receiver.next().await {
                    assert_eq!(message.unwrap().as_bytes(), vec![0; received % 3_000]);
                    received += 1;
                }
                assert_eq!(received, COUNT);
                assert_eq!(receiver.close_frame().unwrap().reason, "all");
            };
            zip(send, receive).await;
        },
        |session, url| async move {
            let socket = session.ws_connect(url).await.unwrap();
            let (mut sender, mut receiver) = socket.split();
            let send = async {
                for number in 0..COUNT {
                    sender.send(vec![0; number % 3_000]).await.unwrap();
                }
            };
            let receive = async {
                for number in 0..COUNT {
                    let message = receiver.receive().await.unwrap();
                    assert_eq!(message.as_text(), Some(number.to_string().as_str()));
                }
            };
            zip(send, receive).await;
            sender.close(CloseCode::NORMAL, "all").await.unwrap();
            assert!(receiver.next().await.is_none());
            assert_eq!(receiver.close_frame().unwrap().code, CloseCode::NORMAL);
        },
    ));
}

#[test]
fn halves_may_be_in_different_tasks_and_on_different_threads() {
    run(with_server(
        WebSocketAcceptor::new(),
        echo,
        |session, url| async move {
            let socket = session.ws_connect(url).await.unwrap();
            let (mut sender, mut receiver) = socket.split();
            let thread = std::thread::spawn(move || {
                futures_lite::future::block_on(async {
                    for number in 0..500 {
                        let message = receiver.receive().await.unwrap();
                        assert_eq!(message.as_text(), Some(number.to_string().as_str()));
                    }
                    assert!(receiver.next().await.is_none());
                });
            });
            for number in 0..500 {
                sender.send(number.to_string()).await.unwrap();
            }
            sender.close(CloseCode::NORMAL, "").await.unwrap();
            smolio_executor::to_thread(move || thread.join().unwrap()).await;
        },
    ));
}

#[test]
fn subprotocols_are_agreed_on() {
    for (offered, known, taken) in [
        (vec!["a", "b"], vec!["b", "a"], Some("a")),
        (vec!["a", "b"], vec!["b", "c"], Some("b")),
        (vec!["a"], vec!["A"], None),
        (vec!["a"], vec![], None),
        (vec![], vec!["a"], None),
    ] {
        let acceptor = WebSocketAcceptor::new().protocols(known);
        let handler = move |mut socket: smolio_http::WebSocket| async move {
            let protocol = socket.protocol().unwrap_or("none").to_owned();
            socket.send(protocol).await.unwrap();
        };
        run(with_server(acceptor, handler, |session, url| async move {
            let request = session.ws_connect(url).protocols(offered);
            let mut socket = request.await.unwrap();
            assert_eq!(socket.protocol(), taken);
            let told = socket.receive().await.unwrap();
            assert_eq!(told.as_text(), Some(taken.unwrap_or("none")));
        }));
    }
}
