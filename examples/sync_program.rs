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
use smolio::{Runner, sleep, try_gather};
use smolio_examples::{Server, get};

fn main() -> anyhow::Result<()> {
    let shop = shop()?;
    let order = read_order("apple 3, bread 1, cheese 2")?;

    // One thing is async: to ask for all prices at the same time.
    let start = Instant::now();
    let requests = order.iter().map(|(item, _)| price(&shop, item));
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
    let receipt = runner.handle().spawn(async move { get(&url).await });
    let receipt = receipt.expect("a runner takes tasks until it is closed");
    for (item, count) in &order {
        let left = runner.run(get(&shop.url(&format!("/take/{item}/{count}"))))?;
        println!("{item}: {left}");
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

async fn price(shop: &Server, item: &str) -> anyhow::Result<u32> {
    let page = get(&shop.url(&format!("/price/{item}"))).await?;
    page.parse()
        .with_context(|| format!("the price of {item} is `{page}`"))
}

/// A shop that takes its time for each answer.
fn shop() -> io::Result<Server> {
    Server::start(|path| async move {
        sleep(Duration::from_millis(200)).await;
        match path.split('/').collect::<Vec<_>>()[..] {
            ["", "price", item] => (200, (item.len() * 10).to_string()),
            ["", "take", _, count] => (200, format!("{count} taken")),
            ["", "receipt", sum] => (200, format!("receipt: {sum} paid")),
            _ => (404, String::new()),
        }
    })
}
