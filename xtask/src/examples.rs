//! The examples as tests: each is run, and prints what `examples/expected` says, where a file there says it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, workspace};

/// An example shows one thing; one that takes longer shows patience.
const LIMIT: Duration = Duration::from_secs(30);

/// Builds and runs every example, and gives their number.
pub(crate) fn run() -> Result<usize> {
    let programs = build()?;
    let directory = workspace::root().join("examples");
    for name in names(&directory, "rs")? {
        if !programs.contains_key(&name) {
            bail!(
                "examples/{name}.rs is not built: name it under [[example]] in examples/Cargo.toml"
            );
        }
    }
    for name in names(&directory.join("expected"), "txt")? {
        if !programs.contains_key(&name) {
            bail!(
                "examples/expected/{name}.txt belongs to no example: remove it or correct its name"
            );
        }
    }
    for (name, program) in &programs {
        check(name, program).with_context(|| format!("example {name}"))?;
        println!("example {name}: ok");
    }
    Ok(programs.len())
}

/// Builds the examples in release, and gives the path of each program.
fn build() -> Result<BTreeMap<String, PathBuf>> {
    let mut command = process::cargo([
        "build",
        "--release",
        "--package",
        "smolio-examples",
        "--examples",
    ]);
    let messages = process::output(command.arg("--message-format=json-render-diagnostics"))?;
    let mut programs = BTreeMap::new();
    for line in messages.lines() {
        let message: Value =
            serde_json::from_str(line).context("cargo printed something that is not JSON")?;
        let target = &message["target"];
        if target["kind"][0] != "example" {
            continue;
        }
        if let (Some(name), Some(program)) =
            (target["name"].as_str(), message["executable"].as_str())
        {
            programs.insert(name.to_owned(), PathBuf::from(program));
        }
    }
    Ok(programs)
}

/// The stems of the files in `directory` that end in `extension`; none if there is no such directory.
fn names(directory: &Path, extension: &str) -> Result<Vec<String>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)
        .with_context(|| format!("could not list {}", directory.display()))?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            names.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    Ok(names)
}

fn check(name: &str, program: &Path) -> Result<()> {
    let printed =
        process::output_within(Command::new(program).current_dir(workspace::root()), LIMIT)?;
    let relative = format!("examples/expected/{name}.txt");
    let path = workspace::root().join(&relative);
    if !path.exists() {
        return Ok(());
    }
    let expected =
        fs::read_to_string(&path).with_context(|| format!("could not read {relative}"))?;
    match difference(&expected, &printed) {
        None => Ok(()),
        Some(difference) => {
            bail!("not what {relative} says: {difference}\nthe whole output:\n{printed}")
        }
    }
}

/// Where the two texts differ first, if they do. `...` in an expected line stands for anything within that line.
fn difference(expected: &str, printed: &str) -> Option<String> {
    let mut expected = expected.trim_end().lines();
    let mut printed = printed.trim_end().lines();
    let mut number = 0;
    loop {
        number += 1;
        match (expected.next(), printed.next()) {
            (None, None) => return None,
            (Some(pattern), Some(line)) if matches(pattern, line) => {}
            (pattern, line) => {
                let show = |line: Option<&str>| {
                    line.map_or("the end".to_owned(), |line| format!("`{line}`"))
                };
                return Some(format!(
                    "line {number} should be {}, is {}",
                    show(pattern),
                    show(line)
                ));
            }
        }
    }
}

/// Whether `line` is `pattern`, in which each `...` stands for anything.
fn matches(pattern: &str, line: &str) -> bool {
    let Some((start, rest)) = pattern.split_once("...") else {
        return pattern == line;
    };
    let Some(line) = line.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once("...").unwrap_or(("", rest));
    let Some(mut line) = line.strip_suffix(end) else {
        return false;
    };
    // The earliest place for each part leaves the most for those after it.
    for part in middle.split("...") {
        match line.split_once(part) {
            Some((_, after)) => line = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_no_difference() {
        assert_eq!(difference("one\ntwo\n", "one\ntwo"), None);
        assert_eq!(difference("", ""), None);
    }

    #[test]
    fn the_first_difference_is_told_with_its_line() {
        let told = |expected, printed| difference(expected, printed).unwrap();
        assert_eq!(
            told("one\ntwo", "one\nthree\nfour"),
            "line 2 should be `two`, is `three`"
        );
        assert_eq!(
            told("one\ntwo", "one"),
            "line 2 should be `two`, is the end"
        );
        assert_eq!(
            told("one", "one\ntwo"),
            "line 2 should be the end, is `two`"
        );
    }

    #[test]
    fn dots_stand_for_anything_within_a_line() {
        assert!(matches("took ... ms", "took 12.5 ms"));
        assert!(matches("... of ... in ... ms", "3 of 4 in 5 ms"));
        assert!(matches("...", ""));
        assert!(!matches("took ... ms", "took 12 s"));
        assert!(!matches("a...a", "a"));
        assert!(!matches("... of ... in ...", "3 of 4"));
    }
}
