//! The machine's Python: whether there is one, and what it says.

use std::{
    io,
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context, bail};
use serde::Deserialize;

/// A scenario as asyncio played it.
#[derive(Deserialize)]
pub(crate) struct Played {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) lines: Vec<String>,
    /// The version that it needs, where this one is too old.
    pub(crate) needs: Option<String>,
}

pub(crate) enum Answer {
    Played {
        version: String,
        scenarios: Vec<Played>,
    },
    /// Why there is nothing to compare with.
    Skipped(String),
}

#[derive(Deserialize)]
struct Report {
    version: String,
    needs: Option<String>,
    #[serde(default)]
    scenarios: Vec<Played>,
}

/// Plays all scenarios in asyncio.
pub(crate) fn play_all() -> anyhow::Result<Answer> {
    let output = match run("run.py") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Answer::Skipped("there is no python3".to_owned()));
        }
        output => output.context("could not start python3")?,
    };
    let report: Report = read(&output)?;
    let version = report.version;
    Ok(match report.needs {
        Some(needed) => Answer::Skipped(format!("needs Python {needed} and this is {version}")),
        None => Answer::Played {
            version,
            scenarios: report.scenarios,
        },
    })
}

/// The blocks of Python in the pages.
#[derive(Deserialize)]
pub(crate) struct Snippets {
    pub(crate) blocks: usize,
    /// Of those that are no Python: where, and why.
    pub(crate) complaints: Vec<String>,
}

/// Lets Python compile the blocks of Python in the pages.
pub(crate) fn check_snippets() -> anyhow::Result<Snippets> {
    let output = run("snippets.py").context("could not start python3")?;
    read(&output)
}

fn run(script: &str) -> io::Result<Output> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new("python3")
        // No byte code beside the sources.
        .arg("-B")
        .arg(package.join("python").join(script))
        .output()
}

fn read<'o, T: Deserialize<'o>>(output: &'o Output) -> anyhow::Result<T> {
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("python3 failed ({}):\n{errors}", output.status);
    }
    serde_json::from_slice(&output.stdout).context("python3 printed something else than expected")
}
