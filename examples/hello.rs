//! The first program: two tasks take turns, one of them is too slow, and nothing is left behind.
//!
//! `cargo run --release --example hello`
//!
//! In asyncio: `await asyncio.sleep(0.1); print("world")` in a task, and `asyncio.timeout(0.05)` around a `try: ... finally:`.

use std::time::Duration;

use smolio::{Elapsed, finally, sleep, spawn, timeout};

#[smolio::main]
async fn main() {
    if let Err(elapsed) = hello().await {
        println!("the slow one {elapsed}");
    }
}

pub async fn hello() -> Result<(), Elapsed> {
    println!("hello");
    let world = spawn(say_after(Duration::from_millis(100), "world"));
    let never = finally(say_after(Duration::from_secs(3600), "never said"), async {
        println!("the slow one was cleaned up")
    });
    world.await;
    timeout(Duration::from_millis(50), never).await
}

async fn say_after(delay: Duration, what: &str) {
    sleep(delay).await;
    println!("{what}");
}
