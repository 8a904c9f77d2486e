//! The simplest exchange of all.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use futures_lite::{StreamExt, future::block_on};
use smolio_http::{Body, SmolTransport};

#[test]
fn two_requests_go_over_one_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        for _ in 0..2 {
            let mut head = [0; 1024];
            assert!(peer.read(&mut head).unwrap() > 0);
            peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
                .unwrap();
        }
    });
    block_on(async {
        let transport = SmolTransport::new();
        for _ in 0..2 {
            let request =
                http::Request::get(format!("http://127.0.0.1:{port}/")).body(Body::empty());
            let mut answer = transport.send(request.unwrap()).await.unwrap();
            let mut text = Vec::new();
            while let Some(chunk) = answer.body_mut().next().await {
                text.extend_from_slice(&chunk.unwrap());
            }
            assert_eq!(text, b"hello");
        }
    });
    server.join().unwrap();
}
