//! Rules about the manifests: who may depend on whom, at which version, under which licence.

use super::Repository;
use crate::workspace::Package;

/// The crates, and which others of ours each may depend on. A new edge is a change of design: it needs a reason in
/// ARCHITECTURE.md first.
const GRAPH: &[(&str, &[&str])] = &[
    ("smolio-context", &[]),
    ("smolio-timer", &["smolio-context"]),
    ("smolio-queue", &["smolio-context"]),
    ("smolio-sync", &["smolio-context"]),
    ("smolio-task-group", &["smolio-context"]),
    ("smolio-executor", &["smolio-context", "smolio-timer"]),
    (
        "smolio-net",
        &["smolio-context", "smolio-timer", "smolio-task-group"],
    ),
    (
        "smolio-http",
        &[
            "smolio-context",
            "smolio-timer",
            "smolio-task-group",
            "smolio-executor",
            "smolio-net",
        ],
    ),
    (
        "smolio-test",
        &["smolio-context", "smolio-timer", "smolio-executor"],
    ),
    ("smolio-macros", &[]),
    (
        "smolio",
        &[
            "smolio-context",
            "smolio-timer",
            "smolio-queue",
            "smolio-sync",
            "smolio-task-group",
            "smolio-executor",
            "smolio-net",
            "smolio-http",
            "smolio-test",
            "smolio-macros",
        ],
    ),
];

const LICENSE: &str = "MIT OR Apache-2.0";

/// What tests need is their own affair; all else depends on the crates that the table names.
pub(super) fn edges(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in repository.crates() {
        let manifest = &package.manifest;
        let name = &package.name;
        if package.directory() != format!("crates/{name}") {
            complaints.push(format!(
                "{manifest}:1: a crate's directory has its name: move it to crates/{name}"
            ));
        }
        let Some((_, allowed)) = GRAPH.iter().find(|(known, _)| known == name) else {
            complaints.push(format!(
                "{manifest}:1: {name} is not in the table of xtask/src/tidy/graph.rs: add it, and it to ARCHITECTURE.md"
            ));
            continue;
        };
        let ours = package
            .dependencies
            .iter()
            .filter(|edge| edge.internal && !edge.development);
        for edge in ours.filter(|edge| !allowed.contains(&edge.name.as_str())) {
            let to = &edge.name;
            complaints.push(format!(
                "{manifest}:1: {name} must not depend on {to}: do without, or change the design and its table"
            ));
        }
    }
    complaints
}

/// One version for all, and exactly that one among ourselves: no untested mixtures.
pub(super) fn versions(repository: &Repository) -> Vec<String> {
    // This package has the workspace's version too, or is the first to be complained about by its own neighbours.
    let version = env!("CARGO_PKG_VERSION");
    let exactly = format!("={version}");
    let mut complaints = Vec::new();
    for Package {
        manifest,
        version: found,
        dependencies,
        ..
    } in &repository.packages
    {
        if found != version {
            complaints.push(format!(
                "{manifest}:1: version {found}, not {version}: say `version.workspace = true`"
            ));
        }
        for edge in dependencies.iter().filter(|edge| edge.internal) {
            // Tests name each other's crates by path alone, for else neither could be published first.
            let by_path_alone = edge.development && edge.requirement == "*";
            if edge.requirement != exactly && !by_path_alone {
                let (to, requirement) = (&edge.name, &edge.requirement);
                complaints.push(format!(
                    "{manifest}:1: {to} is wanted at `{requirement}`, not `{exactly}`: say `{to} = {{ workspace = true }}`"
                ));
            }
        }
    }
    complaints
}

/// The licence is in each manifest, where registries look, and in full at the root.
pub(super) fn licenses(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in repository
        .packages
        .iter()
        .filter(|package| package.license != LICENSE)
    {
        let (manifest, license) = (&package.manifest, &package.license);
        complaints.push(format!(
            "{manifest}:1: the licence is `{license}`, not `{LICENSE}`: say `license.workspace = true`"
        ));
    }
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        if repository.file(file).is_none() {
            complaints.push(format!(
                "{file}:1: missing: put the text of the licence there"
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    const EXACTLY: &str = concat!("=", env!("CARGO_PKG_VERSION"));

    fn package(name: &str, dependencies: &[Dependency]) -> Package {
        Package {
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            license: LICENSE.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: dependencies.to_vec(),
            ..Package::default()
        }
    }

    fn edge(name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            requirement: EXACTLY.to_owned(),
            development: false,
            internal: true,
            optional: false,
        }
    }

    fn repository(package: Package) -> Repository {
        let mut repository = Repository::of_files(&[("LICENSE-MIT", ""), ("LICENSE-APACHE", "")]);
        repository.packages.push(package);
        repository
    }

    #[test]
    fn an_edge_that_is_not_in_the_table_is_told() {
        let good = repository(package("smolio-timer", &[edge("smolio-context")]));
        assert_eq!(edges(&good), Vec::<String>::new());
        let bad = repository(package("smolio-timer", &[edge("smolio-executor")]));
        assert!(edges(&bad)[0].starts_with(
            "crates/smolio-timer/Cargo.toml:1: smolio-timer must not depend on smolio-executor"
        ));
    }

    #[test]
    fn what_tests_depend_on_is_no_edge() {
        let mut tests = edge("smolio-test");
        tests.development = true;
        assert_eq!(
            edges(&repository(package("smolio-timer", &[tests]))),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_crate_that_is_not_in_the_table_is_told() {
        let complaints = edges(&repository(package("smolio-core", &[])));
        assert!(complaints[0].contains("smolio-core is not in the table"));
    }

    #[test]
    fn a_directory_with_another_name_is_told() {
        let mut package = package("smolio-timer", &[]);
        package.manifest = "crates/timer/Cargo.toml".to_owned();
        assert!(edges(&repository(package))[0].contains("move it to crates/smolio-timer"));
    }

    #[test]
    fn every_crate_in_the_table_depends_on_crates_in_the_table() {
        for name in GRAPH.iter().flat_map(|(_, allowed)| *allowed) {
            assert!(GRAPH.iter().any(|(known, _)| known == name), "{name}");
        }
    }

    #[test]
    fn another_version_is_told() {
        let mut package = package("smolio", &[]);
        package.version = "7.0.0".to_owned();
        assert!(versions(&repository(package))[0].contains("version 7.0.0, not"));
    }

    #[test]
    fn a_loose_requirement_is_told_except_between_tests() {
        let mut loose = edge("smolio-context");
        loose.requirement = "*".to_owned();
        let complaints = versions(&repository(package("smolio-timer", &[loose.clone()])));
        assert!(complaints[0].contains("smolio-context is wanted at `*`"));
        loose.development = true;
        assert_eq!(
            versions(&repository(package("smolio-timer", &[loose]))),
            Vec::<String>::new()
        );
    }

    #[test]
    fn another_licence_is_told() {
        let mut package = package("smolio", &[]);
        package.license = "MIT".to_owned();
        assert!(licenses(&repository(package))[0].contains("the licence is `MIT`"));
    }

    #[test]
    fn a_missing_licence_text_is_told() {
        let complaints = licenses(&Repository::default());
        assert_eq!(complaints.len(), 2);
        assert!(complaints[0].starts_with("LICENSE-MIT:1: missing"));
    }
}
