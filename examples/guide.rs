//! The guide: all sections, one after the other, with real sockets on this machine and in real time. What comes out is checked,
//! and how long it took; a section that does not behave makes the whole fail.
//!
//! `cargo run --release --example guide`

#![allow(
    dead_code,
    reason = "each section has a main of its own, to run it alone"
)]

use std::{
    env,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use smolio::{spawn_local, to_thread};

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

/// The argument that makes this program run the section on debug mode alone.
const DEBUG: &str = "debug";

/// How much longer than expected a section may take: the machine may have other things to do.
const TOLERANCE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(DEBUG) {
        debug::main();
        return ExitCode::SUCCESS;
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
        let results = errors::all_results().await;
        let numbers: Vec<_> = results.into_iter().map(Result::ok).collect();
        ensure!(numbers == [Some(1), Some(2), None, Some(4)]);
        Ok(())
    });
    guide.section("errors", "try_gather stops at the first", 0.3, async {
        let error = errors::all_or_the_first_error().await.err();
        let error = error.context("nothing failed")?;
        println!("{error:#}");
        ensure!(error.to_string() == "could not fetch C");
        Ok(())
    });
    guide.section("errors", "so does a task group, with names", 0.3, async {
        let error = errors::all_or_nothing().await.err();
        let error = error.context("nothing failed")?;
        println!("{error:#}");
        ensure!(error.to_string().contains("could not fetch C"));
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
            let server = fetch::slow_server()?;
            let urls: Vec<_> = (1..=100)
                .map(|number| server.url(&format!("/{number}")))
                .collect();
            let pages = fetch::fetch_all(&urls).await?;
            println!("{} pages, the last one says: {}", pages.len(), pages[99]);
            ensure!(pages.len() == 100 && pages[99] == "you asked for /100");
            Ok(())
        },
    );
    let debug = debug_section();
    guide.section("debug", "who blocks the loop is told", 0.3, debug);
    guide.summary()
}

/// Debug mode reports on standard error: so this program runs itself once more, for this one section.
async fn debug_section() -> anyhow::Result<()> {
    let output = to_thread(|| Command::new(env::current_exe()?).arg(DEBUG).output()).await?;
    print!("{}", String::from_utf8(output.stdout)?);
    let report = String::from_utf8(output.stderr)?;
    print!("{report}");
    ensure!(output.status.success());
    ensure!(report.contains("careless (spawned at"), "no report");
    Ok(())
}

/// What was found so far.
#[derive(Default)]
struct Guide {
    summary: Vec<String>,
    failed: usize,
}

impl Guide {
    /// Runs a section on a loop of its own. It is to take `expected` seconds.
    fn section(
        &mut self,
        name: &str,
        shows: &str,
        expected: f64,
        body: impl Future<Output = anyhow::Result<()>> + 'static,
    ) {
        println!("== {name}: {shows} ==");
        let start = Instant::now();
        // A panic in there is a result like others.
        let outcome = smolio::run(async { spawn_local(body).join().await });
        let took = start.elapsed();
        let outcome = match outcome {
            Ok(Ok(())) => in_time(took, Duration::from_secs_f64(expected)),
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(panic.into()),
        };
        let verdict = match outcome {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                self.failed += 1;
                format!("NOT as expected: {error:#}")
            }
        };
        let took = took.as_secs_f64();
        println!("-- {took:.2} s, expected {expected:.2} s: {verdict}\n");
        self.summary
            .push(format!("{name:<12}{shows:<40}{took:>6.2} s  {verdict}"));
    }

    fn summary(self) -> ExitCode {
        println!("== summary ==");
        for line in &self.summary {
            println!("{line}");
        }
        let sections = self.summary.len();
        println!(
            "{sections} sections: {} ok, {} not as expected",
            sections - self.failed,
            self.failed
        );
        if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn in_time(took: Duration, expected: Duration) -> anyhow::Result<()> {
    ensure!(took >= expected, "too early");
    ensure!(took < expected + TOLERANCE, "too late");
    Ok(())
}
