//! What the facade costs before anything runs: how long it takes to compile, and how many crates it brings, against tokio with
//! "full" and smol. As a user would have it: a throw-away package outside of the workspace, built from nothing each time.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{collections::BTreeSet, env, fs, io};

use rustix::time::ClockId;

use crate::arguments::Table;
use crate::measure::Numbers;
use crate::record::{self, Entry, Record};
use crate::report;
use crate::rows::{Scale, Unit, now};

/// The root of the workspace, where this was compiled.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Whose crates are compiled. The first is ours; with `net` it has about as much as tokio with "full".
const CONTESTANTS: &[Contestant] = &[
    Contestant {
        name: "smolio",
        package: "smolio",
        features: "",
        main: "smolio::run(async {});",
    },
    Contestant {
        name: "smolio, net",
        package: "smolio",
        features: "net",
        main: "smolio::run(async {});",
    },
    Contestant {
        name: "tokio, full",
        package: "tokio",
        features: "full",
        main: "tokio::runtime::Runtime::new().unwrap().block_on(async {});",
    },
    Contestant {
        name: "smol",
        package: "smol",
        features: "",
        main: "smol::block_on(async {});",
    },
];

struct Contestant {
    name: &'static str,
    package: &'static str,
    features: &'static str,
    /// What its program does.
    main: &'static str,
}

/// Compiles all of them in turns, and prints how long that took.
pub(crate) fn print_table(table: &Table, record: &mut Record) -> Result<(), Box<dyn Error>> {
    let mut projects = Vec::new();
    for contestant in CONTESTANTS {
        let project = Project::create(contestant)?;
        if !project.cargo(&["fetch", "--quiet"]).status()?.success() {
            println!(
                "compile: left out, since cargo cannot fetch what {} needs.",
                contestant.name
            );
            return Ok(());
        }
        projects.push(project);
    }
    let profiles: &[(&str, &[&str])] = match table.scale {
        Scale::Full => &[
            ("compile: cargo build", &[]),
            ("compile: cargo build --release", &["--release"]),
        ],
        Scale::Quick => &[("compile: cargo build", &[])],
    };
    for (name, arguments) in profiles {
        let rounds = (0..table.rounds).map(|_| {
            let times = projects.iter().map(|project| project.build(arguments));
            times.collect::<io::Result<Vec<_>>>()
        });
        let numbers = Numbers::of(rounds.collect::<io::Result<_>>()?);
        print_row(name, &numbers, record, record::unit(Unit::Time), |number| {
            format!("{:.2} s", number / 1e9)
        });
    }
    let counts = projects.iter().map(Project::count_dependencies);
    let counts = Numbers::of(vec![counts.collect::<io::Result<_>>()?]);
    print_row(
        "crates that it brings",
        &counts,
        record,
        "crates",
        |number| number.to_string(),
    );
    println!("{}", report::conditions(table.scale, table.rounds));
    Ok(())
}

fn print_row(
    name: &str,
    numbers: &Numbers,
    record: &mut Record,
    unit: &str,
    show: impl Fn(f64) -> String,
) {
    println!("{name:<32}{:>10}   its/smolio", "number");
    let mut entries = Vec::new();
    for (index, contestant) in CONTESTANTS.iter().enumerate() {
        let (number, ratio) = (numbers.median(index), numbers.ratio(index, 0));
        let shown = if index == 0 {
            String::new()
        } else {
            report::ratio(&ratio)
        };
        let line = format!("    {:<28}{:>10}   {shown}", contestant.name, show(number));
        println!("{}", line.trim_end());
        entries.push(Entry {
            name: contestant.name,
            number,
            ratio: ratio.median,
            goal: None,
        });
    }
    println!();
    let threads = report::cores().unwrap_or(1);
    record.contest("rows", name, threads, unit, &entries);
}

/// A throw-away package, which is removed when it goes out of scope.
struct Project {
    directory: PathBuf,
}

impl Project {
    fn create(contestant: &Contestant) -> io::Result<Self> {
        let name: String = contestant
            .name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let directory = env::temp_dir().join(format!("bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let project = Self { directory };
        project.write("Cargo.toml", &manifest(contestant))?;
        project.write("main.rs", &format!("fn main() {{ {} }}\n", contestant.main))?;
        // The versions that all else was measured with.
        fs::copy(
            Path::new(ROOT).join("Cargo.lock"),
            project.directory.join("Cargo.lock"),
        )?;
        Ok(project)
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.directory.join(file), text)
    }

    /// The nanoseconds that it takes to build it from nothing.
    fn build(&self, arguments: &[&str]) -> io::Result<f64> {
        let target = self.target();
        if target.exists() {
            fs::remove_dir_all(target)?;
        }
        let arguments = [&["build", "--quiet", "--offline"], arguments].concat();
        let start = now(ClockId::Monotonic);
        let status = self.cargo(&arguments).status()?;
        let elapsed = now(ClockId::Monotonic) - start;
        if !status.success() {
            return Err(io::Error::other(format!("cargo {arguments:?}: {status}")));
        }
        Ok(elapsed.as_nanos() as f64)
    }

    fn count_dependencies(&self) -> io::Result<f64> {
        let arguments = ["tree", "--offline", "--edges", "normal", "--prefix", "none"];
        let output = self.cargo(&arguments).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(io::Error::other(format!("cargo tree: {}", output.status)));
        }
        Ok(dependencies(&String::from_utf8_lossy(&output.stdout)) as f64)
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", self.target())
            // One that keeps what was compiled before would be measured instead.
            .env("RUSTC_WRAPPER", "");
        command
    }

    fn target(&self) -> PathBuf {
        self.directory.join("target")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("could not remove {}: {error}", self.directory.display());
        }
    }
}

fn manifest(contestant: &Contestant) -> String {
    let Contestant {
        package, features, ..
    } = contestant;
    let source = if *package == "smolio" {
        // With forward slashes, which every system takes: in a manifest a backslash would be an escape.
        format!("path = \"{}/crates/smolio\"", ROOT.replace('\\', "/"))
    } else {
        format!("version = \"={}\"", report::version(package))
    };
    let features = match *features {
        "" => String::new(),
        features => format!(", features = [\"{features}\"]"),
    };
    format!(
        r#"[package]
name = "compiled"
version = "0.0.0"
edition = "2024"

[[bin]]
name = "compiled"
path = "main.rs"

[dependencies]
{package} = {{ {source}{features} }}

# Outside any workspace, wherever this directory is.
[workspace]
"#
    )
}

/// How many packages the output of `cargo tree` names, without the one that it is the tree of.
fn dependencies(tree: &str) -> usize {
    let name_and_version = |line: &str| -> Option<String> {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    };
    let all: BTreeSet<String> = tree.lines().filter_map(name_and_version).collect();
    all.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dependency_counts_once_and_the_package_itself_does_not() {
        let tree = "compiled v0.0.0 (/somewhere)\nlog v0.4.22\nslab v0.4.9\nlog v0.4.22 (*)\nlog v0.3.0\n\n";
        assert_eq!(dependencies(tree), 3);
        assert_eq!(dependencies(""), 0);
    }

    #[test]
    fn a_peer_has_the_version_that_is_measured() {
        let [ours, with_net, tokio, _] = CONTESTANTS else {
            panic!("these are four");
        };
        assert!(manifest(ours).contains("/crates/smolio\" }\n"));
        assert!(manifest(with_net).contains("/crates/smolio\", features = [\"net\"] }\n"));
        let expected = format!(
            "tokio = {{ version = \"={}\", features = [\"full\"] }}\n",
            report::version("tokio")
        );
        assert!(manifest(tokio).contains(&expected), "{}", manifest(tokio));
    }
}
