//! `cargo xtask ecosystem`: other people's crates on our loop, each tried once, and the code of the page about them. Not part of
//! CI: they are three hundred crates to build, and what changes there is mostly theirs.

use anyhow::Result;

use crate::process;
use crate::workspace::{self, Metadata};

pub(crate) fn run() -> Result<()> {
    let target_directory = Metadata::read()?.target_directory.join("ecosystem");
    // Its lock file has the versions that were tried. Not `--locked`: when a crate of ours gets a dependency, cargo adds that one.
    let mut command = process::cargo(["test"]);
    command
        .env("CARGO_TARGET_DIR", target_directory)
        .current_dir(workspace::root().join("ecosystem"));
    process::run(&mut command)?;
    println!("ecosystem: each crate of docs/ecosystem.md does what is said there");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::workspace;

    /// The name and the first two numbers of the version of each locked package, as the page has them.
    fn locked() -> Vec<(String, String)> {
        let lock = fs::read_to_string(workspace::root().join("ecosystem/Cargo.lock")).unwrap();
        let value = |line: Option<&str>, key: &str| {
            let value = line?.strip_prefix(key)?.trim_matches([' ', '=', '"']);
            Some(value.to_owned())
        };
        let packages = lock.split("[[package]]\n").skip(1);
        packages
            .map(|package| {
                let mut lines = package.lines();
                let name = value(lines.next(), "name").unwrap();
                (name, value(lines.next(), "version").unwrap())
            })
            .collect()
    }

    #[test]
    fn the_page_has_the_versions_that_were_tried() {
        let page = fs::read_to_string(workspace::root().join("docs/ecosystem.md")).unwrap();
        let locked = locked();
        // `| [reqwest](#reqwest) | 0.13.5 | with the switch | ... |`
        let rows = page.lines().filter(|line| line.starts_with("| ["));
        let mut number = 0;
        for row in rows {
            let mut cells = row.split('|').map(str::trim).skip(1);
            let name = cells.next().unwrap().split([' ', ']']).next().unwrap();
            let row = (
                name.trim_start_matches('[').to_owned(),
                cells.next().unwrap().to_owned(),
            );
            assert!(
                locked.contains(&row),
                "{row:?} is not in ecosystem/Cargo.lock"
            );
            number += 1;
        }
        assert!(number >= 15, "only {number} crates");
    }
}
