//! The table as text: a row at a time, because a whole run takes minutes.

use std::thread::available_parallelism;

use crate::library::Workers;
use crate::measure::{Outcome, Ratio};
use crate::rows::{Row, Scale, Unit};

/// All versions that the numbers belong to are in the lock file, which cargo writes before it
/// compiles this.
const LOCK_FILE: &str = include_str!("../../Cargo.lock");

/// The peers, and what carries smol.
const VERSIONS_OF: [&str; 4] = ["tokio", "smol", "async-executor", "async-io"];

/// The names of the columns.
pub(crate) fn heading(workers: Workers) -> String {
    format!(
        "{:<38}{:>10}{:>10}{:>10}   {:<21}{:<21}{:>5}",
        workers.name(),
        "ours",
        "tokio",
        "smol",
        "tokio/ours",
        "smol/ours",
        "goal"
    )
}

/// One row.
pub(crate) fn line(row: &Row, workers: Workers, scale: Scale, outcome: &Outcome) -> String {
    let goal = row.goal(workers);
    let verdict = match scale {
        Scale::Quick => "",
        Scale::Full if outcome.tokio_to_ours.median >= goal => "met",
        Scale::Full => "not met",
    };
    let line = format!(
        "{:<38}{:>10}{:>10}{:>10}   {:<21}{:<21}{:>5}  {verdict}",
        row.name,
        number(row.unit, outcome.ours),
        number(row.unit, outcome.tokio),
        number(row.unit, outcome.smol),
        ratio(&outcome.tokio_to_ours),
        ratio(&outcome.smol_to_ours),
        goal
    );
    line.trim_end().to_owned()
}

/// What was measured, so that the table can be read without this source at hand.
pub(crate) fn footer(scale: Scale, rounds: usize) -> String {
    let cores = available_parallelism().map_or_else(
        |_| "an unknown number of".to_owned(),
        |cores| cores.to_string(),
    );
    let mut footer = format!(
        "\
Cores: {cores}. Rounds: {rounds}.
In a round the three take turns, each in a new process that does the work twice and times the second
go. Numbers are medians, per operation. Ratios are taken within a round: median (lowest-highest);
above 1 we are faster, or smaller. The goal is for tokio/ours.
CPU: time of all threads of the process, in user and in system mode.
Versions: {}.",
        VERSIONS_OF
            .map(|package| format!("{package} {}", version(package)))
            .join(", ")
    );
    if scale == Scale::Quick {
        footer.push_str(
            "\nThis was a quick run: it shows that the rows work, and its numbers mean nothing.",
        );
    }
    footer
}

fn number(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time if value >= 1_000.0 => format!("{:.2} µs", value / 1_000.0),
        Unit::Time => format!("{value:.1} ns"),
        Unit::Bytes => format!("{value:.0} B"),
    }
}

fn ratio(ratio: &Ratio) -> String {
    format!(
        "{:.2} ({:.2}-{:.2})",
        ratio.median, ratio.lowest, ratio.highest
    )
}

/// The locked version of a package; the first, where there are several.
fn version(package: &str) -> &str {
    let name = format!("name = \"{package}\"");
    let mut lines = LOCK_FILE.lines().skip_while(|line| *line != name);
    let version = lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = "));
    version.map_or("of unknown version", |version| version.trim_matches('"'))
}
