//! A pool of workers that get pages from a server with moods: what fails is tried again after a pause, each time a longer one,
//! and what fails too often becomes a dead letter. A bar shows the progress.
//!
//! `cargo run --release --example worker_pool`
//!
//! In asyncio: workers with `await queue.get()` and `queue.task_done()` in a `finally:`, then `await queue.join()`.

use std::{collections::HashMap, io, sync::Mutex, time::Duration};

use indicatif::ProgressBar;
use smolio::{Queue, TaskGroup, queue::Job, sleep, task_group::Spawner};
use smolio_examples::{Server, get};

const PAGES: u64 = 40;
const WORKERS: usize = 4;
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What the workers share.
struct Pool {
    pages: Queue<Page>,
    dead_letters: Queue<DeadLetter>,
    progress: ProgressBar,
}

/// A page to get, and how often that has failed.
struct Page {
    url: String,
    failures: u32,
}

/// A page that nobody could get, and why.
struct DeadLetter {
    url: String,
    error: anyhow::Error,
}

#[smolio::main]
async fn main() -> anyhow::Result<()> {
    let server = moody_server()?;
    let urls = (1..=PAGES).map(|number| server.url(&format!("/{number}")));
    let dead_letters = get_all(urls).await?;
    let got = PAGES - dead_letters.len() as u64;
    println!("{got} of {PAGES} pages are here; given up after {ATTEMPTS} attempts:");
    for letter in dead_letters {
        println!("  {}: {}", letter.url, letter.error);
    }
    Ok(())
}

async fn get_all(urls: impl Iterator<Item = String>) -> anyhow::Result<Vec<DeadLetter>> {
    let pool = Pool {
        pages: Queue::bounded(10),
        dead_letters: Queue::unbounded(),
        progress: ProgressBar::new(PAGES),
    };
    let group = TaskGroup::<anyhow::Error>::new();
    let all_done = group.run(async {
        for _ in 0..WORKERS {
            group.spawn(work(&pool, group.spawner()));
        }
        for url in urls {
            pool.pages.put(Page { url, failures: 0 }).await?; // waits while the workers are behind
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
    Ok(dead_letters)
}

/// A worker. It does not wait for the pauses: they are children of their own.
async fn work<'p>(pool: &'p Pool, group: Spawner<'p, anyhow::Error>) -> anyhow::Result<()> {
    while let Ok(page) = pool.pages.get_job().await {
        match get(&page.url).await {
            Ok(_) => pool.progress.inc(1),
            Err(error) if page.failures + 1 == ATTEMPTS => {
                let url = page.url.clone();
                pool.dead_letters.put(DeadLetter { url, error }).await?;
                pool.progress.inc(1);
            }
            Err(_) => drop(group.spawn(try_again(pool, page))),
        }
    }
    Ok(())
}

/// The page stays undone until it is in the queue again, so that `join` does not return in between.
async fn try_again(pool: &Pool, page: Job<Page>) -> anyhow::Result<()> {
    sleep(FIRST_PAUSE * 2_u32.pow(page.failures)).await;
    let again = Page {
        url: page.url.clone(),
        failures: page.failures + 1,
    };
    Ok(pool.pages.put(again).await?)
}

/// Every fourth page is there only at the third attempt, and every tenth from the seventh on never.
fn moody_server() -> io::Result<Server> {
    let attempts = Mutex::new(HashMap::<String, u32>::new());
    Server::start(move |path| {
        let number: u32 = path.trim_start_matches('/').parse().unwrap_or_default();
        let mut attempts = attempts.lock().expect("nothing panics with it");
        let attempt = attempts.entry(path).or_default();
        *attempt += 1;
        let status = match number {
            _ if number % 10 == 7 => 500,
            _ if number % 4 == 0 && *attempt < 3 => 503,
            _ => 200,
        };
        async move {
            sleep(Duration::from_millis(40)).await;
            (status, format!("page {number}"))
        }
    })
}
