//! A library that does not care who runs it: it uses the leaf crates, and its users run it under smolio, under tokio, or without
//! either.
//!
//! `cargo run --release --example library`
//!
//! In asyncio: there is nothing to choose; who wants to support trio as well writes against anyio.

use std::{io, thread, time::Duration};

use smolio_queue::Queue;
use smolio_task_group::TaskGroup;
use smolio_timer::{Elapsed, timeout};

/// The library: its signatures name std and the leaf crates, and no runtime.
mod checker {
    use super::{Duration, Elapsed, Queue, TaskGroup, timeout};

    /// What has become of a name.
    #[derive(Debug)]
    pub(super) enum Verdict {
        Good,
        Bad(String),
        TooSlow(Elapsed),
    }

    /// Checks names, so many at a time and each for so long at most, and gives the verdicts in the order in which they came.
    ///
    /// The checks run inside of the future that this gives: dropping it ends them.
    pub(super) async fn check_all<'n, F>(
        names: &'n [&'n str],
        at_a_time: usize,
        limit: Duration,
        check: impl Fn(&'n str) -> F + Sync,
    ) -> Vec<(&'n str, Verdict)>
    where
        F: Future<Output = Result<(), String>> + Send,
    {
        let verdicts = Queue::unbounded();
        let (lent_check, lent_verdicts) = (&check, &verdicts);
        let group = TaskGroup::infallible().limit(at_a_time);
        let checked = group.run_value(async {
            for &name in names {
                group.spawn_value(async move {
                    let verdict = match timeout(limit, lent_check(name)).await {
                        Ok(Ok(())) => Verdict::Good,
                        Ok(Err(reason)) => Verdict::Bad(reason),
                        Err(elapsed) => Verdict::TooSlow(elapsed),
                    };
                    lent_verdicts
                        .try_put((name, verdict))
                        .expect("it has no limit");
                });
            }
        });
        checked.await.expect("nobody cancels the group");
        verdicts.shutdown();
        let mut all = Vec::new();
        while let Some(verdict) = verdicts.next().await {
            all.push(verdict);
        }
        all
    }
}

const NAMES: [&str; 4] = ["ada", "bob", "never", "zoe"];

/// What a user of the library does, on whichever runtime.
async fn user() -> Vec<String> {
    let check = async |name: &str| match name {
        "never" => std::future::pending().await,
        "bob" => Err("is not known".to_owned()),
        _ => Ok(()),
    };
    let limit = Duration::from_millis(50);
    let verdicts = checker::check_all(&NAMES, 2, limit, check).await;
    verdicts
        .into_iter()
        .map(|(name, verdict)| match verdict {
            checker::Verdict::Good => format!("{name}: good"),
            checker::Verdict::Bad(reason) => format!("{name}: {reason}"),
            checker::Verdict::TooSlow(elapsed) => format!("{name}: {elapsed}"),
        })
        .collect()
}

fn main() -> anyhow::Result<()> {
    show("smolio", &smolio::run(user()));
    show("tokio", &tokio_runtime()?.block_on(user()));
    show(
        "tokio, spawned",
        &tokio_runtime()?.block_on(async { tokio::spawn(user()).await })?,
    );
    show("no runtime", &futures_lite::future::block_on(user()));
    let elsewhere = thread::spawn(|| smolio::run(user()));
    show(
        "another thread",
        &elsewhere.join().expect("nothing panics in it"),
    );
    Ok(())
}

/// Without tokio's timer: the library brings its own.
fn tokio_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().build()
}

fn show(runtime: &str, verdicts: &[String]) {
    println!("{runtime}: {}", verdicts.join(", "));
}
