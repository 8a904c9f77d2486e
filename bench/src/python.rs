//! asyncio, whose way of working ours is, and uvloop, which is asyncio on libuv: the rows that exist there too. They are a table
//! of their own, with one thread, since Python has one.

use std::io;
use std::process::{Command, Output, Stdio};

use crate::arguments::Table;
use crate::library::Workers;
use crate::measure::{self, Numbers};
use crate::record::{self, Entry, Record};
use crate::report;
use crate::rows::{self, Scale, Side, Unit};

/// The argument that makes a process of this program a single measurement of this table.
pub(crate) const PROGRAM: &str = "--asyncio";

const WORK: &str = include_str!("python/rows.py");

/// The event loops, as the table and the modules call them.
const EVENT_LOOPS: [&str; 2] = ["asyncio", "uvloop"];

/// Task groups and `asyncio.timeout` came with 3.11.
const PROBE: &str = "import sys; assert sys.version_info >= (3, 11); print(sys.version.split()[0])";

/// Every row that there is.
pub(crate) const ROWS: &[Row] = &[
    Row::new("spawn + join: batches of 1,000", "spawn"),
    Row::new("1,000 tasks x 1,000 yields", "yields"),
    Row::new("group of 10,000 children, one yield each", "group"),
    Row::new("gather of 10,000, one yield each", "gather"),
    Row::new("queue: ping-pong, capacity 1", "ping-pong"),
    Row::new("1M sleeps over 0-1000 ms (CPU)", "sleeps"),
    Row::new("1M timeouts armed and cancelled", "timeouts"),
    Row::new("TCP echo, 64 connections, 512 bytes", "echo"),
];

/// A row of the other table that Python has too.
pub(crate) struct Row {
    /// As it is called there.
    pub(crate) name: &'static str,
    /// As the script calls it.
    work: &'static str,
}

impl Row {
    const fn new(name: &'static str, work: &'static str) -> Self {
        Self { name, work }
    }
}

/// A row, done by Python.
pub(crate) struct Measurement {
    pub(crate) row: &'static Row,
    pub(crate) event_loop: String,
    pub(crate) scale: Scale,
    /// The Python that does it.
    pub(crate) program: String,
}

impl Measurement {
    /// Does the work, and gives the number as the script prints it.
    pub(crate) fn measure(&self) -> io::Result<String> {
        let mut command = Command::new(&self.program);
        let arguments = [self.row.work, &self.event_loop, self.scale.name()];
        let output = command
            .args(["-c", WORK])
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(io::Error::other(format!(
                "{}: {}",
                self.program, output.status
            )));
        }
        let number = String::from_utf8_lossy(&output.stdout);
        Ok(number.trim().to_owned())
    }
}

/// Measures the rows that are wanted and that Python has, and prints each when it is done.
pub(crate) fn print_table(table: &Table, record: &mut Record) {
    let Some(python) = &table.python else {
        return;
    };
    let mut rows = ROWS.iter().filter(|row| table.has(row.name)).peekable();
    if rows.peek().is_none() {
        return;
    }
    let Some(version) = probe(python, PROBE) else {
        println!("asyncio was left out: {python} is not there, or older than 3.11.\n");
        return;
    };
    let uvloop = probe(python, "import uvloop; print(uvloop.__version__)");
    println!("{}", heading());
    for row in rows {
        let event_loops = &EVENT_LOOPS[..if uvloop.is_some() { 2 } else { 1 }];
        match measure(row, python, event_loops, table) {
            Ok(numbers) => {
                println!("{}", line(row.name, event_loops, &numbers));
                keep(row.name, event_loops, &numbers, record);
            }
            Err(error) => record.failed(row.name, Workers::One, &error),
        }
    }
    let uvloop = uvloop.map_or_else(
        || "uvloop was left out: it does not have it".to_owned(),
        |version| format!("uvloop {version}"),
    );
    println!(
        "\nPython {version}, of {python}; {uvloop}. Numbers and ratios are made as those above.\n"
    );
}

/// Ours and theirs, in alternation.
fn measure(row: &Row, python: &str, event_loops: &[&str], table: &Table) -> io::Result<Numbers> {
    let scale = table.scale.name();
    let ours = [
        measure::PROGRAM,
        row.name,
        Side::Ours.name(),
        Workers::One.name(),
        scale,
    ];
    let theirs = event_loops
        .iter()
        .map(|event_loop| [PROGRAM, row.name, event_loop, scale, python]);
    let programs: Vec<_> = std::iter::once(ours).chain(theirs).collect();
    Numbers::take(&programs, table.scale, table.rounds)
}

fn keep(name: &str, event_loops: &[&str], numbers: &Numbers, record: &mut Record) {
    let names = std::iter::once(Side::Ours.name()).chain(event_loops.iter().copied());
    let entries: Vec<_> = names
        .enumerate()
        .map(|(index, name)| Entry {
            name,
            number: numbers.median(index),
            ratio: numbers.ratio(index, 0).median,
            goal: None,
        })
        .collect();
    let unit = record::unit(Unit::Time);
    record.contest("python_rows", name, Workers::One.count(), unit, &entries);
}

fn heading() -> String {
    let [asyncio, uvloop] = EVENT_LOOPS;
    columns(
        "one thread, and Python",
        ["ours", asyncio, uvloop],
        ["asyncio/ours", "uvloop/ours"],
    )
}

fn line(name: &str, event_loops: &[&str], numbers: &Numbers) -> String {
    let number = |index| report::number(Unit::Time, numbers.median(index));
    let ratio = |index| report::ratio(&numbers.ratio(index, 0));
    // What did not take part has empty columns.
    let uvloop = event_loops.get(1).map(|_| (number(2), ratio(2)));
    let (uvloop, uvloop_ratio) = uvloop.unwrap_or_default();
    columns(
        name,
        [&number(0), &number(1), &uvloop],
        [&ratio(1), &uvloop_ratio],
    )
}

fn columns(name: &str, [ours, asyncio, uvloop]: [&str; 3], ratios: [&str; 2]) -> String {
    let width = rows::ROWS
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or(0);
    let [to_asyncio, to_uvloop] = ratios;
    let line =
        format!("{name:<width$}{ours:>11}{asyncio:>11}{uvloop:>11}   {to_asyncio:<24}{to_uvloop}");
    line.trim_end().to_owned()
}

/// What a Python prints, if there is one and it can run the script.
pub(crate) fn probe(python: &str, script: &str) -> Option<String> {
    let mut command = Command::new(python);
    let command = command.args(["-c", script]).stderr(Stdio::null());
    let Output { status, stdout, .. } = command.output().ok()?;
    let printed = String::from_utf8(stdout).ok()?;
    status.success().then(|| printed.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_python_is_one_of_the_other_table_and_of_the_script() {
        for row in ROWS {
            let other = rows::ROWS.iter().find(|other| other.name == row.name);
            assert!(other.is_some(), "{} is called otherwise there", row.name);
            assert!(WORK.contains(&format!("    \"{}\": (", row.work)));
        }
    }

    #[test]
    fn a_python_that_is_not_there_takes_no_part() {
        assert_eq!(probe("no-such-python", PROBE), None);
    }
}
