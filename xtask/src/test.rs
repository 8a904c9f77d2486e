//! `cargo xtask test`: everything that can fail, in one command: tests, doctests, examples.

use anyhow::Result;

use crate::{examples, process};

pub(crate) fn run() -> Result<()> {
    let runner = Runner::find();
    process::run(&mut process::cargo(runner.command(&["--workspace"])))?;
    // Nextest runs none, and the README is among them.
    process::run(&mut process::cargo(["test", "--doc", "--workspace"]))?;
    let examples = examples::run()?;
    println!("test: the tests, the doctests and {examples} example(s) passed");
    Ok(())
}

/// What runs the tests: nextest, which gives each its own process, or else cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    Nextest,
    Cargo,
}

impl Runner {
    /// Nextest if it can be had, installing it if need be.
    pub(crate) fn find() -> Self {
        if process::succeeds(&mut process::cargo(["nextest", "--version"])) {
            return Self::Nextest;
        }
        eprintln!("cargo-nextest is missing: installing it, once");
        match process::run(&mut process::cargo([
            "install",
            "cargo-nextest",
            "--locked",
        ])) {
            Ok(()) => Self::Nextest,
            Err(error) => {
                eprintln!(
                    "{error:#}; going on with cargo's own test runner, all tests of a file in one process"
                );
                Self::Cargo
            }
        }
    }

    /// The arguments to cargo that run the tests selected by `arguments`.
    pub(crate) fn command<'a>(self, arguments: &[&'a str]) -> Vec<&'a str> {
        let mut command = match self {
            Self::Nextest => vec!["nextest", "run"],
            // Doctests are a step of their own.
            Self::Cargo => vec!["test", "--lib", "--bins", "--tests"],
        };
        command.extend(arguments);
        command
    }
}
