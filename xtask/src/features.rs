//! `cargo xtask features`: each crate by itself, with none, each and all of its features. In the workspace's own builds
//! a crate gets what the others switch on, and what it forgot to ask for goes unseen.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::process;
use crate::test::Runner;
use crate::workspace::{Metadata, Package};

/// Features that are on together.
type Set<'p> = BTreeSet<&'p str>;

pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::read()?;
    let runner = Runner::find();
    let mut number = 0;
    for package in metadata.crates() {
        let sets = sets(package);
        number += sets.len();
        for set in &sets {
            process::run(
                process::cargo(["check", "--package", &package.name]).args(selection(set)),
            )?;
        }
        // With what its tests add, but still without the rest of the workspace.
        process::run(&mut process::cargo([
            "check",
            "--package",
            &package.name,
            "--tests",
        ]))?;
        for set in tested(package) {
            test(runner, package, &set)?;
        }
    }
    println!("features: {number} sets of features build, each crate by itself");
    Ok(())
}

/// None, each alone, and all; each set once.
fn sets(package: &Package) -> BTreeSet<Set<'_>> {
    let all: Set<'_> = names(package).collect();
    let each = names(package).map(|name| Set::from([name]));
    each.chain([Set::new(), all]).collect()
}

/// The extremes, without the set that `cargo xtask test` has run already.
fn tested(package: &Package) -> BTreeSet<Set<'_>> {
    let mut sets = BTreeSet::from([Set::new(), names(package).collect()]);
    sets.remove(&defaults(package));
    sets
}

fn names(package: &Package) -> impl Iterator<Item = &str> {
    package
        .features
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "default")
}

/// What `default` switches on, directly or through others.
fn defaults(package: &Package) -> Set<'_> {
    let mut reached = Set::new();
    let mut open = vec!["default"];
    while let Some(feature) = open.pop() {
        // `dep:name` and `name/feature` are not features of this package.
        if let Some((name, enables)) = package.features.get_key_value(feature) {
            if reached.insert(name.as_str()) {
                open.extend(enables.iter().map(String::as_str));
            }
        }
    }
    reached.remove("default");
    reached
}

fn test(runner: Runner, package: &Package, set: &Set<'_>) -> Result<()> {
    let mut command = process::cargo(runner.command(&["--package", &package.name]));
    command.args(selection(set));
    if runner == Runner::Nextest {
        // A crate may have no test left without its features.
        command.arg("--no-tests=pass");
    }
    process::run(&mut command)
}

fn selection(set: &Set<'_>) -> Vec<String> {
    let mut arguments = vec!["--no-default-features".to_owned()];
    if !set.is_empty() {
        let names: Vec<&str> = set.iter().copied().collect();
        arguments.extend(["--features".to_owned(), names.join(",")]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &[(&str, &[&str])]) -> Package {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let features = features
            .iter()
            .map(|(name, enables)| (name.to_string(), owned(enables)));
        Package {
            features: features.collect(),
            ..Package::default()
        }
    }

    #[test]
    fn a_crate_without_features_is_checked_once_and_not_tested_again() {
        let package = package(&[]);
        assert_eq!(sets(&package), BTreeSet::from([Set::new()]));
        assert_eq!(tested(&package), BTreeSet::new());
    }

    #[test]
    fn none_each_and_all_are_checked() {
        let package = package(&[
            ("default", &["macros"]),
            ("macros", &["dep:ours-macros"]),
            ("net", &[]),
        ]);
        let expected = [vec![], vec!["macros"], vec!["net"], vec!["macros", "net"]];
        let expected: BTreeSet<Set<'_>> = expected.into_iter().map(Set::from_iter).collect();
        assert_eq!(sets(&package), expected);
    }

    #[test]
    fn what_the_default_set_has_tested_is_not_tested_again() {
        let package = package(&[
            ("default", &["outer"]),
            ("inner", &[]),
            ("outer", &["inner"]),
        ]);
        assert_eq!(tested(&package), BTreeSet::from([Set::new()]));
    }

    #[test]
    fn a_set_is_selected_without_the_defaults() {
        assert_eq!(
            selection(&Set::from(["a", "b"])),
            ["--no-default-features", "--features", "a,b"]
        );
        assert_eq!(selection(&Set::new()), ["--no-default-features"]);
    }
}
