//! axum: its routers run on our server as they are. Its WebSockets want hyper's own server, so axum's; events want a timer of
//! tokio's if they are to be kept alive.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use ::axum::{
    Router,
    extract::ws::{WebSocket, WebSocketUpgrade},
    response::sse::{Event, KeepAlive, Sse},
    routing::get,
};
use futures::{Stream, stream};
use smolio::{
    Or2,
    http::{ClientSession, Message, WebSocketAcceptor},
    race,
};

use crate::{
    peers::http,
    support::{as_it_is, with_the_switch},
};

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}

fn axums_websocket() -> Router {
    Router::new().route(
        "/",
        get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)),
    )
}

async fn say_hello(address: SocketAddr) -> anyhow::Result<()> {
    let session = ClientSession::new();
    let mut socket = session.ws_connect(format!("ws://{address}/")).await?;
    socket.send("hello").await?;
    assert_eq!(socket.receive().await?.as_text(), Some("hello"));
    Ok(())
}

#[test]
fn its_websockets_work_on_its_own_server_with_the_switch() {
    with_the_switch(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // It has no end but this one.
        let server = ::axum::serve(listener, axums_websocket());
        match race((say_hello(address), server)).await {
            Or2::A(said) => said,
            Or2::B(served) => anyhow::bail!("the server has ended: {served:?}"),
        }
    });
}

#[test]
fn its_websockets_do_not_work_on_our_server() {
    with_the_switch(http(axums_websocket(), async |address| {
        let session = ClientSession::new();
        let refused = session.ws_connect(format!("ws://{address}/")).await;
        assert!(refused.is_err());
        Ok(())
    }));
}

/// Ours take the place of axum's, in axum's router.
#[test]
fn our_websockets_work_in_its_router() {
    let handler = async |request: ::axum::extract::Request| {
        WebSocketAcceptor::new().accept(&request, async |mut socket| {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(_) = message {
                    socket.send(message).await.ok();
                }
            }
        })
    };
    as_it_is(http(Router::new().route("/", get(handler)), say_hello));
}

fn numbers() -> impl Stream<Item = Result<Event, Infallible>> {
    let event = |number: i32| Ok(Event::default().data(number.to_string()));
    stream::iter((1..=3).map(event))
}

async fn read_numbers(address: SocketAddr) -> anyhow::Result<()> {
    let session = ClientSession::new();
    let text = session
        .get(format!("http://{address}/"))
        .await?
        .text()
        .await?;
    assert_eq!(text, "data: 1\n\ndata: 2\n\ndata: 3\n\n");
    Ok(())
}

#[test]
fn events_work_as_they_are() {
    let routes = Router::new().route("/", get(async || Sse::new(numbers())));
    as_it_is(http(routes, read_numbers));
}

fn kept_alive() -> Router {
    let keep_alive = || KeepAlive::new().interval(Duration::from_secs(60));
    let events = async move || Sse::new(numbers()).keep_alive(keep_alive());
    Router::new().route("/", get(events))
}

#[test]
fn events_that_are_kept_alive_work_with_the_switch() {
    with_the_switch(http(kept_alive(), read_numbers));
}

/// The server makes a 500 of the panic.
#[test]
fn events_that_are_kept_alive_panic_as_they_are() {
    as_it_is(http(kept_alive(), async |address| {
        let response = ClientSession::new()
            .get(format!("http://{address}/"))
            .await?;
        assert_eq!(response.status().as_u16(), 500);
        Ok(())
    }));
}
