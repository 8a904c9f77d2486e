//! Rules about `unsafe`: which file of which crate may hold it, and that each use argues for itself.

use super::Repository;
use super::code::{code_only, line_number, numbered, words};

/// The packages that may hold `unsafe`, and the one module of each where it stands: a file, or a folder (with its `/`).
const HOMES: &[(&str, &str)] = &[
    ("smolio-executor", "crates/smolio-executor/src/cell/"),
    // Its loom models call what stands there.
    ("smolio-executor", "crates/smolio-executor/tests/loom/"),
    ("smolio-task-group", "crates/smolio-task-group/src/cell/"),
    // Global allocators that count: the trait is unsafe.
    (
        "smolio-task-group",
        "crates/smolio-task-group/tests/allocations.rs",
    ),
    ("smolio-bench", "bench/src/allocator.rs"),
];

fn is_home(path: &str) -> bool {
    HOMES.iter().any(|(_, home)| {
        let folder = home.ends_with('/');
        path == *home || folder && path.starts_with(home)
    })
}

/// How far above the `unsafe` its argument may end.
const NEAR: usize = 4;

/// Outside its home there is none.
pub(super) fn places(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in repository.sources() {
        let path = &file.path;
        if is_home(path) {
            continue;
        }
        for (number, line) in numbered(&code_only(&file.text)) {
            if words(line, "unsafe").next().is_some() {
                complaints.push(format!(
                    "{path}:{number}: unsafe outside the files of xtask/src/tidy/unsafety.rs: find a safe way, or move it there"
                ));
            }
        }
    }
    complaints
}

/// A crate without such a file has the compiler forbid it.
pub(super) fn forbidden(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in repository.crates() {
        if HOMES.iter().any(|(name, _)| *name == package.name) {
            continue;
        }
        let path = format!("{}/src/lib.rs", package.directory());
        let forbids = |text: &str| code_only(text).contains("#![forbid(unsafe_code)]");
        if !repository
            .file(&path)
            .is_some_and(|file| forbids(&file.text))
        {
            complaints.push(format!(
                "{path}:1: does not forbid unsafe: add `#![forbid(unsafe_code)]`"
            ));
        }
    }
    complaints
}

/// A block or an `impl` is preceded by a comment that says `SAFETY`.
pub(super) fn arguments(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in repository.sources() {
        let code = code_only(&file.text);
        let lines: Vec<&str> = file.text.lines().collect();
        for position in words(&code, "unsafe") {
            let after = code[position + "unsafe".len()..].trim_start();
            let number = line_number(&code, position);
            let claims = after.starts_with('{') || words(after, "impl").next() == Some(0);
            if claims && !is_argued(&lines, number) {
                let path = &file.path;
                complaints.push(format!(
                    "{path}:{number}: unsafe without an argument: put a `// SAFETY:` above it"
                ));
            }
        }
    }
    complaints
}

/// Whether a comment that says so stands on the line with this number, or ends at most [`NEAR`] lines above it.
fn is_argued(lines: &[&str], number: usize) -> bool {
    let index = number - 1;
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    let mut start = index.saturating_sub(NEAR);
    // A long argument is a good one: from its last lines go up to its first.
    while start > 0 && is_comment(lines[start]) {
        start -= 1;
    }
    lines[start..=index]
        .iter()
        .any(|line| line.contains("//") && line.contains("SAFETY"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    const HOME: &str = "crates/smolio-executor/src/cell/join.rs";

    #[test]
    fn unsafe_outside_its_home_is_told() {
        let text = "//! Why.\nfn f() { unsafe { g() } }";
        let complaints = places(&Repository::of_files(&[
            ("crates/smolio/src/lib.rs", text),
            (HOME, text),
        ]));
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("crates/smolio/src/lib.rs:2: unsafe outside"));
    }

    #[test]
    fn the_word_alone_is_harmless() {
        let text = "#![forbid(unsafe_code)]\n// unsafe\nlet text = \"unsafe { }\"; let c = 'u'; /* unsafe */";
        let repository = Repository::of_files(&[("crates/smolio/src/lib.rs", text)]);
        assert_eq!(places(&repository), Vec::<String>::new());
        assert_eq!(arguments(&repository), Vec::<String>::new());
    }

    #[test]
    fn a_crate_that_does_not_forbid_unsafe_is_told() {
        let package = |name: &str| Package {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            ..Package::default()
        };
        let files = [
            ("crates/smolio/src/lib.rs", "//! #![forbid(unsafe_code)]\n"),
            (
                "crates/smolio-test/src/lib.rs",
                "//! Why.\n#![forbid(unsafe_code)]\n",
            ),
        ];
        let mut repository = Repository::of_files(&files);
        repository.packages = ["smolio", "smolio-test", HOMES[0].0].map(package).to_vec();
        let complaints = forbidden(&repository);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("crates/smolio/src/lib.rs:1: does not forbid unsafe"));
    }

    #[test]
    fn unsafe_without_an_argument_is_told() {
        for text in [
            "x = unsafe { f() };",
            "unsafe impl Send for X {}",
            "unsafe\n{ f() }",
        ] {
            let complaints = arguments(&Repository::of_files(&[(
                HOME,
                &format!("//! Why.\n{text}"),
            )]));
            assert_eq!(complaints.len(), 1, "{text}");
            assert!(
                complaints[0].starts_with(&format!("{HOME}:2: unsafe without")),
                "{text}"
            );
        }
    }

    #[test]
    fn an_argument_stands_close_above_however_long_it_is() {
        let long = format!(
            "// SAFETY: because\n{}unsafe {{ f() }}",
            "// and so on\n".repeat(9)
        );
        let far = format!("// SAFETY: because\n{}unsafe {{ f() }}", "g();\n".repeat(4));
        let check = |text: &str| arguments(&Repository::of_files(&[(HOME, text)])).len();
        assert_eq!(check("// SAFETY: because.\nunsafe { f() }"), 0);
        assert_eq!(
            check("// SAFETY: because.\nlet x =\n    unsafe { f() };"),
            0
        );
        assert_eq!(check(&long), 0);
        assert_eq!(check(&far), 1);
    }

    #[test]
    fn declaring_an_unsafe_function_is_documented_elsewhere() {
        let repository = Repository::of_files(&[(HOME, "unsafe fn f() {}\nunsafe trait T {}")]);
        assert_eq!(arguments(&repository), Vec::<String>::new());
    }
}
