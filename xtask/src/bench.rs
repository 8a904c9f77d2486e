//! `cargo xtask bench`: the benchmarks, built as a careful user would build a release.

use anyhow::Result;

use crate::process;

/// What judges no time of this program. Built as the examples are, it needs no long link, and their dependencies are there.
const JUDGES_NO_TIME: &[&str] = &["--quick", "--compile", "--list", "--help", "-h"];

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let judges_time = !arguments
        .iter()
        .any(|argument| JUDGES_NO_TIME.contains(&argument.as_str()));
    let profile = if judges_time { "bench" } else { "release" };
    let command = [
        "run",
        "--profile",
        profile,
        "--package",
        "smolio-bench",
        "--",
    ];
    process::run(process::cargo(command).args(arguments))
}
