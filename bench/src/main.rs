//! Speed against tokio and plain smol, as ratios on one machine: the table behind every claim that
//! is made about speed.
//!
//! `cargo xtask bench` runs all rows, `cargo xtask bench sleeps echo` those with one of these words
//! in their names, `cargo xtask bench --quick` a little of each to show that they work. The rows about
//! HTTP (`cargo xtask bench http`) are a table of their own, since each has peers of its own; so is what asyncio
//! does (`--python`). `--curves` shows how cost grows, `--compile` what it costs to have us at all.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(
    clippy::print_stderr,
    reason = "what went wrong must not get into the table"
)]

mod allocator;
mod arguments;
mod compile;
mod curves;
mod http;
mod library;
mod measure;
mod python;
mod record;
mod report;
mod rows;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{Request, Table, USAGE};
use crate::curves::CURVES;
use crate::library::Workers;
use crate::record::Record;
use crate::rows::{ROWS, Row};

fn main() -> ExitCode {
    let request = arguments::parse(env::args().skip(1));
    match request.and_then(answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("smolio-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(request: Request) -> Result<(), Box<dyn Error>> {
    match request {
        Request::Table(table) => print_rows(&table)?,
        Request::Curves(table, plot) => print_curves(&table, plot.as_deref())?,
        Request::Compile(table) => {
            let mut record = Record::create(&table)?;
            let printed = compile::print_table(&table, &mut record);
            record.finish().and(printed)?;
        }
        Request::Names => names().for_each(|name| println!("{name}")),
        Request::Usage => println!("{USAGE}"),
        Request::Program {
            row,
            side,
            workers,
            scale,
        } => println!("{}", (row.run)(side, workers, scale)),
        Request::Point {
            curve,
            side,
            size,
            scale,
        } => println!("{}", (curve.run)(side, size, scale)),
        Request::Python(measurement) => println!("{}", measurement.measure()?),
        Request::Http {
            contestant,
            setting,
        } => println!("{}", contestant.measure(&setting)),
        Request::Serve { served, workers } => served.serve(workers)?,
        Request::Start { side, workers } => rows::start(side, workers),
    }
    Ok(())
}

fn names() -> impl Iterator<Item = &'static str> {
    let http = http::ROWS.iter().map(|row| row.name);
    ROWS.iter().map(|row| row.name).chain(http)
}

fn print_rows(table: &Table) -> Result<(), Box<dyn Error>> {
    refuse_unknown(table, &names().collect::<Vec<_>>())?;
    let mut record = Record::create(table)?;
    let rows: Vec<&Row> = ROWS.iter().filter(|row| table.has(row.name)).collect();
    if !rows.is_empty() {
        for workers in Workers::ALL {
            println!("{}", report::heading(workers));
            for row in &rows {
                match measure::measure(row, workers, table.scale, table.rounds) {
                    Ok(outcome) => {
                        println!("{}", report::line(row, workers, table.scale, &outcome));
                        record.row(row, workers, &outcome);
                    }
                    Err(error) => record.failed(row.name, workers, &error),
                }
            }
            println!();
        }
        println!("{}", report::footer());
    }
    python::print_table(table, &mut record);
    http::print_table(table, &mut record);
    println!("{}", report::conditions(table.scale, table.rounds));
    record.finish()
}

fn print_curves(table: &Table, plot: Option<&Path>) -> Result<(), Box<dyn Error>> {
    refuse_unknown(
        table,
        &CURVES.iter().map(|curve| curve.name).collect::<Vec<_>>(),
    )?;
    let mut record = Record::create(table)?;
    let printed = curves::print_table(table, plot, &mut record);
    record.finish().and(printed)
}

/// A word that is in no name was meant to be something else.
fn refuse_unknown(table: &Table, names: &[&str]) -> Result<(), String> {
    match table.unknown(names) {
        Some(word) => Err(format!(
            "nothing is called {word}; there are:\n{}",
            names.join("\n")
        )),
        None => Ok(()),
    }
}
