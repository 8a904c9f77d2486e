//! Any bytes as what a client sends: the server answers or hangs up, and has no connection left afterwards.

#![no_main]

use std::{
    future::poll_fn,
    net::{Shutdown, TcpStream},
    pin::Pin,
    time::Duration,
};

use async_io::Async;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future::zip};
use http_body::Body as _;
use libfuzzer_sys::fuzz_target;
use smolio_http::{
    Body, serve_local,
    server::{RequestBody, service_fn},
};
use smolio_net::TcpListener;

/// The client hangs up when it has said all, so the server waits for nothing.
const LIMIT: Duration = Duration::from_secs(5);

fuzz_target!(|input: &[u8]| futures_lite::future::block_on(exchange(input)));

async fn exchange(input: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = service_fn(async |request: http::Request<RequestBody>| {
        // What is read comes back: so both ways of saying how long a body is are used.
        let body = read(request.into_body()).await;
        Ok::<_, std::convert::Infallible>(http::Response::new(Body::from(body)))
    });
    let client = async {
        let stream = Async::<TcpStream>::connect(address).await.unwrap();
        let (mut reader, mut writer) = (&stream, &stream);
        let write = async {
            let _ = writer.write_all(input).await;
            let _ = stream.get_ref().shutdown(Shutdown::Write);
        };
        let mut answers = Vec::new();
        let _ = zip(write, reader.read_to_end(&mut answers)).await;
        assert!(answers.is_empty() || answers.starts_with(b"HTTP/1."));
    };
    let server = serve_local(listener, app).grace(LIMIT);
    let begun = std::time::Instant::now();
    let served = server.until(client).await;
    assert!(begun.elapsed() < LIMIT, "it waits for what never comes");
    assert_eq!(served.stats.cut_off, 0);
}

async fn read(mut body: RequestBody) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    bytes
}
