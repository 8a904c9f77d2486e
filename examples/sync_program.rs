//! A program without an async main: an order is added up. It calls async code for the one thing that is better done all at once,
//! and later keeps a loop for several calls, with a task that goes on from one to the next.
//!
//! `cargo run --release --example sync_program`
//!
//! In asyncio: `asyncio.run(...)` in the middle of a program, and `with asyncio.Runner() as runner: runner.run(...)`.

use std::{
    io,
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::{Router, extract::Path, routing};
use smolio::{Runner, http::ClientSession, sleep, try_gather};
use smolio_httpbin::Httpbin;

fn main() -> anyhow::Result<()> {
    let shop = shop()?;
    let session = ClientSession::new(); // is bound to no loop, so one serves all of them
    let order = read_order("apple 3, bread 1, cheese 2")?;

    // One thing is async: to ask for all prices at the same time.
    let start = Instant::now();
    let requests = order
        .iter()
        .map(|(item, _)| price(&session, shop.url(&format!("/price/{item}"))));
    let prices = smolio::run(try_gather(requests))?;
    let asked_for = start.elapsed();

    let mut sum = 0;
    for ((item, count), price) in order.iter().zip(prices) {
        println!("{count} {item} at {price}");
        sum += count * price;
    }
    println!("{sum} in all, after {:.1} s", asked_for.as_secs_f64());

    // Several calls: the loop stays, and what was spawned in it pauses in between.
    let runner = Runner::new();
    let url = shop.url(&format!("/receipt/{sum}"));
    let receipt = runner.handle().spawn({
        let session = session.clone();
        async move { get(&session, url).await }
    });
    let receipt = receipt.expect("a runner takes tasks until it is closed");
    for (item, count) in &order {
        let url = shop.url(&format!("/take/{item}/{count}"));
        let taken = runner.run(get(&session, url))?;
        println!("{item}: {taken}");
    }
    println!("{}", runner.run(receipt)?);
    runner.close();
    Ok(())
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

async fn price(session: &ClientSession, url: String) -> anyhow::Result<u32> {
    let page = get(session, url).await?;
    page.parse()
        .with_context(|| format!("`{page}` is no price"))
}

async fn get(session: &ClientSession, url: String) -> anyhow::Result<String> {
    let response = session.get(url).await?.error_for_status()?;
    Ok(response.text().await?)
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
