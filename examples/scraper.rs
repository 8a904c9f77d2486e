//! A scraper: a page, and all pages of the same host that it leads to; a few at a time, and politely. What it finds is printed,
//! a line of JSON for each page. Ctrl-C ends it in good order: the pages that are on their way come, and no others.
//!
//! `cargo run --release --example scraper` goes through a server of its own;
//! `cargo run --release --example scraper -- https://example.org/ > pages.jsonl`
//!
//! In asyncio: workers on an `asyncio.Queue`, an aiohttp session with `TCPConnector(limit_per_host=2)`, a `sleep` between
//! requests, and `loop.add_signal_handler(SIGINT, stop.set)`.

use std::{collections::HashSet, env, iter, sync::Mutex, time::Duration};

use serde_json::{Value, json};
use smolio::{Or2, Queue, TaskGroup, http::ClientSession, race, shutdown_signal};
use smolio_httpbin::Httpbin;
use url::Url;

const WORKERS: usize = 4;
/// Between the beginnings of two requests to the same host.
const DELAY: Duration = Duration::from_millis(50);

/// What the workers share.
struct Scraper {
    session: ClientSession,
    links: Queue<Url>,
    /// All that were ever put into the queue, so that no page is fetched twice.
    seen: Mutex<HashSet<Url>>,
}

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let httpbin = Httpbin::start()?; // a server on this machine, until the end of main
    let start = env::args().nth(1);
    let start = start.unwrap_or_else(|| httpbin.url("/links/20/0"));
    let scraper = Scraper {
        // A server that is busy says so: with `retry-after` it is left alone for so long.
        session: ClientSession::builder().delay_per_host(DELAY).build()?,
        links: Queue::unbounded(), // the workers fill it themselves: with a limit all could wait for each other
        seen: Mutex::default(),
    };
    scraper.add(Url::parse(&start)?);
    scraper.run().await
}

impl Scraper {
    async fn run(&self) -> anyhow::Result<()> {
        let group = TaskGroup::<anyhow::Error>::new();
        let finished = group.run(async {
            for _ in 0..WORKERS {
                group.spawn(self.work());
            }
            match race((self.links.join(), shutdown_signal())).await {
                // Nothing is on its way, so nothing will be added.
                Or2::A(()) => self.links.shutdown(),
                Or2::B(signal) => {
                    eprintln!("{}: {} pages are left out", signal?, self.links.len());
                    self.links.shutdown_now();
                }
            }
            Ok(()) // the group waits for the workers, and they for their pages
        });
        Ok(finished.await?)
    }

    /// Takes links until there are no more.
    async fn work(&self) -> anyhow::Result<()> {
        while let Ok(url) = self.links.get_job().await {
            match self.page(&url).await {
                Ok(line) => println!("{line}"),
                // One page that is not there is no reason to stop.
                Err(error) => println!(
                    "{}",
                    json!({ "url": url.as_str(), "error": error.to_string() })
                ),
            }
            // The job is done here, after its links were added: that is what `join` waits for.
        }
        Ok(())
    }

    async fn page(&self, url: &Url) -> anyhow::Result<Value> {
        let response = self.session.get(url).await?.error_for_status()?;
        let status = response.status().as_u16();
        let here = response.url().clone(); // links are relative to where redirects have led
        let text = response.text().await?;
        let mut found = 0;
        for link in links(&text, &here) {
            found += 1;
            self.add(link);
        }
        Ok(json!({
            "url": url.as_str(),
            "status": status,
            "title": between(&text, "<title>", "</title>"),
            "links": found,
        }))
    }

    /// Puts a link into the queue, unless it was there before.
    fn add(&self, mut link: Url) {
        link.set_fragment(None);
        if self
            .seen
            .lock()
            .expect("nothing panics with it")
            .insert(link.clone())
        {
            // Refused once the queue is shut down: whoever pressed Ctrl-C wants no more.
            self.links.try_put(link).ok();
        }
    }
}

/// The links of a page that stay on its host. A real one would use a parser of HTML, and look at robots.txt first.
fn links<'t>(page: &'t str, here: &'t Url) -> impl Iterator<Item = Url> + 't {
    let mut rest = page;
    let targets = iter::from_fn(move || {
        rest = rest.split_once("href=")?.1;
        let quote = rest.chars().next()?;
        between(rest, &quote.to_string(), &quote.to_string())
    });
    targets
        .filter_map(|target| here.join(target).ok())
        .filter(|link| link.origin() == here.origin())
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}
