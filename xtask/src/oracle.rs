//! `cargo xtask oracle`: the same scenarios in asyncio and in smolio, compared line by line; the package `oracle/` does it.

use anyhow::Result;

use crate::process;

pub(crate) fn run() -> Result<()> {
    process::run(&mut process::cargo([
        "run",
        "--quiet",
        "--package",
        "smolio-oracle",
    ]))
}
