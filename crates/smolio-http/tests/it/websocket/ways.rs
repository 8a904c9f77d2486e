//! The ways that lead to a server: over TLS, through a proxy, and by a place among the session's connections.

use std::{
    future::IntoFuture,
    io::{Write, copy},
    net::{Shutdown, TcpListener as StdListener, TcpStream},
    thread::spawn,
};

use axum::{Router, extract::Request, routing::get};
use futures_lite::future::poll_once;
use smolio_http::{
    ClientSession, CloseCode, Proxies, TlsOptions, WebSocketAcceptor, serve, server::ServerTls,
};
use smolio_net::TcpListener;

use super::{
    echo,
    raw::{open_server, read_frame, read_head},
    run, with_server,
};
use crate::support::certificates::Authority;

/// One message there and back, and a goodbye.
async fn greet(session: &ClientSession, url: &str) {
    let mut socket = session.ws_connect(url).await.unwrap();
    socket.send("hello").await.unwrap();
    let message = socket.receive().await.unwrap();
    assert_eq!(message.as_text(), Some("hello"));
    socket.close(CloseCode::NORMAL, "").await.unwrap();
}

#[test]
fn over_tls() {
    run(async {
        let authority = Authority::new();
        let identity = authority.issue(&["localhost"]);
        let tls = ServerTls::from_pem(&identity.chain_pem, &identity.key_pem).unwrap();
        let route =
            |request: Request| async move { WebSocketAcceptor::new().accept(&request, echo) };
        let app: Router = Router::new().route("/ws", get(route));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "wss://localhost:{}/ws",
            listener.local_addr().unwrap().port()
        );
        let client = async {
            let options = TlsOptions::new().extra_root(authority.pem()).unwrap();
            let session = ClientSession::builder().tls(options.extra_roots_only());
            greet(&session.build().unwrap(), &url).await;
        };
        serve(listener, app).tls(tls).until(client).await;
    });
}

/// Carries what goes over its connections to where they say, one tunnel at a time. It gives the heads of the requests for them.
fn proxy(tunnels: usize) -> (Proxies, std::thread::JoinHandle<Vec<String>>) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let thread = spawn(move || {
        let tunnel = |_| {
            let (mut client, _) = listener.accept().unwrap();
            let head = read_head(&mut client);
            let target = head.split(' ').nth(1).unwrap();
            let server = TcpStream::connect(target).unwrap();
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let there = spawn(move || {
                let _ = copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            let (mut from, mut to) = (server, client);
            let _ = copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
            there.join().unwrap();
            head
        };
        (0..tunnels).map(tunnel).collect()
    });
    (Proxies::all(&address).unwrap(), thread)
}

#[test]
fn through_the_tunnel_of_a_proxy_also_without_tls() {
    let (proxies, thread) = proxy(1);
    run(with_server(
        WebSocketAcceptor::new(),
        echo,
        |_, url| async move {
            let session = ClientSession::builder().proxies(proxies).build().unwrap();
            greet(&session, &url).await;
        },
    ));
    let heads = thread.join().unwrap();
    assert!(heads[0].starts_with("CONNECT 127.0.0.1:"), "{}", heads[0]);
}

#[test]
fn it_has_a_place_among_the_connections_until_it_is_closed() {
    run(with_server(
        WebSocketAcceptor::new(),
        echo,
        |_, url| async move {
            let session = ClientSession::builder().connections(1).build().unwrap();
            let socket = session.ws_connect(&url).await.unwrap();
            assert_eq!(session.stats().in_use, 1);
            let mut next = session.ws_connect(&url).into_future();
            assert!(poll_once(&mut next).await.is_none());
            assert_eq!(session.stats().waiting, 1);
            let (sender, mut receiver) = socket.split();
            drop(sender);
            assert!(poll_once(&mut next).await.is_none(), "one half is enough");
            assert!(poll_once(receiver.receive()).await.is_none());
            drop(receiver);
            let mut socket = next.await.unwrap();
            socket.close(CloseCode::NORMAL, "").await.unwrap();
            // The connection is gone, whoever still has the handle.
            assert_eq!(session.stats().in_use, 0);
        },
    ));
}

#[test]
fn a_session_that_is_closed_gives_none() {
    let (url, peer) = open_server(|mut peer| read_frame(&mut peer));
    run(async {
        let session = ClientSession::new();
        let socket = session.ws_connect(&url).await.unwrap();
        session.close().await;
        assert!(session.ws_connect(&url).await.is_err());
        drop(socket);
    });
    assert_eq!(peer.join().unwrap(), None);
}
