//! The guide: all sections, one after the other, with real sockets on this machine and in real time. What comes out is checked,
//! and how long it took; a section that does not behave makes the whole fail.
//!
//! `cargo run --release --example guide`

#![allow(
    dead_code,
    reason = "each section has a main of its own, to run it alone"
)]

use std::{env, process::Command, time::Duration};

use anyhow::{Context, ensure};
use indicatif::ProgressBar;
use serde_json::Value;
use smolio::{http::ClientSession, to_thread};
use smolio_examples::Guide;
use smolio_httpbin::Httpbin;

#[path = "debug.rs"]
mod debug;
#[path = "errors.rs"]
mod errors;
#[path = "fetch.rs"]
mod fetch;
#[path = "fetch_data.rs"]
mod fetch_data;
#[path = "gather.rs"]
mod gather;
#[path = "hello.rs"]
mod hello;
#[path = "queue.rs"]
mod queue;
#[path = "task_group.rs"]
mod task_group;

use errors::Dropped;

/// The argument that makes this program run the section on debug mode alone.
const DEBUG: &str = "debug";

fn main() -> anyhow::Result<()> {
    if env::args().nth(1).as_deref() == Some(DEBUG) {
        debug::main();
        return Ok(());
    }
    let mut guide = Guide::default();
    guide.section("hello", "two tasks, a timeout, a clean-up", 0.15, async {
        let elapsed = hello::hello().await.err().context("nothing timed out")?;
        ensure!(elapsed.limit() == Some(Duration::from_millis(50)));
        Ok(())
    });
    guide.section("fetch_data", "a task runs beside main", 1.0, async {
        ensure!(fetch_data::fetch_and_count().await == [1, 2, 3]);
        Ok(())
    });
    guide.section("gather", "1, 2 and 0.5 s at once are 2 s", 2.0, async {
        let (a, b, c) = gather::fetch_three().await;
        ensure!([a, b, c] == ["answer A", "answer B", "answer C"]);
        Ok(())
    });
    guide.section("queue", "it ends with its producer", 1.0, async {
        ensure!(queue::until_the_producer_is_gone().await? == [1, 2, 3, 4, 5]);
        Ok(())
    });
    guide.section("queue", "it ends with a sentinel", 1.0, async {
        ensure!(queue::until_a_sentinel_comes().await? == [1, 2, 3, 4, 5]);
        Ok(())
    });
    guide.section("errors", "gather gives every result", 0.4, async {
        let dropped = Dropped::default();
        let results = errors::all_results(&dropped).await;
        let numbers: Vec<_> = results.into_iter().map(Result::ok).collect();
        ensure!(numbers == [Some(1), Some(2), None, Some(4)]);
        ensure!(dropped.names().is_empty(), "not all were waited for");
        Ok(())
    });
    guide.section("errors", "try_gather stops at the first", 0.3, async {
        let dropped = Dropped::default();
        let error = errors::all_or_the_first_error(&dropped).await.err();
        let error = error.context("nothing failed")?;
        println!("{error:#}");
        ensure!(error.to_string() == "could not fetch C");
        ensure!(dropped.names() == ["D"], "D was not stopped");
        Ok(())
    });
    guide.section("errors", "so does a task group, with names", 0.3, async {
        let dropped = Dropped::default();
        let error = errors::all_or_nothing(&dropped).await.err();
        let error = error.context("nothing failed")?;
        println!("{error:#}");
        ensure!(error.to_string().contains("could not fetch C"));
        ensure!(dropped.names() == ["D"], "D was not stopped");
        Ok(())
    });
    guide.section("task_group", "children that borrow", 0.6, async {
        let cities = ["Oslo", "Paris", "Madrid"].map(str::to_owned);
        let report = task_group::inspect(&cities).await?;
        ensure!(report == "15 letters, Oslo: rain, Paris: rain, Madrid: sun");
        Ok(())
    });
    guide.section(
        "fetch",
        "100 pages that take 1 s each, in 1 s",
        1.0,
        async {
            let httpbin = Httpbin::start()?;
            let urls = fetch::slow_urls(&httpbin);
            let (session, hidden) = (ClientSession::new(), ProgressBar::hidden());
            let pages = fetch::fetch_all(&session, &urls, &hidden).await;
            let pages = pages.into_iter().collect::<Result<Vec<_>, _>>()?;
            let last: Value = serde_json::from_slice(&pages[99].body)?;
            println!(
                "{} pages, the last one is {}",
                pages.len(),
                last["args"]["page"]
            );
            ensure!(pages.len() == 100 && last["args"]["page"] == "100");
            Ok(())
        },
    );
    let debug = debug_section();
    guide.section("debug", "what is hardly ever meant is told", 3.7, debug);
    guide.finish()
}

/// Debug mode reports on standard error: so this program runs itself once more, for this one section.
async fn debug_section() -> anyhow::Result<()> {
    let output = to_thread(|| Command::new(env::current_exe()?).arg(DEBUG).output()).await?;
    print!("{}", String::from_utf8(output.stdout)?);
    let report = String::from_utf8(output.stderr)?;
    print!("{report}");
    ensure!(output.status.success());
    for told in [
        "smolio: careless (spawned at",
        "was cancelled by drop before its first poll",
        "was cancelled by drop while it was pending",
        "gave a `Result` that nobody read",
        "a task group that was dropped without being run",
        "has held Lock \"accounts\" for 1",
        "has not turned for 1",
        "has kept the only thread of its loop busy 3 times",
    ] {
        let times = report.matches(told).count();
        ensure!(times == 1, "{told:?} was told {times} times");
    }
    Ok(())
}
