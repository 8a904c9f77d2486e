//! Three requests at the same time: the whole takes as long as the slowest, and the results come in the order of the requests.
//!
//! `cargo run --release --example gather`
//!
//! In asyncio: `await asyncio.gather(fetch("A", 1.0), fetch("B", 2.0), fetch("C", 0.5))`.

use std::time::Duration;

use smolio::{Instant, gather, sleep};

#[smolio::main]
async fn main() {
    let start = Instant::now();
    let results = fetch_three().await;
    println!("{results:?} after {:.1} s", start.elapsed().as_secs_f64());
}

pub async fn fetch_three() -> (String, String, String) {
    gather((fetch("A", 1.0), fetch("B", 2.0), fetch("C", 0.5))).await
}

async fn fetch(name: &str, seconds: f64) -> String {
    println!("{name} begins");
    sleep(Duration::from_secs_f64(seconds)).await; // in real life: a request
    println!("{name} has its answer");
    format!("answer {name}")
}
