//! A pool of workers that get pages from a server with moods: what fails is tried again after a pause, each time a longer one,
//! and what fails too often becomes a dead letter. A bar shows the progress.
//!
//! `cargo run --release --example worker_pool`
//!
//! In asyncio: workers with `await queue.get()` and `queue.task_done()` in a `finally:`, then `await queue.join()`.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::Path, http::StatusCode, routing};
use indicatif::ProgressBar;
use smolio::{
    Queue, TaskGroup, http::ClientSession, queue::Job, sleep, task_group::Spawner, time::Backoff,
};
use smolio_httpbin::Httpbin;

const PAGES: u64 = 40;
const WORKERS: usize = 4;
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What the workers share.
struct Pool {
    session: ClientSession,
    pages: Queue<Page>,
    /// With the places of their pages.
    dead_letters: Queue<(usize, anyhow::Error)>,
    progress: ProgressBar,
}

/// A page to get, and the pauses that are left when that fails.
struct Page {
    place: usize,
    url: String,
    pauses: Backoff,
}

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let server = moody_server()?;
    let urls = (1..=PAGES).map(|number| server.url(&format!("/page/{number}")));
    let dead_letters = get_all(urls).await?;
    let got = PAGES - dead_letters.len() as u64;
    println!("{got} of {PAGES} pages are here; given up after {ATTEMPTS} attempts:");
    for letter in dead_letters {
        println!("  {letter}");
    }
    Ok(())
}

async fn get_all(urls: impl Iterator<Item = String>) -> anyhow::Result<Vec<anyhow::Error>> {
    let pool = Pool {
        session: ClientSession::new(),
        pages: Queue::bounded(10),
        dead_letters: Queue::unbounded(),
        progress: ProgressBar::new(PAGES),
    };
    let group = TaskGroup::<anyhow::Error>::new();
    let all_done = group.run(async {
        for _ in 0..WORKERS {
            group.spawn(work(&pool, group.spawner()));
        }
        for (place, url) in urls.enumerate() {
            let pauses = Backoff::new(ATTEMPTS - 1).base(FIRST_PAUSE);
            let page = Page { place, url, pauses };
            pool.pages.put(page).await?; // waits while the workers are behind
        }
        pool.pages.join().await; // each page is here, or dead
        pool.pages.shutdown(); // ends the workers
        Ok(())
    });
    all_done.await?;
    pool.progress.finish();
    pool.dead_letters.shutdown();
    let mut dead_letters = Vec::new();
    while let Some(letter) = pool.dead_letters.next().await {
        dead_letters.push(letter);
    }
    // The pauses are random, and so is who is given up first.
    dead_letters.sort_by_key(|(place, _)| *place);
    Ok(dead_letters.into_iter().map(|(_, error)| error).collect())
}

/// A worker. It does not wait for the pauses: they are children of their own.
async fn work<'p>(pool: &'p Pool, group: Spawner<'p, anyhow::Error>) -> anyhow::Result<()> {
    while let Ok(mut page) = pool.pages.get_job().await {
        if let Err(error) = get(&pool.session, &page.url).await {
            if let Some(pause) = page.pauses.next() {
                group.spawn(try_again(pool, page, pause));
                continue;
            }
            pool.dead_letters.put((page.place, error)).await?;
        }
        pool.progress.inc(1);
    }
    Ok(())
}

/// The page stays undone until it is in the queue again, so that `join` does not return in between.
async fn try_again(pool: &Pool, page: Job<Page>, pause: Duration) -> anyhow::Result<()> {
    sleep(pause).await;
    let again = Page {
        place: page.place,
        url: page.url.clone(),
        pauses: page.pauses.clone(),
    };
    Ok(pool.pages.put(again).await?)
}

async fn get(session: &ClientSession, url: &str) -> anyhow::Result<String> {
    let response = session.get(url).await?.error_for_status()?;
    Ok(response.text().await?)
}

/// Every fourth page is there only at the third attempt, and every tenth from the seventh on never.
fn moody_server() -> io::Result<Httpbin> {
    let attempts = Arc::new(Mutex::new(HashMap::<u32, u32>::new()));
    let page = async move |Path(number): Path<u32>| {
        let attempt = count(&attempts, number);
        sleep(Duration::from_millis(40)).await;
        let status = match number {
            _ if number % 10 == 7 => StatusCode::INTERNAL_SERVER_ERROR,
            _ if number % 4 == 0 && attempt < 3 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        (status, format!("page {number}"))
    };
    Httpbin::with_routes(Router::new().route("/page/{number}", routing::get(page)))
}

/// The how manieth attempt this is.
fn count(attempts: &Mutex<HashMap<u32, u32>>, number: u32) -> u32 {
    let mut attempts = attempts.lock().expect("nothing panics with it");
    let attempt = attempts.entry(number).or_default();
    *attempt += 1;
    *attempt
}
