//! `cargo xtask bench`: the benchmarks, built as a careful user would build a release.

use anyhow::Result;

use crate::process;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let command = [
        "run",
        "--profile",
        "bench",
        "--package",
        "smolio-bench",
        "--",
    ];
    process::run(process::cargo(command).args(arguments))
}
