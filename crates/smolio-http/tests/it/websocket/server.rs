//! The life of a WebSocket within its server.

use std::time::Duration;

use axum::{Router, extract::Request, routing::get};
use futures_lite::future::zip;
use smol::channel::bounded;
use smolio_executor::finally;
use smolio_http::{ClientSession, CloseCode, WebSocket, WebSocketAcceptor, serve};
use smolio_net::TcpListener;

use super::{echo, run};

#[test]
fn a_server_that_closes_says_goodbye() {
    run(async {
        let route =
            |request: Request| async move { WebSocketAcceptor::new().accept(&request, echo) };
        let app: Router = Router::new().route("/ws", get(route));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ws", listener.local_addr().unwrap());
        let (opened, is_open) = bounded(1);
        let client = async {
            let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
            socket.send("hello").await.unwrap();
            socket.receive().await.unwrap();
            opened.send(()).await.unwrap();
            assert!(socket.next().await.is_none());
            assert_eq!(socket.close_frame().unwrap().code, CloseCode::GOING_AWAY);
        };
        let server = serve(listener, app).until(is_open.recv());
        let (served, ()) = zip(server, client).await;
        assert_eq!(served.stats.cut_off, 0, "{served:?}");
    });
}

/// It never receives, and so does not hear that it is time to go.
async fn deaf(socket: WebSocket) {
    std::future::pending::<()>().await;
    drop(socket);
}

#[test]
fn who_does_not_receive_is_cut_off_when_the_grace_is_over() {
    run(async {
        let (tell, dropped) = bounded(1);
        let handler = move |socket| {
            let tell = tell.clone();
            finally(deaf(socket), async move { tell.send(()).await.unwrap() })
        };
        let route = move |request: Request| {
            let response = WebSocketAcceptor::new().accept(&request, handler.clone());
            async move { response }
        };
        let app: Router = Router::new().route("/ws", get(route));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ws", listener.local_addr().unwrap());
        let (opened, is_open) = bounded(1);
        let client = async {
            let mut socket = ClientSession::new().ws_connect(url).await.unwrap();
            opened.send(()).await.unwrap();
            assert!(socket.next().await.unwrap().is_err());
        };
        let server = serve(listener, app).grace(Duration::from_millis(50));
        let (served, ()) = zip(server.until(is_open.recv()), client).await;
        assert_eq!(served.stats.cut_off, 1, "{served:?}");
        dropped.recv().await.unwrap();
    });
}
