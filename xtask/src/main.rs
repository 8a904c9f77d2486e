//! The project's own commands, in Rust so that they run wherever the project builds: `cargo xtask <command>`.
//!
//! One file per command, each with a `run` function. What they share is in `process` (running programs) and
//! `workspace` (where things are).
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program talks to its terminal"
)]

mod bench;
mod ci;
mod ecosystem;
mod examples;
mod features;
mod fuzz;
mod oracle;
mod pick;
mod process;
mod stress;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask <command>

  test                        tests, doctests, and the examples' expected output
  ci                          everything CI checks, with a summary
  bench [--quick] [ARGS]      speed against tokio and smol, as ratios
  ecosystem                   other people's crates on our loop, each tried once; not part of ci
  features                    each crate alone, with each of its features
  oracle                      the same scenarios in asyncio and in smolio, compared
  pick [CRATE]                a crate outside the workspace uses one of ours (or each in turn)
  stress [--seconds N]        the randomised tests for longer, also under the address sanitizer; the fuzz targets
  tidy                        the invariants of ARCHITECTURE.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        bail!("which command?\n\n{USAGE}");
    };
    match command.as_str() {
        "bench" => bench::run(rest),
        "pick" => pick::run(rest),
        "stress" => stress::run(rest),
        "ci" => no_arguments(command, rest).and_then(|()| ci::run()),
        "ecosystem" => no_arguments(command, rest).and_then(|()| ecosystem::run()),
        "features" => no_arguments(command, rest).and_then(|()| features::run()),
        "oracle" => no_arguments(command, rest).and_then(|()| oracle::run()),
        "test" => no_arguments(command, rest).and_then(|()| test::run()),
        "tidy" => no_arguments(command, rest).and_then(|()| tidy::run()),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("there is no command `{command}`\n\n{USAGE}"),
    }
}

fn no_arguments(command: &str, rest: &[String]) -> Result<()> {
    match rest {
        [] => Ok(()),
        _ => bail!(
            "`cargo xtask {command}` takes no arguments, got `{}`",
            rest.join(" ")
        ),
    }
}
