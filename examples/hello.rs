//! The first program: two tasks take turns, one of them is too slow, and nothing is left behind.
//!
//! `cargo run --release --example hello`

use std::time::Duration;

use smolio::{finally, sleep, spawn, timeout};

#[smolio::main]
async fn main() {
    println!("hello");
    let world = spawn(say_after(Duration::from_millis(100), "world"));
    let never = finally(say_after(Duration::from_secs(3600), "never said"), async {
        println!("the slow one was cleaned up")
    });
    world.await;
    match timeout(Duration::from_millis(50), never).await {
        Ok(()) => println!("the slow one was in time"),
        Err(elapsed) => println!("the slow one {elapsed}"),
    }
}

async fn say_after(delay: Duration, what: &str) {
    sleep(delay).await;
    println!("{what}");
}
