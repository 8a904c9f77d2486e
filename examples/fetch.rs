//! A hundred pages of a server that takes a second for each: a second in all.
//!
//! `cargo run --release --example fetch`
//!
//! In asyncio: `await asyncio.gather(*(fetch(session, url) for url in urls))`, with aiohttp's session.

use std::{io, time::Duration};

use smolio::{Instant, sleep, try_gather};
use smolio_examples::{Server, get};

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let server = slow_server()?;
    let urls: Vec<_> = (1..=100)
        .map(|number| server.url(&format!("/{number}")))
        .collect();

    let start = Instant::now();
    let pages = fetch_all(&urls).await?;
    println!(
        "{} pages after {:.1} s",
        pages.len(),
        start.elapsed().as_secs_f64()
    );
    println!("the last one says: {}", pages[99]);
    Ok(())
}

pub async fn fetch_all(urls: &[String]) -> anyhow::Result<Vec<String>> {
    try_gather(urls.iter().map(|url| get(url))).await
}

pub fn slow_server() -> io::Result<Server> {
    Server::start(|path| async move {
        sleep(Duration::from_secs(1)).await;
        (200, format!("you asked for {path}"))
    })
}
