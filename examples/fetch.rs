//! A hundred pages of a server that takes a second for each: a second in all. Or the pages that are named.
//!
//! `cargo run --release --example fetch`;
//! `cargo run --release --example fetch -- https://example.org/ https://example.com/`
//!
//! In asyncio: `await asyncio.gather(*(fetch(session, url) for url in urls))`, with aiohttp's session.

use std::{env, time::Duration};

use indicatif::ProgressBar;
use smolio::{Instant, gather, http::ClientSession};
use smolio_httpbin::Httpbin;

/// No more than the slowest are shown.
const ROWS: usize = 10;

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let httpbin = Httpbin::start()?; // a server on this machine, until the end of main
    let mut urls: Vec<String> = env::args().skip(1).collect();
    if urls.is_empty() {
        urls = slow_urls(&httpbin);
    }
    let session = ClientSession::new(); // keeps connections: one for the whole program
    let progress = ProgressBar::new(urls.len() as u64); // on a terminal only

    let start = Instant::now();
    let pages = fetch_all(&session, &urls, &progress).await;
    let took = start.elapsed();
    progress.finish_and_clear();

    show(pages, took);
    Ok(())
}

/// A page, and how long it took to come.
pub struct Page {
    pub url: String,
    pub status: u16,
    pub body: Vec<u8>,
    pub took: Duration,
}

/// All at once. One that fails does not stop the others: with `try_gather` it would.
pub async fn fetch_all(
    session: &ClientSession,
    urls: &[String],
    progress: &ProgressBar,
) -> Vec<anyhow::Result<Page>> {
    let pages = urls.iter().map(async |url| {
        let page = fetch(session, url).await;
        progress.inc(1);
        page
    });
    gather(pages).await.into_iter().collect()
}

async fn fetch(session: &ClientSession, url: &str) -> anyhow::Result<Page> {
    let start = Instant::now();
    let response = session.get(url).await?.error_for_status()?; // aiohttp's raise_for_status
    Ok(Page {
        url: url.to_owned(),
        status: response.status().as_u16(),
        body: response.bytes().await?.to_vec(),
        took: start.elapsed(),
    })
}

pub fn slow_urls(httpbin: &Httpbin) -> Vec<String> {
    (1..=100)
        .map(|number| httpbin.url(&format!("/delay/1?page={number}")))
        .collect()
}

fn show(pages: Vec<anyhow::Result<Page>>, took: Duration) {
    let (mut here, mut failed) = (Vec::new(), Vec::new());
    for page in pages {
        match page {
            Ok(page) => here.push(page),
            Err(error) => failed.push(error),
        }
    }
    here.sort_by_key(|page| page.took);
    println!("  time      bytes  page");
    for page in here.iter().rev().take(ROWS) {
        let (seconds, size) = (page.took.as_secs_f64(), page.body.len());
        println!("{seconds:>6.3} s {size:>8}  {} {}", page.status, page.url);
    }
    if let Some(more) = here.len().checked_sub(ROWS).filter(|more| *more > 0) {
        println!("and {more} that were faster");
    }
    for error in &failed {
        println!("failed: {error}");
    }
    let one_by_one: Duration = here.iter().map(|page| page.took).sum();
    println!(
        "{} of {} pages after {:.1} s; one by one it would have been {:.0} s",
        here.len(),
        here.len() + failed.len(),
        took.as_secs_f64(),
        one_by_one.as_secs_f64()
    );
}
