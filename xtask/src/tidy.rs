//! `cargo xtask tidy`: the invariants of ARCHITECTURE.md that no compiler checks. Each is a function from the
//! repository to a list of complaints, `path:line: what is wrong: what to do`, with a test that shows it complaining.

mod code;
mod documents;
mod foreign;
mod graph;
mod pages;
mod sources;
mod unsafety;

use anyhow::{Result, bail};

use crate::workspace::{self, Metadata, Package, TextFile};

/// All that the rules look at; in their tests it is made up.
#[derive(Default)]
struct Repository {
    packages: Vec<Package>,
    files: Vec<TextFile>,
}

impl Repository {
    fn read() -> Result<Self> {
        Ok(Self {
            packages: Metadata::read()?.packages,
            files: workspace::text_files()?,
        })
    }

    fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files of the project.
    fn sources(&self) -> impl Iterator<Item = &TextFile> {
        let ours = |path: &str| {
            [
                "crates/",
                "examples/",
                "httpbin/",
                "oracle/",
                "bench/",
                "ecosystem/",
                "fuzz/",
                "testing/",
                "xtask/",
            ]
            .iter()
            .any(|top| path.starts_with(top))
        };
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(".rs") && ours(&file.path))
    }

    /// The crates that users take.
    fn crates(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_crate())
    }
}

type Rule = fn(&Repository) -> Vec<String>;

const RULES: &[(&str, Rule)] = &[
    (
        "the graph of our crates is the one that was designed",
        graph::edges,
    ),
    ("our crates move together: one version", graph::versions),
    ("every package has the project's licence", graph::licenses),
    ("every file says why it exists", sources::opening),
    ("a file stays under 500 lines", sources::length),
    ("nothing is left over", sources::left_overs),
    ("time is ours, so that tests own it", sources::instants),
    (
        "the oldest compiler we promise understands it",
        sources::let_chains,
    ),
    (
        "unsafe stands in one module of few crates, and nowhere else",
        unsafety::places,
    ),
    ("every other crate forbids unsafe", unsafety::forbidden),
    (
        "every unsafe block says why it is sound",
        unsafety::arguments,
    ),
    (
        "crates that may have to go are named in one place",
        foreign::homes,
    ),
    (
        "what is unmaintained comes to those who ask for it",
        foreign::unmaintained,
    ),
    ("every example is in the README", documents::examples),
    ("ARCHITECTURE.md is short", documents::architecture),
    ("every name of asyncio is explained", pages::asyncio_names),
    ("no row and no section is empty", pages::empty_places),
    ("every link of ours leads somewhere", pages::links),
    (
        "nothing names one person's machine",
        documents::machine_paths,
    ),
];

pub(crate) fn run() -> Result<()> {
    let repository = Repository::read()?;
    let mut number = 0;
    for (rule, check) in RULES {
        let complaints = check(&repository);
        if !complaints.is_empty() {
            println!("{rule}:\n  {}", complaints.join("\n  "));
        }
        number += complaints.len();
    }
    match number {
        0 => println!(
            "tidy: {} rules hold for {} files",
            RULES.len(),
            repository.files.len()
        ),
        _ => bail!("tidy: {number} complaint(s), listed above"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Repository {
        /// A repository of files alone: path and text.
        pub(super) fn of_files(files: &[(&str, &str)]) -> Self {
            let file = |(path, text): &(&str, &str)| TextFile {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            };
            Self {
                files: files.iter().map(file).collect(),
                ..Self::default()
            }
        }
    }

    #[test]
    fn only_the_projects_own_rust_files_are_its_sources() {
        let files = [
            "crates/a/src/lib.rs",
            "crates/a/Cargo.toml",
            "elsewhere/lib.rs",
            "xtask/src/main.rs",
        ];
        let repository = Repository::of_files(&files.map(|path| (path, "")));
        let paths: Vec<&str> = repository
            .sources()
            .map(|file| file.path.as_str())
            .collect();
        assert_eq!(paths, ["crates/a/src/lib.rs", "xtask/src/main.rs"]);
    }
}
