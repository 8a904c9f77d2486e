//! Rules about what is not code: the README, ARCHITECTURE.md, and every other text.

use super::Repository;
use super::code::{numbered, words};

const MOST_LINES: usize = 120;

/// An example that the README does not show is not found.
pub(super) fn examples(repository: &Repository) -> Vec<String> {
    let readme = repository.file("README.md").map_or("", |file| &file.text);
    let mut complaints = Vec::new();
    for file in &repository.files {
        let stem = file
            .path
            .strip_prefix("examples/")
            .and_then(|name| name.strip_suffix(".rs"));
        let Some(name) = stem.filter(|stem| !stem.contains('/')) else {
            continue;
        };
        let command = format!("cargo run --release --example {name}");
        if words(readme, &command).next().is_none() {
            complaints.push(format!(
                "README.md:1: does not show examples/{name}.rs: name it, with `{command}`"
            ));
        }
    }
    complaints
}

/// A page that one reads whole says what is absent, and leaves the rest to the code.
pub(super) fn architecture(repository: &Repository) -> Vec<String> {
    let Some(file) = repository.file("ARCHITECTURE.md") else {
        return vec![
            "ARCHITECTURE.md:1: missing: write down the invariants that this program checks"
                .to_owned(),
        ];
    };
    match file.text.lines().count() {
        0..=MOST_LINES => Vec::new(),
        lines => vec![format!(
            "ARCHITECTURE.md:{lines}: {lines} lines, {MOST_LINES} are allowed: say less, or say it in the code"
        )],
    }
}

/// A path that one machine has is an error on all others.
pub(super) fn machine_paths(repository: &Repository) -> Vec<String> {
    // In two halves, or this file would be complained about.
    let paths = [
        concat!("/wo", "rk/"),
        concat!("/tm", "p/"),
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
    ];
    let mut complaints = Vec::new();
    for file in &repository.files {
        for (number, line) in numbered(&file.text) {
            for found in paths.iter().filter(|found| names_root(line, found)) {
                let path = &file.path;
                complaints.push(format!(
                    "{path}:{number}: `{found}` is on one machine only: use std::env::temp_dir or a relative path"
                ));
            }
        }
    }
    complaints
}

/// Whether `directory` stands in `line` as a top directory, not in the middle of a longer path or an address.
fn names_root(line: &str, directory: &str) -> bool {
    let longer = |before: char| before.is_alphanumeric() || "_-.}~*".contains(before);
    line.match_indices(directory)
        .any(|(position, _)| !line[..position].ends_with(longer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_that_the_readme_does_not_show_is_told() {
        let readme = "`cargo run --release --example hello_world`";
        let files = [
            ("README.md", readme),
            ("examples/hello.rs", ""),
            ("examples/hello_world.rs", ""),
            ("examples/src/lib.rs", ""),
        ];
        let complaints = examples(&Repository::of_files(&files));
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].contains("does not show examples/hello.rs"));
    }

    #[test]
    fn a_long_or_missing_architecture_is_told() {
        let with_lines = |lines| {
            architecture(&Repository::of_files(&[(
                "ARCHITECTURE.md",
                &"\n".repeat(lines),
            )]))
        };
        assert_eq!(with_lines(120), Vec::<String>::new());
        assert!(with_lines(121)[0].starts_with("ARCHITECTURE.md:121: 121 lines"));
        assert!(architecture(&Repository::default())[0].starts_with("ARCHITECTURE.md:1: missing"));
    }

    #[test]
    fn a_path_of_one_machine_is_told() {
        let text = format!("one\nsee {}", concat!("/tm", "p/socket"));
        let complaints = machine_paths(&Repository::of_files(&[("notes.md", &text)]));
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("notes.md:2: "));
    }

    #[test]
    fn a_longer_path_is_not_of_one_machine() {
        let text = format!(
            "https://example.com{} and target{}",
            concat!("/wo", "rk/a"),
            concat!("/tm", "p/b")
        );
        assert_eq!(
            machine_paths(&Repository::of_files(&[("notes.md", &text)])),
            Vec::<String>::new()
        );
    }
}
