//! `cargo xtask pick`: a crate of ours taken alone, as a user would: a throw-away package outside the workspace depends
//! on it, builds, and runs a small program. Tells how many dependencies came along, and fails where README.md says otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::{self, Metadata, Package};

/// A line of the small program that starts so holds a dependency it needs beside ours, as in a manifest, in which
/// [`ROOT`] stands for the root of the workspace.
const MARKER: &str = "// dependencies: ";
const ROOT: &str = "{root}";

/// Other systems bring other crates: the numbers of README.md are those of this one, wherever they are counted.
const COUNTED_FOR: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let metadata = Metadata::read()?;
    let crates: Vec<&Package> = metadata.crates().collect();
    let chosen = match arguments {
        [] => crates,
        [name] => vec![find(&crates, name)?],
        _ => bail!(
            "`cargo xtask pick` takes one crate at a time, got `{}`",
            arguments.join(" ")
        ),
    };
    let readme = fs::read_to_string(workspace::root().join("README.md"))
        .context("could not read README.md")?;
    let mut results = Vec::new();
    let mut complaints = Vec::new();
    for package in chosen {
        let brought =
            pick(package, &metadata).with_context(|| format!("picking {}", package.name))?;
        results.push(format!("{:<20}{brought:>4} dependencies", package.name));
        complaints.extend(difference(&readme, &package.name, brought));
    }
    println!("pick: each built and ran by itself");
    println!("{}", results.join("\n"));
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    Ok(())
}

/// What is wrong with what the README states about a crate, in its table of crates.
fn difference(readme: &str, name: &str, brought: usize) -> Option<String> {
    let start = format!("| [`{name}`]");
    let mut rows = (1..).zip(readme.lines());
    let Some((line, row)) = rows.find(|(_, row)| row.starts_with(&start)) else {
        return Some(format!(
            "README.md:1: has no row for {name}: add it to the table of crates, with {brought} in the last column"
        ));
    };
    let stated = row.trim_end_matches(['|', ' ']).rsplit('|').next();
    let stated = stated.unwrap_or_default().trim();
    (stated != brought.to_string()).then(|| {
        format!("README.md:{line}: says that {name} brings `{stated}` crates, counted are {brought}: correct the one or the other")
    })
}

fn find<'p>(crates: &[&'p Package], name: &str) -> Result<&'p Package> {
    if let Some(package) = crates.iter().find(|package| package.name == name) {
        return Ok(package);
    }
    let names: Vec<&str> = crates.iter().map(|package| package.name.as_str()).collect();
    bail!(
        "there is no crate `{name}`; there are: {}",
        names.join(", ")
    )
}

/// Builds and runs the small program of one crate, and counts what it depends on.
fn pick(package: &Package, metadata: &Metadata) -> Result<usize> {
    let relative = format!("xtask/pick/{}.rs", package.name);
    let program = fs::read_to_string(workspace::root().join(&relative)).with_context(|| {
        format!("{relative} cannot be read: write a small program that uses the crate")
    })?;
    let directory = Directory::create(&package.name)?;
    directory.write("Cargo.toml", &manifest(package, &program))?;
    directory.write("main.rs", &program)?;
    // The versions that all else was tested with, not those of today.
    fs::copy(
        workspace::root().join("Cargo.lock"),
        directory.path.join("Cargo.lock"),
    )
    .context("could not copy Cargo.lock")?;

    let target = metadata.target_directory.join("pick");
    process::run(
        process::cargo(["run", "--quiet"])
            .current_dir(&directory.path)
            .env("CARGO_TARGET_DIR", target),
    )?;
    let mut tree = process::cargo([
        "tree",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--target",
        COUNTED_FOR,
        "--package",
        &package.name,
    ]);
    let tree = process::output(tree.current_dir(&directory.path))?;
    Ok(dependencies(&tree, &package.name).len())
}

fn manifest(package: &Package, program: &str) -> String {
    let root = slashed_root();
    let others = program.lines().filter_map(|line| line.strip_prefix(MARKER));
    let others: Vec<String> = others.map(|line| line.replace(ROOT, &root)).collect();
    let others = others.join("\n");
    let (name, directory) = (&package.name, package.directory());
    format!(
        r#"[package]
name = "picked"
version = "0.0.0"
edition = "2024"

[[bin]]
name = "picked"
path = "main.rs"

[dependencies]
{name} = {{ path = "{root}/{directory}" }}
{others}

# Outside any workspace, wherever this directory is.
[workspace]
"#
    )
}

/// The root with forward slashes, which every system takes: in a manifest a backslash would be an escape.
fn slashed_root() -> String {
    workspace::root().to_string_lossy().replace('\\', "/")
}

/// The names and versions in the output of `cargo tree`, each once, without the crate itself.
fn dependencies(tree: &str, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            if name != root {
                found.insert(format!("{name} {version}"));
            }
        }
    }
    found
}

/// A directory for temporary files, which is removed when it goes out of scope.
struct Directory {
    path: PathBuf,
}

impl Directory {
    fn create(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("pick-{name}-{}", std::process::id()));
        fs::create_dir_all(&path)
            .with_context(|| format!("could not create {}", path.display()))?;
        Ok(Self { path })
    }

    fn write(&self, file: impl AsRef<Path>, text: &str) -> Result<()> {
        let path = self.path.join(file);
        fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("could not remove {}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dependency_counts_once_and_the_crate_itself_does_not() {
        let tree = "ours v0.1.0 (/somewhere/ours)\nlog v0.4.22\nslab v0.4.9\nlog v0.4.22 (*)\nlog v0.3.0\n\n";
        let found = dependencies(tree, "ours");
        assert_eq!(
            Vec::from_iter(found),
            ["log v0.3.0", "log v0.4.22", "slab v0.4.9"]
        );
    }

    const README: &str = "# ours\n\n| crate | what it holds | crates it brings |\n|---|---|---|\n\
        | [`ours`](crates/ours) | a, b | 15 |\n| [`ours-too`](crates/ours-too) | c | 5 |\n";

    #[test]
    fn what_the_readme_states_is_the_last_column_of_the_row() {
        assert_eq!(difference(README, "ours", 15), None);
        assert_eq!(difference(README, "ours-too", 5), None);
    }

    #[test]
    fn another_number_than_the_readme_states_is_told() {
        let told = difference(README, "ours", 5).unwrap();
        assert!(
            told.starts_with("README.md:5: says that ours brings `15` crates, counted are 5"),
            "{told}"
        );
    }

    #[test]
    fn a_crate_that_the_readme_does_not_list_is_told() {
        let told = difference(README, "theirs", 7).unwrap();
        assert!(
            told.starts_with("README.md:1: has no row for theirs"),
            "{told}"
        );
    }

    #[test]
    fn the_manifest_takes_the_crate_by_path_and_what_the_program_asks_for() {
        let package = Package {
            name: "ours".to_owned(),
            manifest: "crates/ours/Cargo.toml".to_owned(),
            ..Package::default()
        };
        let manifest = manifest(
            &package,
            "//! Why.\n// dependencies: b = '{root}/b'\nfn main() {}\n",
        );
        let root = slashed_root();
        let expected = format!("ours = {{ path = \"{root}/crates/ours\" }}\nb = '{root}/b'\n");
        assert!(manifest.contains(&expected), "{manifest}");
        assert!(manifest.contains("\n[workspace]\n"));
    }

    #[test]
    fn an_unknown_crate_is_an_error_that_names_those_there_are() {
        let package = Package {
            name: "ours".to_owned(),
            ..Package::default()
        };
        let error = find(&[&package], "theirs").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no crate `theirs`; there are: ours"
        );
    }
}
