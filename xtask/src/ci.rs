//! `cargo xtask ci`: everything that must hold before a change lands, and where the time went.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{bench, features, oracle, pick, process, test, tidy};

/// A check: its name, what to type to run it alone, and itself.
struct Step {
    name: &'static str,
    alone: &'static str,
    check: fn() -> Result<()>,
}

/// The quick ones first, so that a slip is told early.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        alone: "cargo fmt --all --check",
        check: format,
    },
    Step {
        name: "tidy",
        alone: "cargo xtask tidy",
        check: tidy::run,
    },
    Step {
        name: "clippy",
        alone: "cargo clippy --workspace --all-targets --all-features -- -D warnings",
        check: clippy,
    },
    Step {
        name: "test",
        alone: "cargo xtask test",
        check: test::run,
    },
    Step {
        name: "oracle",
        alone: "cargo xtask oracle",
        check: oracle::run,
    },
    Step {
        name: "documentation",
        alone: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps",
        check: documentation,
    },
    Step {
        name: "features",
        alone: "cargo xtask features",
        check: features::run,
    },
    Step {
        name: "pick",
        alone: "cargo xtask pick",
        check: || pick::run(&[]),
    },
    Step {
        name: "bench",
        alone: "cargo xtask bench --quick",
        check: || bench::run(&["--quick".to_owned()]),
    },
];

fn format() -> Result<()> {
    process::run(&mut process::cargo(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let command = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    process::run(&mut process::cargo(command))
}

fn documentation() -> Result<()> {
    let mut command = process::cargo(["doc", "--workspace", "--all-features", "--no-deps"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

pub(crate) fn run() -> Result<()> {
    let mut done: Vec<(&str, Duration)> = Vec::new();
    for step in STEPS {
        println!("\n== {} ==", step.name);
        let start = Instant::now();
        let result = (step.check)();
        done.push((step.name, start.elapsed()));
        if let Err(error) = result {
            eprintln!("error: {error:#}");
            println!("\n{}", summary(&done, true));
            bail!("{} failed; to run it alone:\n\n  {}", step.name, step.alone);
        }
    }
    println!("\n{}", summary(&done, false));
    Ok(())
}

/// A table of the steps that ran, of which only the last can have failed.
fn summary(done: &[(&str, Duration)], failed: bool) -> String {
    let mut lines = vec![format!("{:<16}{:>9}  result", "step", "seconds")];
    for (position, (name, time)) in done.iter().enumerate() {
        let is_last = position + 1 == done.len();
        let result = if failed && is_last { "FAILED" } else { "ok" };
        lines.push(format!("{name:<16}{:>9.1}  {result}", time.as_secs_f64()));
    }
    let skipped = STEPS.len() - done.len();
    let failed = usize::from(failed);
    let passed = done.len() - failed;
    lines.push(format!(
        "steps: {passed} passed, {failed} failed, {skipped} skipped"
    ));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_which_step_failed_and_what_was_not_run() {
        let done = [
            ("format", Duration::from_millis(300)),
            ("tidy", Duration::from_secs(2)),
        ];
        let lines = summary(&done, true);
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines[1], "format                0.3  ok");
        assert_eq!(lines[2], "tidy                  2.0  FAILED");
        assert_eq!(lines[3], "steps: 1 passed, 1 failed, 7 skipped");
    }
}
