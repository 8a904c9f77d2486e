//! Rules about other people's crates: each that we may want to be rid of one day is named in one place.

use super::Repository;
use super::code::{code_only, line_number, words};

/// Crates whose names stand in one module of ours, so that another could take their place.
const HOMES: &[(&str, &[&str])] = &[
    (
        "hyper",
        &[
            "crates/smolio-http/src/wire.rs",
            "crates/smolio-http/src/wire/",
        ],
    ),
    ("surf", &["crates/smolio-http/src/surf.rs"]),
    (
        "async_tungstenite",
        &[
            "crates/smolio-http/src/websocket.rs",
            "crates/smolio-http/src/websocket/",
        ],
    ),
];

/// With it come crates that nobody looks after any more: those who do not ask for HTTP must have none of them.
const UNMAINTAINED: &str = "surf";
const ITS_HOME: &str = "smolio-http";

/// A path that begins with such a crate's name stands in its home only. Tests may use what they like.
pub(super) fn homes(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, homes) in HOMES {
        let elsewhere = repository.sources().filter(|file| {
            let in_crate = file.path.starts_with("crates/") && file.path.contains("/src/");
            in_crate && !homes.iter().any(|home| file.path.starts_with(home))
        });
        for file in elsewhere {
            let code = code_only(&file.text);
            for position in words(&code, name) {
                let begins_a_path = code[position + name.len()..].starts_with("::")
                    && !code[..position].ends_with("::");
                if begins_a_path {
                    let (path, number, home) = (&file.path, line_number(&code, position), homes[0]);
                    complaints.push(format!(
                        "{path}:{number}: {name} is named outside of {home}: go through that module"
                    ));
                }
            }
        }
    }
    complaints
}

/// One crate may depend on it, and only if it is asked to.
pub(super) fn unmaintained(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in repository.crates() {
        let edges = package.dependencies.iter();
        let on_it = edges.filter(|edge| edge.name == UNMAINTAINED && !edge.development);
        for edge in on_it {
            let manifest = &package.manifest;
            if package.name != ITS_HOME {
                complaints.push(format!(
                    "{manifest}:1: {UNMAINTAINED} is unmaintained: only {ITS_HOME} may depend on it"
                ));
            } else if !edge.optional {
                complaints.push(format!(
                    "{manifest}:1: {UNMAINTAINED} is unmaintained: say `optional = true`"
                ));
            }
        }
        let edges = package.dependencies.iter();
        let on_its_home = edges.filter(|edge| edge.name == ITS_HOME && !edge.development);
        for _ in on_its_home.filter(|edge| !edge.optional) {
            let manifest = &package.manifest;
            complaints.push(format!(
                "{manifest}:1: {ITS_HOME} brings crates that are unmaintained: say `optional = true`"
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Package};

    fn check(path: &str, text: &str) -> Vec<String> {
        homes(&Repository::of_files(&[(path, text)]))
    }

    #[test]
    fn a_crate_that_is_named_outside_of_its_home_is_told() {
        let complaints = check("crates/smolio-http/src/pool.rs", "\nuse hyper::body;");
        assert!(complaints[0].starts_with("crates/smolio-http/src/pool.rs:2: hyper is named"));
        let complaints = check("crates/smolio/src/lib.rs", "pub use surf::Client;");
        assert!(complaints[0].starts_with("crates/smolio/src/lib.rs:1: surf is named"));
    }

    #[test]
    fn a_crate_may_be_named_at_home_in_tests_and_in_prose() {
        for (path, text) in [
            ("crates/smolio-http/src/wire/io.rs", "use hyper::rt;"),
            ("crates/smolio-http/src/surf.rs", "use surf::Client;"),
            ("crates/smolio-http/tests/it/surf.rs", "use surf::Client;"),
            ("crates/smolio-http/src/lib.rs", "// hyper::Error"),
            ("crates/smolio-http/src/lib.rs", "use crate::surf::Client;"),
            ("bench/src/main.rs", "use hyper::body;"),
        ] {
            assert_eq!(check(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    fn told(package: &str, dependency: &str, optional: bool) -> Vec<String> {
        let mut repository = Repository::default();
        repository.packages.push(Package {
            name: package.to_owned(),
            manifest: format!("crates/{package}/Cargo.toml"),
            dependencies: vec![Dependency {
                name: dependency.to_owned(),
                optional,
                ..Dependency::default()
            }],
            ..Package::default()
        });
        unmaintained(&repository)
    }

    #[test]
    fn who_brings_what_is_unmaintained_unasked_is_told() {
        assert_eq!(told("smolio-net", "surf", true).len(), 1);
        assert_eq!(told("smolio-http", "surf", false).len(), 1);
        assert_eq!(told("smolio", "smolio-http", false).len(), 1);
        assert_eq!(told("smolio-http", "surf", true), Vec::<String>::new());
        assert_eq!(told("smolio", "smolio-http", true), Vec::<String>::new());
    }
}
