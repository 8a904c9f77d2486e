//! Debug mode: a task blocks the loop, and the report on standard error says which, where it was spawned, and for how long.
//!
//! `cargo run --release --example debug`; for a program that does not ask for it: `SMOLIO_DEBUG=1`, without a rebuild.
//!
//! In asyncio: `asyncio.run(main(), debug=True)`, or `PYTHONASYNCIODEBUG=1`.

use std::{thread, time::Duration};

use smolio::{Runner, TaskBuilder, interval, spawn};

pub fn main() {
    Runner::builder().debug(true).run(one_blocks());
}

async fn one_blocks() {
    let ticker = spawn(tick());
    let careless = TaskBuilder::new().name("careless").spawn(async {
        // It holds everybody up. `to_thread(|| ...)` is for calls that block, and `smolio::sleep` would not.
        thread::sleep(Duration::from_millis(300));
    });
    careless.await;
    println!("the careless one is done");
    ticker.cancel().await;
}

async fn tick() {
    let mut ticks = interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        println!("tick");
    }
}
