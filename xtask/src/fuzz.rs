//! The fuzz targets in `fuzz/`: what is parsed by ourselves is fed with bytes that a fuzzer makes up.

use std::fs;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{self, Metadata};

/// In seconds: an input that takes longer has found something that hangs.
const LONGEST_INPUT: u32 = 20;

/// Runs each target for so long, if there is a fuzzer to do it.
pub(crate) fn run(seconds: &str) -> Result<()> {
    if !process::succeeds(&mut process::cargo(["fuzz", "--version"])) {
        println!(
            "stress: passed, but without the fuzz targets: `cargo install cargo-fuzz` enables them"
        );
        return Ok(());
    }
    let directory = workspace::root().join("fuzz");
    let target_directory = Metadata::read()?.target_directory.join("fuzz");
    for target in targets()? {
        // What was found earlier goes on being used; the seeds are only read.
        let corpus = format!("corpus/{target}");
        let seeds = format!("seeds/{target}");
        let path = directory.join(&corpus);
        fs::create_dir_all(&path).with_context(|| format!("could not make {}", path.display()))?;
        let total = format!("-max_total_time={seconds}");
        let longest = format!("-timeout={LONGEST_INPUT}");
        let mut command = process::cargo(["fuzz", "run"]);
        // There is no unsafe code of ours to be watched, and without a sanitizer any toolchain will do.
        command
            .args(["--sanitizer", "none", &target, &corpus, &seeds, "--"])
            .args([&total, &longest])
            .env("CARGO_TARGET_DIR", &target_directory)
            .current_dir(&directory);
        process::run(&mut command)?;
    }
    println!("stress: passed, also the fuzz targets");
    Ok(())
}

/// The names of all targets, in order.
fn targets() -> Result<Vec<String>> {
    let directory = workspace::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&directory)
        .with_context(|| format!("could not read {}", directory.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_target = path.extension().is_some_and(|extension| extension == "rs");
        if let (true, Some(name)) = (is_target, path.file_stem()) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_in_the_manifest_and_has_seeds() {
        let directory = workspace::root().join("fuzz");
        let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap();
        let targets = targets().unwrap();
        assert!(!targets.is_empty());
        for target in targets {
            let line = format!("path = \"fuzz_targets/{target}.rs\"");
            assert!(manifest.contains(&line), "{target}");
            let seeds = fs::read_dir(directory.join("seeds").join(&target));
            assert!(seeds.unwrap().next().is_some(), "{target}");
        }
    }
}
