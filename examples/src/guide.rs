//! Runs the sections of the guide one after the other: each on a loop of its own, in real time, with a verdict.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use smolio::spawn_local;

/// How much longer than expected a section may take: the machine may have other things to do.
const TOLERANCE: Duration = Duration::from_secs(1);

/// What was found so far.
#[derive(Default)]
pub struct Guide {
    summary: Vec<String>,
    failed: usize,
}

impl Guide {
    /// Runs a section on a loop of its own. It is to take `expected` seconds. If it does not behave, the others go on, and
    /// [`finish`](Self::finish) tells.
    pub fn section(
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

    /// Prints all verdicts.
    ///
    /// # Errors
    /// If a section did not behave: a program whose `main` gives this error exits with a failure.
    pub fn finish(self) -> anyhow::Result<()> {
        println!("== summary ==");
        for line in &self.summary {
            println!("{line}");
        }
        let (sections, failed) = (self.summary.len(), self.failed);
        let ok = sections - failed;
        println!("{sections} sections: {ok} ok, {failed} not as expected");
        if failed > 0 {
            bail!("{failed} of {sections} sections did not behave as expected");
        }
        Ok(())
    }
}

fn in_time(took: Duration, expected: Duration) -> anyhow::Result<()> {
    ensure!(took >= expected, "too early");
    ensure!(took < expected + TOLERANCE, "too late");
    Ok(())
}
