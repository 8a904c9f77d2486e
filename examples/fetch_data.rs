//! A task runs beside main: while it waits for its data, main goes on counting.
//!
//! `cargo run --release --example fetch_data`
//!
//! In asyncio: `task = asyncio.create_task(fetch_data())`, a loop with `await asyncio.sleep(0.25)`, and `await task`.

use std::time::Duration;

use smolio::{sleep, spawn};

#[smolio::main]
async fn main() {
    let data = fetch_and_count().await;
    println!("main has {data:?}");
}

pub async fn fetch_and_count() -> Vec<u32> {
    let task = spawn(fetch_data());
    for number in 1..=3 {
        println!("main counts: {number}");
        sleep(Duration::from_millis(250)).await;
    }
    task.await
}

async fn fetch_data() -> Vec<u32> {
    println!("fetching");
    sleep(Duration::from_secs(1)).await; // in real life: a request
    println!("fetched");
    vec![1, 2, 3]
}
