//! A peer on the loopback that says what it is told, to all that connect, and hangs up.

use std::{net::TcpListener, time::Duration};

use async_io::Async;
use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, future::block_on};
use smolio_http::Timeouts;

/// The peer hangs up when it has said all, so nothing takes this long but a wait for what never comes.
pub const TIMEOUTS: Timeouts = Timeouts {
    total: Some(Duration::from_secs(5)),
    ..Timeouts::none()
};

/// Runs a client of such a peer, which gets the port.
pub fn with_peer(answer: &[u8], client: impl AsyncFnOnce(u16)) {
    block_on(async {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let port = listener.get_ref().local_addr().unwrap().port();
        let peer = async {
            // Redirects to itself, and requests that are tried again, come as connections of their own.
            loop {
                let (mut peer, _) = listener.accept().await.unwrap();
                let _ = peer.read(&mut [0; 4096]).await;
                let _ = peer.write_all(answer).await;
            }
        };
        client(port).or(peer).await;
    });
}
