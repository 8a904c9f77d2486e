//! The table as text: a row at a time, because a whole run takes minutes.

use std::thread::available_parallelism;

use crate::library::Workers;
use crate::measure::{Outcome, Ratio};
use crate::rows::{ROWS, Row, Scale, Unit};

/// All versions that the numbers belong to are in the lock file, which cargo writes before it
/// compiles this.
const LOCK_FILE: &str = include_str!("../../Cargo.lock");

/// The peers, and what carries smol or stands in for it.
const VERSIONS_OF: [&str; 11] = [
    "tokio",
    "smol",
    "async-channel",
    "async-executor",
    "async-io",
    "async-lock",
    "futures-util",
    "hyper",
    "hyper-util",
    "reqwest",
    "axum",
];

/// The names of the columns. A goal stands behind the ratio that it is for.
pub(crate) fn heading(workers: Workers) -> String {
    columns([
        workers.name(),
        "ours",
        "tokio",
        "smol",
        "tokio/ours",
        "goal",
        "smol/ours",
        "goal",
    ])
}

/// One row.
pub(crate) fn line(row: &Row, workers: Workers, scale: Scale, outcome: &Outcome) -> String {
    let judge = |goal: Option<f64>, ratio| goal.map(|goal| verdict(goal, ratio, scale));
    let to_tokio = judge(row.goal(workers), &outcome.tokio_to_ours);
    let to_smol = judge(row.goal_smol, &outcome.smol_to_ours);
    columns([
        row.name,
        &number(row.unit, outcome.ours),
        &number(row.unit, outcome.tokio),
        &number(row.unit, outcome.smol),
        &ratio(&outcome.tokio_to_ours),
        &to_tokio.unwrap_or_default(),
        &ratio(&outcome.smol_to_ours),
        &to_smol.unwrap_or_default(),
    ])
}

fn columns([name, ours, tokio, smol, to_tokio, goal, to_smol, goal_smol]: [&str; 8]) -> String {
    let width = ROWS.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let line = format!(
        "{name:<width$}{ours:>11}{tokio:>11}{smol:>11}   {to_tokio:<24}{goal:<15}{to_smol:<24}{goal_smol}"
    );
    line.trim_end().to_owned()
}

/// A goal, and whether it is met; a quick run cannot tell.
pub(crate) fn verdict(goal: f64, ratio: &Ratio, scale: Scale) -> String {
    match scale {
        Scale::Quick => goal.to_string(),
        Scale::Full if ratio.median >= goal => format!("{goal} met"),
        Scale::Full => format!("{goal} not met"),
    }
}

/// What was measured, so that the table can be read without this source at hand.
pub(crate) fn footer() -> &'static str {
    "\
In a round the three take turns, each in a new process that does the work twice and times the second
go. Numbers are medians, per operation. Ratios are taken within a round: median (lowest-highest);
above 1 we are faster, or smaller. A goal is for the ratio before it; where there is none, the
number is there to compare. smol has neither groups nor a gather: in its column FuturesUnordered and
join_all of futures-util stand for them. Neither tokio nor smol has a priority queue: a heap under a
mutex stands for it, with a Notify or an Event for who waits.
CPU: time of all threads of the process, in user and in system mode.
"
}

/// On what machine, how often, and with which versions all of this was measured.
pub(crate) fn conditions(scale: Scale, rounds: usize) -> String {
    let cores = cores().map_or_else(
        || "an unknown number of".to_owned(),
        |cores| cores.to_string(),
    );
    let mut conditions = format!(
        "Cores: {cores}. Rounds: {rounds}.\nVersions: {}.",
        versions()
            .map(|(package, version)| format!("{package} {version}"))
            .join(", ")
    );
    if scale == Scale::Quick {
        conditions.push_str(
            "\nThis was a quick run: it shows that the rows work, and its numbers mean nothing.",
        );
    }
    conditions
}

/// How many cores this process may use.
pub(crate) fn cores() -> Option<usize> {
    available_parallelism().ok().map(usize::from)
}

/// The packages that take part, with their versions.
pub(crate) fn versions() -> [(&'static str, &'static str); VERSIONS_OF.len()] {
    VERSIONS_OF.map(|package| (package, version(package)))
}

pub(crate) fn number(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time if value >= 1_000_000.0 => format!("{:.2} ms", value / 1_000_000.0),
        Unit::Time if value >= 1_000.0 => format!("{:.2} µs", value / 1_000.0),
        Unit::Time => format!("{value:.1} ns"),
        Unit::Bytes => format!("{value:.0} B"),
    }
}

pub(crate) fn ratio(ratio: &Ratio) -> String {
    format!(
        "{:.2} ({:.2}-{:.2})",
        ratio.median, ratio.lowest, ratio.highest
    )
}

/// The locked version of a package. Where there are several, the last, since cargo writes the lowest first: the older ones are what
/// others bring.
pub(crate) fn version(package: &str) -> &'static str {
    let name = format!("\nname = \"{package}\"\nversion = \"");
    let version = LOCK_FILE
        .rsplit_once(&name)
        .and_then(|(_, rest)| rest.split_once('"'));
    version.map_or("of unknown version", |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIO: Ratio = Ratio {
        median: 1.5,
        lowest: 1.0,
        highest: 2.0,
    };

    #[test]
    fn a_goal_is_met_by_the_median() {
        assert_eq!(verdict(1.5, &RATIO, Scale::Full), "1.5 met");
        assert_eq!(verdict(1.6, &RATIO, Scale::Full), "1.6 not met");
        assert_eq!(verdict(1.6, &RATIO, Scale::Quick), "1.6");
    }

    #[test]
    fn each_goal_of_a_row_gets_its_verdict() {
        let row = Row {
            name: "work",
            unit: Unit::Time,
            goal_one_thread: Some(1.0),
            goal_two_workers: Some(2.0),
            goal_smol: Some(3.0),
            run: |_, _, _| 0.0,
        };
        let outcome = Outcome {
            ours: 1.0,
            tokio: 1.5,
            smol: 1.5,
            tokio_to_ours: RATIO,
            smol_to_ours: RATIO,
        };
        let verdicts = |row: &Row, workers| {
            let line = line(row, workers, Scale::Full, &outcome);
            let ratios = line.split("1.50 (1.00-2.00)").skip(1);
            ratios
                .map(|rest| rest.trim().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&row, Workers::One), ["1 met", "3 not met"]);
        assert_eq!(verdicts(&row, Workers::Two), ["2 not met", "3 not met"]);
        let row = Row {
            goal_smol: None,
            ..row
        };
        assert_eq!(verdicts(&row, Workers::One), ["1 met", ""]);
        let row = Row {
            goal_one_thread: None,
            ..row
        };
        assert_eq!(verdicts(&row, Workers::One), ["", ""]);
    }

    #[test]
    fn the_version_of_a_package_is_the_latest_that_is_locked() {
        // surf has brought another one.
        assert_eq!(LOCK_FILE.matches("name = \"async-channel\"").count(), 2);
        assert!(version("async-channel").starts_with("2."));
        assert!(version("tokio").starts_with("1."));
        assert_eq!(version("no-such-package"), "of unknown version");
    }

    #[test]
    fn the_columns_stand_below_each_other() {
        for row in ROWS {
            let line = columns([row.name, "1", "2", "3", "RATIO", "", "", ""]);
            assert_eq!(line.find("RATIO"), heading(Workers::One).find("tokio/ours"));
        }
    }
}
