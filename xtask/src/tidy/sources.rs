//! Rules about single Rust files: how they begin, how long they are, and what must not be in them.

use super::Repository;
use super::code::{code_only, is_name, line_number, numbered, words};

const MOST_LINES: usize = 500;

/// Where our own `Instant` is made from the standard library's.
const INSTANT_HOMES: &[&str] = &[
    "crates/smolio-context/src/clock.rs",
    "crates/smolio-context/src/instant.rs",
    // Tests the conversions from and to it.
    "crates/smolio-context/tests/it/time.rs",
    // How long the machine has really been idle, while the virtual clock stands.
    "crates/smolio-test/src/policy.rs",
];

/// A file opens by saying why it exists.
pub(super) fn opening(repository: &Repository) -> Vec<String> {
    let mute = repository
        .sources()
        .filter(|file| !file.text.starts_with("//!"));
    mute.map(|file| {
        format!(
            "{}:1: does not begin with `//!`: say why the file exists",
            file.path
        )
    })
    .collect()
}

/// A file that grows longer holds more than one subject.
pub(super) fn length(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in repository.sources() {
        let lines = file.text.lines().count();
        if lines > MOST_LINES {
            let path = &file.path;
            complaints.push(format!(
                "{path}:{lines}: {lines} lines, {MOST_LINES} are allowed: split it by subject"
            ));
        }
    }
    complaints
}

/// What was meant for later is done or written down elsewhere, and every test runs.
pub(super) fn left_overs(repository: &Repository) -> Vec<String> {
    // In two halves, or this file would be complained about.
    let in_comments = [concat!("FIX", "ME"), concat!("XX", "X")];
    let in_code = ["todo!(", "unimplemented!(", "#[ignore"];
    let mut complaints = Vec::new();
    for file in repository.sources() {
        let mut complain = |number: usize, found: &str| {
            let path = &file.path;
            complaints.push(format!(
                "{path}:{number}: `{found}` is left over: finish it or take it out"
            ));
        };
        for (number, line) in numbered(&file.text) {
            for found in in_comments
                .iter()
                .filter(|found| words(line, found).next().is_some())
            {
                complain(number, found);
            }
        }
        for (number, line) in numbered(&code_only(&file.text)) {
            for found in in_code.iter().filter(|found| line.contains(**found)) {
                complain(number, found);
            }
        }
    }
    complaints
}

/// The standard library's `Instant` does not move under test: ours does.
pub(super) fn instants(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in repository.sources() {
        let path = &file.path;
        if !path.starts_with("crates/") || INSTANT_HOMES.contains(&path.as_str()) {
            continue;
        }
        let code = code_only(&file.text);
        for position in words(&code, "Instant").filter(|&position| is_from_std(&code[..position])) {
            let number = line_number(&code, position);
            complaints.push(format!(
                "{path}:{number}: the standard library's Instant: use smolio_context::Instant"
            ));
        }
    }
    complaints
}

/// Whether a name is the one in `std::time`, judged by the code before it.
fn is_from_std(before: &str) -> bool {
    let statement = before.rsplit(';').next().unwrap_or(before);
    is_through_module(statement) || is_in_use_list(statement)
}

/// `std::time::Instant`, or `time::Instant` with the module in scope: what has another parent is somebody else's.
fn is_through_module(before: &str) -> bool {
    let Some(before) = before.trim_end().strip_suffix("time::") else {
        return false;
    };
    match before.strip_suffix("::") {
        Some(parents) => parents.rsplit(|character| !is_name(character)).next() == Some("std"),
        None => !before.ends_with(is_name),
    }
}

/// `use std::time::{Duration, Instant}`, `use std::{fmt, time::{Duration, Instant}}`.
fn is_in_use_list(before: &str) -> bool {
    let Some((_, tree)) = before.rsplit_once("use ") else {
        return false;
    };
    let tree = tree.trim_start_matches("::");
    // A parenthesis means that the `use` had ended, and this is a function.
    tree.starts_with("std::")
        && tree.contains("time::")
        && tree.contains('{')
        && !tree.contains('(')
}

/// `if a && let b = c` came with Rust 1.88. The compiler that checks us is newer, and would not notice.
pub(super) fn let_chains(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in repository.sources() {
        let code = code_only(&file.text);
        let after_and = |position: usize| code[..position].trim_end().ends_with("&&");
        for position in words(&code, "let").filter(|&position| after_and(position)) {
            let (path, number) = (&file.path, line_number(&code, position));
            complaints.push(format!(
                "{path}:{number}: a let chain needs Rust 1.88, and 1.85 is promised: nest it"
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/ours/src/lib.rs";

    fn check(rule: super::super::Rule, text: &str) -> Vec<String> {
        rule(&Repository::of_files(&[(PATH, text)]))
    }

    #[test]
    fn a_file_that_does_not_say_why_it_exists_is_told() {
        assert_eq!(check(opening, "//! Why.\n"), Vec::<String>::new());
        assert!(
            check(opening, "use std::fmt;\n")[0]
                .starts_with("crates/ours/src/lib.rs:1: does not begin")
        );
        assert_eq!(check(opening, "").len(), 1);
    }

    #[test]
    fn a_long_file_is_told() {
        assert_eq!(check(length, &"\n".repeat(500)), Vec::<String>::new());
        assert!(
            check(length, &"\n".repeat(501))[0]
                .starts_with("crates/ours/src/lib.rs:501: 501 lines")
        );
    }

    #[test]
    fn left_overs_are_told() {
        for left in [
            "todo!()",
            "unimplemented!(\"x\")",
            "#[ignore]",
            "#[ignore = \"slow\"]",
        ] {
            assert_eq!(
                check(left_overs, &format!("\n{left}"))[0].split(':').nth(1),
                Some("2"),
                "{left}"
            );
        }
        for left in [concat!("// FIX", "ME later"), concat!("// XX", "X: why?")] {
            assert_eq!(check(left_overs, left).len(), 1, "{left}");
        }
    }

    #[test]
    fn prose_about_left_overs_is_none() {
        let prose = "// A `todo!()` would do.\nlet text = \"#[ignore]\"; let hex = \"0xXXXX\";";
        assert_eq!(check(left_overs, prose), Vec::<String>::new());
    }

    #[test]
    fn the_standard_librarys_instant_is_told_however_it_comes() {
        for text in [
            "std::time::Instant::now()",
            "use std::time::Instant;",
            "use ::std::time::Instant;",
            "use std::time::{Duration, Instant};",
            "use std::time::{\n    Duration,\n    Instant,\n};",
            "use std::{fmt, time::{Duration, Instant}};",
            "use std::time; fn now() { time::Instant::now(); }",
            "pub(crate) use std::time::{Duration, Instant as Real};",
        ] {
            assert_eq!(check(instants, text).len(), 1, "{text}");
        }
        assert!(check(instants, "\n\nuse std::time::Instant;")[0].contains("lib.rs:3:"));
    }

    #[test]
    fn our_own_instant_is_welcome() {
        for text in [
            "use std::time::Duration;\nuse smolio_context::Instant;",
            "use smolio_context::{Clock, Instant};",
            "use std::time::Duration;\nimpl Clock { fn now(&self) -> Instant { Instant::now() } }",
            "smolio::time::Instant::now()",
            "tokio::time::Instant::now()",
            "// Unlike std::time::Instant it stands still.",
        ] {
            assert_eq!(check(instants, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn only_the_crates_are_kept_from_real_time_and_there_not_its_two_homes() {
        for path in ["bench/src/main.rs", "crates/smolio-context/src/instant.rs"] {
            let repository = Repository::of_files(&[(path, "use std::time::Instant;")]);
            assert_eq!(instants(&repository), Vec::<String>::new(), "{path}");
        }
    }

    #[test]
    fn let_chains_are_told() {
        assert!(check(let_chains, "if a\n    && let Some(b) = c {}")[0].contains("lib.rs:2:"));
        assert_eq!(
            check(let_chains, "let d = a && letter; if e && f {} let g = 1;"),
            Vec::<String>::new()
        );
    }
}
