//! Our own server, with the routes that a test gives it.

use std::{future::Future, net::SocketAddr};

use axum::Router;
use smolio::{
    http::{serve, server::ServerTls},
    net::TcpListener,
};

/// Serves the routes until `client`, which is given the address, is done.
pub(crate) async fn http<G, T>(
    routes: Router,
    client: impl FnOnce(SocketAddr) -> G,
) -> anyhow::Result<T>
where
    G: Future<Output = anyhow::Result<T>>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    serve(listener, routes).until(client(address)).await.reason
}

/// As [`http`], over TLS, which HTTP/2 needs: the client is given the server's certificate, for `localhost`.
pub(crate) async fn https<G, T>(
    routes: Router,
    client: impl FnOnce(SocketAddr, String) -> G,
) -> anyhow::Result<T>
where
    G: Future<Output = anyhow::Result<T>>,
{
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = signed.cert.pem();
    let tls = ServerTls::from_pem(&certificate, signed.signing_key.serialize_pem())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = client(address, certificate);
    serve(listener, routes).tls(tls).until(client).await.reason
}
