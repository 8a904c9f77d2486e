//! One of four fails. `gather` gives all four results; `try_gather` and a task group stop at the failure, and drop what is still
//! running.
//!
//! `cargo run --release --example errors`
//!
//! In asyncio: `gather(..., return_exceptions=True)`, `gather(...)` (which does not stop the others), and an `ExceptionGroup`.

use std::{io, sync::Mutex, time::Duration};

use anyhow::Context;
use smolio::{TaskGroup, gather, sleep, try_gather};

const NAMES: [&str; 4] = ["A", "B", "C", "D"];

#[smolio::main]
async fn main() {
    let dropped = Dropped::default();
    println!("gather:");
    all_results(&dropped).await;
    println!("try_gather:");
    if let Err(error) = all_or_the_first_error(&dropped).await {
        println!("{error:#}");
    }
    println!("task group:");
    if let Err(error) = all_or_nothing(&dropped).await {
        println!("{error:#}");
    }
}

pub async fn all_results(dropped: &Dropped) -> Vec<anyhow::Result<u32>> {
    let results = gather(NAMES.map(|name| fetch(name, dropped))).await;
    for (name, result) in NAMES.iter().zip(&results) {
        match result {
            Ok(number) => println!("{name} gave {number}"),
            Err(error) => println!("{name} failed: {error:#}"),
        }
    }
    results.into()
}

pub async fn all_or_the_first_error(dropped: &Dropped) -> anyhow::Result<Vec<u32>> {
    try_gather(NAMES.map(|name| fetch(name, dropped))).await
}

pub async fn all_or_nothing(dropped: &Dropped) -> anyhow::Result<u32> {
    let group = TaskGroup::<anyhow::Error>::new();
    let sum = group.run(async {
        let children = NAMES.map(|name| group.spawn_named(name, fetch(name, dropped)));
        let mut sum = 0;
        for child in children {
            sum += child.await;
        }
        Ok(sum)
    });
    Ok(sum.await?)
}

/// C fails, while D has not ended yet.
async fn fetch(name: &'static str, dropped: &Dropped) -> anyhow::Result<u32> {
    let mut request = Request {
        name,
        done: false,
        dropped,
    };
    let (delay, answer) = match name {
        "A" => (100, Ok(1)),
        "B" => (200, Ok(2)),
        "C" => (300, Err(io::Error::from(io::ErrorKind::ConnectionRefused))),
        _ => (400, Ok(4)),
    };
    sleep(Duration::from_millis(delay)).await; // in real life: a request
    request.done = true;
    answer.with_context(|| format!("could not fetch {name}"))
}

/// Says so when it is dropped before its end.
struct Request<'a> {
    name: &'static str,
    done: bool,
    dropped: &'a Dropped,
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if !self.done {
            println!("{} is dropped", self.name);
            self.dropped
                .0
                .lock()
                .expect("nothing panics with it")
                .push(self.name);
        }
    }
}

/// Who was dropped before its end: what the guide looks at.
#[derive(Default)]
pub struct Dropped(Mutex<Vec<&'static str>>);

impl Dropped {
    pub fn names(&self) -> Vec<&'static str> {
        self.0.lock().expect("nothing panics with it").clone()
    }
}
