//! A program without an async main: an order is added up, taken from a shop, and paid for. The shop is asked by async code, on a
//! loop in the background that stays for the whole program; this thread and others call into it, and wait.
//!
//! `cargo run --release --example sync_program`
//!
//! In asyncio: anyio's `with start_blocking_portal() as portal: portal.call(f, x)`, or a loop in a thread and
//! `asyncio.run_coroutine_threadsafe(f(x), loop).result()`.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::{Router, extract::Path, routing};
use smolio::{Portal, http::ClientSession, sleep, try_gather};
use smolio_httpbin::Httpbin;

fn main() -> anyhow::Result<()> {
    let portal = Portal::start()?;
    let shop = Shop {
        session: ClientSession::new(),
        httpbin: shop()?,
    };
    let order = read_order("apple 3, bread 1, cheese 2")?;

    // All prices at the same time.
    let start = Instant::now();
    let prices = portal.call(shop.prices(&order))??;
    let asked_for = start.elapsed();

    let mut sum = 0;
    for ((item, count), price) in order.iter().zip(prices) {
        println!("{count} {item} at {price}");
        sum += count * price;
    }
    println!("{sum} in all, after {:.1} s", asked_for.as_secs_f64());

    // Goes on beside what this thread does.
    let receipt = portal.spawn(shop.get(format!("/receipt/{sum}")))?;

    // Other threads call through the same portal; each is blocked by its own call only.
    thread::scope(|scope| {
        let threads: Vec<_> = order
            .iter()
            .map(|(item, count)| {
                let taken = shop.get(format!("/take/{item}/{count}"));
                let portal = &portal;
                scope.spawn(move || anyhow::Ok(format!("{item}: {}", portal.call(taken)??)))
            })
            .collect();
        for thread in threads {
            println!("{}", thread.join().expect("the thread does not panic")?);
        }
        anyhow::Ok(())
    })?;

    println!("{}", portal.call(receipt)??);
    portal.stop(); // as its drop does
    Ok(())
}

/// Its methods are not async: each gives a future that borrows nothing, for that goes to another thread.
struct Shop {
    session: ClientSession,
    httpbin: Httpbin,
}

impl Shop {
    fn get(&self, path: String) -> impl Future<Output = anyhow::Result<String>> + Send + use<> {
        let request = self.session.get(self.httpbin.url(&path));
        async move {
            let response = request.await?.error_for_status()?;
            Ok(response.text().await?)
        }
    }

    fn prices(
        &self,
        order: &[(String, u32)],
    ) -> impl Future<Output = anyhow::Result<Vec<u32>>> + Send + use<> {
        let pages = order.iter().map(|(item, _)| {
            let page = self.get(format!("/price/{item}"));
            async { price(&page.await?) }
        });
        let pages: Vec<_> = pages.collect();
        async { try_gather(pages).await }
    }
}

fn read_order(text: &str) -> anyhow::Result<Vec<(String, u32)>> {
    let read = |line: &str| {
        let (item, count) = line
            .trim()
            .split_once(' ')
            .with_context(|| format!("`{line}` is not an item and a number"))?;
        Ok((item.to_owned(), count.parse()?))
    };
    text.split(',').map(read).collect()
}

fn price(page: &str) -> anyhow::Result<u32> {
    page.parse()
        .with_context(|| format!("`{page}` is no price"))
}

/// A shop that takes its time for each answer.
fn shop() -> io::Result<Httpbin> {
    let price = async |Path(item): Path<String>| late((item.len() * 10).to_string()).await;
    let take = async |Path((_, count)): Path<(String, u32)>| late(format!("{count} taken")).await;
    let receipt = async |Path(sum): Path<u32>| late(format!("receipt: {sum} paid")).await;
    let routes = Router::new()
        .route("/price/{item}", routing::get(price))
        .route("/take/{item}/{count}", routing::get(take))
        .route("/receipt/{sum}", routing::get(receipt));
    Httpbin::with_routes(routes)
}

async fn late(answer: String) -> String {
    sleep(Duration::from_millis(200)).await;
    answer
}
