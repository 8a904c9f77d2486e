//! The table of the rows about HTTP as text: a block for each row, since each has contestants of its own.

use std::io;

use super::{Contestant, PROGRAM, ROWS, Row, aiohttp};
use crate::arguments::Table;
use crate::measure::Numbers;
use crate::record::{self, Entry, Record};
use crate::report;
use crate::rows::Scale;

/// Measures the rows that are wanted, and prints each when it is done.
pub(crate) fn print_table(table: &Table, record: &mut Record) {
    let rows: Vec<&Row> = ROWS.iter().filter(|row| table.has(row.name)).collect();
    if rows.is_empty() {
        return;
    }
    let aiohttp = table.python.as_deref().and_then(aiohttp::version);
    for row in rows {
        let takes_part = |one: &&Contestant| one.name != aiohttp::NAME || aiohttp.is_some();
        let contestants: Vec<_> = row.contestants.iter().filter(takes_part).collect();
        match measure(row, &contestants, table) {
            Ok(numbers) => {
                println!("{}", block(row, &contestants, table.scale, &numbers));
                keep(row, &contestants, &numbers, record);
            }
            Err(error) => record.failed(row.name, row.workers, &error),
        }
    }
    println!("{}", footer(aiohttp.as_deref(), table.python.as_deref()));
}

fn measure(row: &Row, contestants: &[&Contestant], table: &Table) -> io::Result<Numbers> {
    // Where no Python takes part, nobody asks for its name.
    let python = table.python.as_deref().unwrap_or_default();
    let programs: Vec<_> = contestants
        .iter()
        .map(|one| [PROGRAM, row.name, one.name, table.scale.name(), python])
        .collect();
    Numbers::take(&programs, table.scale, table.rounds)
}

fn keep(row: &Row, contestants: &[&Contestant], numbers: &Numbers, record: &mut Record) {
    let entries: Vec<_> = contestants
        .iter()
        .enumerate()
        .map(|(index, one)| Entry {
            name: one.name,
            number: numbers.median(index),
            ratio: numbers.ratio(index, 0).median,
            goal: one.goal,
        })
        .collect();
    let (threads, unit) = (row.workers.count(), record::unit(row.unit));
    record.contest("rows", row.name, threads, unit, &entries);
}

/// A row: its name, and a line for each of the contestants.
fn block(row: &Row, contestants: &[&Contestant], scale: Scale, numbers: &Numbers) -> String {
    let mut block = columns([row.name, "number", "its/ours", "goal"]);
    for (index, one) in contestants.iter().enumerate() {
        let ratio = numbers.ratio(index, 0);
        let verdict = one.goal.map(|goal| report::verdict(goal, &ratio, scale));
        // What is ours has a ratio of one to itself.
        let ratio = (index > 0).then(|| report::ratio(&ratio));
        block.push('\n');
        block.push_str(&columns([
            &format!("    {}", one.name),
            &report::number(row.unit, numbers.median(index)),
            &ratio.unwrap_or_default(),
            &verdict.unwrap_or_default(),
        ]));
    }
    block.push('\n');
    block
}

fn columns([name, number, ratio, goal]: [&str; 4]) -> String {
    let width = ROWS.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let line = format!("{name:<width$}{number:>13}   {ratio:<24}{goal}");
    line.trim_end().to_owned()
}

/// What was measured, so that the table can be read without this source at hand.
fn footer(aiohttp: Option<&str>, python: Option<&str>) -> String {
    let aiohttp = match (aiohttp, python) {
        (Some(version), Some(python)) => format!("aiohttp {version}, of {python}."),
        (_, Some(python)) => format!(
            "aiohttp was left out: {python} does not have it (--python=PROGRAM names another)."
        ),
        (_, None) => "aiohttp was left out: --python asks for it.".to_owned(),
    };
    format!(
        "\
HTTP: in a round all take turns, each in a new process that does the work twice and times the second
go; memory is counted once. Clients run on one thread, against a server in another process that does
next to nothing; each reads the answer to its end. Servers answer a generator in another process, over
64 connections. Times are per request; those of the slow addresses and of the 50 MB are for all of it.
Ratios are taken within a round, over the first line of the block, which is ours: above 1 we are
faster, or smaller. Where there is no goal the number is there to compare.
{aiohttp}
"
    )
}
