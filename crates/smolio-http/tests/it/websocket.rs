//! WebSockets, of both sides: against each other, and against peers that send raw bytes.

mod drops;
mod frames;
mod goodbyes;
mod handshake;
mod heartbeat;
mod raw;
mod server;
mod together;
mod ways;

use std::{future::Future, time::Duration};

use axum::{Router, extract::Request, routing::get};
use smolio_http::{ClientSession, WebSocket, WebSocketAcceptor, serve};
use smolio_net::TcpListener;
use smolio_timer::timeout;

/// Far more than anything here takes: a test that waits for ever is to fail.
const SAFETY: Duration = Duration::from_secs(20);

fn run<F: Future>(main: F) -> F::Output {
    smolio_executor::run(timeout(SAFETY, main)).expect("it takes for ever")
}

/// A server with one WebSocket, and a client of it.
async fn with_server<S, R, C, T>(
    acceptor: WebSocketAcceptor,
    handler: S,
    client: impl FnOnce(ClientSession, String) -> C,
) -> T
where
    S: Fn(WebSocket) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
    C: Future<Output = T>,
{
    let route = move |request: Request| {
        let response = acceptor.accept(&request, handler.clone());
        async move { response }
    };
    let app: Router = Router::new().route("/ws", get(route));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let session = ClientSession::new();
    let served = serve(listener, app).until(client(session, url)).await;
    served.reason
}

/// Sends back what comes, to the end.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.next().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}
