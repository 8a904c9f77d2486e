//! `cargo xtask bench`: the benchmarks, built as a careful user would build a release.

use anyhow::Result;

use crate::process;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    // A little of each row shows that it works, and judges no time: the examples' dependencies are built already.
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let profile = if is_quick { "release" } else { "bench" };
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
