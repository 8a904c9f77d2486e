//! httpbin.org on this machine: a server that says what it was asked, and answers in all ways that clients should bear.
//!
//! `cargo run --release --example httpbin` asks it a few things;
//! `cargo run --release --example httpbin -- --port 8080` serves until Ctrl-C:
//!
//! ```sh
//! curl http://127.0.0.1:8080/anything?a=b
//! curl -i http://127.0.0.1:8080/status/418
//! ```
//!
//! In asyncio: `aiohttp.web.run_app(app, port=8080)`.

use std::{env, net::SocketAddr};

use anyhow::{Context, bail};
use smolio::{
    http::{self, ClientSession},
    net::TcpListener,
    shutdown_signal,
};
use smolio_httpbin::Httpbin;

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => play().await,
        [option, port] if option == "--port" => {
            serve(port.parse().context("--port takes a number")?).await
        }
        _ => bail!("usage: httpbin [--port PORT]"),
    }
}

async fn serve(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    http::serve(listener, smolio_httpbin::router())
        .until(shutdown_signal())
        .await;
    Ok(())
}

async fn play() -> anyhow::Result<()> {
    let httpbin = Httpbin::start()?;
    let session = ClientSession::new();
    for path in [
        "/get?a=b",
        "/status/418",
        "/redirect/3",
        "/gzip",
        "/bytes/1000",
        "/cookies/set?a=b",
    ] {
        let response = session.get(httpbin.url(path)).await?;
        let (status, redirects) = (response.status(), response.history().len());
        let bytes = response.bytes().await?.len();
        println!("{path}: {status}, {bytes} bytes after {redirects} redirects");
    }
    Ok(())
}
