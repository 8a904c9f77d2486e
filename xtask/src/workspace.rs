//! Where things are: the root, the packages as cargo sees them, and the text files that are or could be committed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;

/// The root of the workspace, as it was when this program was built.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// A member of the workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: String,
    /// Relative to the root: `crates/smolio/Cargo.toml`.
    pub(crate) manifest: String,
    /// What each feature switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
}

impl Package {
    /// Whether this is one of the crates that users take, and not a tool of the project.
    pub(crate) fn is_crate(&self) -> bool {
        self.manifest.starts_with("crates/")
    }

    /// The package's directory, relative to the root.
    pub(crate) fn directory(&self) -> &str {
        self.manifest
            .strip_suffix("/Cargo.toml")
            .unwrap_or(&self.manifest)
    }
}

/// One line of a manifest's dependencies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) requirement: String,
    /// Only tests, examples and benchmarks have it.
    pub(crate) development: bool,
    /// It is named by its path.
    pub(crate) internal: bool,
    /// Only a feature brings it.
    pub(crate) optional: bool,
}

/// A text file below the root.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextFile {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What `cargo metadata` tells about the workspace.
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

impl Metadata {
    pub(crate) fn read() -> Result<Self> {
        let text = process::output(&mut process::cargo([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
        ]))?;
        let value: Value = serde_json::from_str(&text)
            .context("cargo metadata printed something that is not JSON")?;
        let mut packages: Vec<Package> = list(&value, "packages").iter().map(package).collect();
        // Cargo promises no order.
        packages.sort_by(|one, other| one.manifest.cmp(&other.manifest));
        Ok(Self {
            packages,
            target_directory: PathBuf::from(string(&value, "target_directory")),
        })
    }

    /// The crates that users take, by name.
    pub(crate) fn crates(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_crate())
    }
}

fn package(value: &Value) -> Package {
    let manifest = PathBuf::from(string(value, "manifest_path"));
    let relative = manifest.strip_prefix(root()).unwrap_or(&manifest);
    let features = value["features"].as_object().into_iter().flatten();
    Package {
        name: string(value, "name"),
        version: string(value, "version"),
        license: string(value, "license"),
        manifest: relative.to_string_lossy().replace('\\', "/"),
        features: features
            .map(|(name, enables)| (name.clone(), strings(enables)))
            .collect(),
        dependencies: list(value, "dependencies").iter().map(dependency).collect(),
    }
}

fn dependency(value: &Value) -> Dependency {
    Dependency {
        name: string(value, "name"),
        requirement: string(value, "req"),
        development: value["kind"] == "dev",
        internal: value["path"].is_string(),
        optional: value["optional"] == true,
    }
}

fn string(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Every text file that is committed, or would be by `git add`.
pub(crate) fn text_files() -> Result<Vec<TextFile>> {
    let mut git = Command::new("git");
    git.current_dir(root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]);
    let listing = process::output(&mut git).context("the list of files comes from git")?;
    let mut files = Vec::new();
    for path in listing.split_terminator('\0') {
        match fs::read(root().join(path)) {
            // What is not UTF-8 is not text.
            Ok(bytes) => files.extend(String::from_utf8(bytes).ok().map(|text| TextFile {
                path: path.to_owned(),
                text,
            })),
            // Git still lists what was removed but not committed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => bail!("could not read {path}: {error}"),
        }
    }
    Ok(files)
}
