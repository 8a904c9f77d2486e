//! What the server promises to the compiler.

use std::{
    cell::Cell,
    error::Error,
    fmt::Debug,
    future::{IntoFuture, pending},
};

use futures_io::{AsyncRead, AsyncWrite};
use http::{Request, Response};
use smolio_http::{
    Body, BodyError, serve,
    server::{
        PeerAddress, RequestBody, Served, ServerHandle, ServerStats, ServerTls, ServerTlsError,
        Upgrade, Upgraded, service_fn,
    },
};
use smolio_net::TcpListener;

use crate::guest::app;

fn send_and_sync<T: Debug + Send + Sync + 'static>() {}
fn body<T: http_body::Body<Data = bytes::Bytes, Error = BodyError> + Send + Unpin + 'static>() {}
fn stream<T: AsyncRead + AsyncWrite + Debug + Send + Unpin + 'static>() {}
fn error<T: Error + Send + Sync + 'static>() {}
fn send(_: impl Send + 'static) {}

#[test]
fn all_can_be_sent_and_shared() {
    send_and_sync::<PeerAddress>();
    send_and_sync::<ServerHandle>();
    send_and_sync::<ServerStats>();
    send_and_sync::<Served<()>>();
    send_and_sync::<ServerTls>();
    send_and_sync::<Upgrade>();
    body::<RequestBody>();
    stream::<Upgraded>();
    error::<ServerTlsError>();
}

/// An application that can be sent, but not shared.
#[test]
fn the_server_can_be_sent() {
    let _ = |listener: TcpListener| {
        let count = Cell::new(0);
        let count_up = move |_: Request<RequestBody>| {
            count.set(count.get() + 1);
            let count = count.get();
            async move { Ok::<_, BodyError>(Response::new(Body::from(count.to_string()))) }
        };
        send(serve(listener.clone(), service_fn(count_up)).until(pending::<()>()));
        send(serve(listener.clone(), app()).until(pending::<()>()));
        send(serve(listener, app()).into_future());
    };
}
