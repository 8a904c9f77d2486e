//! Any bytes as what a server answers: the session reads them to their end, or gives an error, and does not wait for more than
//! there is.

#![no_main]

use std::{net::TcpListener, time::Duration};

use async_io::Async;
use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, future::block_on};
use libfuzzer_sys::fuzz_target;
use smolio_http::{ClientSession, Timeouts};

/// The peer hangs up when it has said all, so nothing takes longer than this but a wait for what never comes.
const LIMIT: Duration = Duration::from_secs(5);

fuzz_target!(|input: &[u8]| block_on(exchange(input)));

async fn exchange(answer: &[u8]) {
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
    let port = listener.get_ref().local_addr().unwrap().port();
    let peer = async {
        // Redirects to itself, and requests that are tried again, come as connections of their own.
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            let _ = peer.read(&mut [0; 1024]).await;
            let _ = peer.write_all(answer).await;
        }
    };
    ask(port).or(peer).await;
}

async fn ask(port: u16) {
    let session = ClientSession::new();
    let url = format!("http://127.0.0.1:{port}/");
    let request = session.get(url).redirects(2).timeouts(Timeouts {
        total: Some(LIMIT),
        ..Timeouts::none()
    });
    match request.await {
        Err(error) => assert!(!error.is_timeout(), "{error}"),
        Ok(mut response) => {
            while let Some(chunk) = response.next().await {
                if let Err(error) = chunk {
                    let is_timeout = error.to_string().contains("timed out");
                    assert!(!is_timeout, "{error}");
                    break;
                }
            }
        }
    }
}
