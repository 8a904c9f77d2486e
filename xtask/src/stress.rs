//! `cargo xtask stress`: the randomised tests for longer than CI has time for, then once more under the address
//! sanitizer, then the fuzz targets. The thread sanitizer would need a standard library built for it, and is left out.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::fuzz;
use crate::process;
use crate::test::Runner;
use crate::workspace::Metadata;

/// How long each test may go on: read by the tests, which take well under a second without it.
const SECONDS_VARIABLE: &str = "SMOLIO_STRESS_SECONDS";
const DEFAULT_SECONDS: u64 = 20;

/// What all such tests have in their names.
const FILTER: &str = "stress";

/// The crates that hold `unsafe`, or that are built right on one that does.
const SANITIZED: &[&str] = &["smolio-executor", "smolio-task-group", "smolio-timer"];

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let seconds = seconds(arguments)?.to_string();
    let runner = Runner::find();
    // This package is about such tests, and has none.
    let selection = ["--workspace", "--exclude", "xtask", "--release", FILTER];
    let mut command = process::cargo(runner.command(&selection));
    process::run(command.env(SECONDS_VARIABLE, &seconds))?;
    sanitize(runner, &seconds)?;
    fuzz::run(&seconds)
}

fn seconds(arguments: &[String]) -> Result<u64> {
    match arguments {
        [] => Ok(DEFAULT_SECONDS),
        [option, seconds] if option == "--seconds" => seconds
            .parse()
            .with_context(|| format!("`--seconds` takes a whole number, got `{seconds}`")),
        _ => bail!(
            "`cargo xtask stress` takes `--seconds N` or nothing, got `{}`",
            arguments.join(" ")
        ),
    }
}

fn sanitize(runner: Runner, seconds: &str) -> Result<()> {
    if !has_nightly() {
        println!(
            "stress: passed, but not under the address sanitizer: `rustup toolchain install nightly` enables it"
        );
        return Ok(());
    }
    let version = process::output(&mut process::cargo(["+nightly", "version", "--verbose"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("the nightly cargo does not tell which host it is for")?;

    let mut command = process::cargo(["+nightly"]);
    command.args(runner.command(&["--target", host, FILTER]));
    for package in SANITIZED {
        command.args(["--package", package]);
    }
    command
        // Tasks each in an allocation of its own, so that it sees who uses one that is gone.
        .env("RUSTFLAGS", "-Zsanitizer=address --cfg smolio_no_slab")
        .env(SECONDS_VARIABLE, seconds)
        // A task that is woken after its loop closed is forgotten on purpose, never dropped on a foreign thread.
        .env("ASAN_OPTIONS", "detect_leaks=0")
        // Other flags, other artefacts: the usual ones stay fresh.
        .env(
            "CARGO_TARGET_DIR",
            Metadata::read()?.target_directory.join("sanitizer"),
        );
    process::run(&mut command)?;
    println!("stress: passed, also under the address sanitizer");
    Ok(())
}

/// Asked of rustup, because naming a toolchain that is missing can install it.
fn has_nightly() -> bool {
    let toolchains = process::output(Command::new("rustup").args(["toolchain", "list"]));
    toolchains.is_ok_and(|toolchains| toolchains.lines().any(|line| line.starts_with("nightly")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_duration_is_optional() {
        assert_eq!(seconds(&[]).unwrap(), DEFAULT_SECONDS);
        assert_eq!(seconds(&owned(&["--seconds", "3"])).unwrap(), 3);
    }

    #[test]
    fn a_duration_that_is_none_is_told() {
        let error = seconds(&owned(&["--seconds", "long"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`--seconds` takes a whole number, got `long`"
        );
        assert!(seconds(&owned(&["--minutes", "3"])).is_err());
    }
}
