//! Speed against tokio and plain smol, as ratios on one machine: the table behind every claim that
//! is made about speed.
//!
//! `cargo xtask bench` runs all rows, `cargo xtask bench sleeps echo` those with one of these words
//! in their names, `cargo xtask bench --quick` a little of each to show that they work. The rows about
//! HTTP (`cargo xtask bench http`) are a table of their own, since each has peers of its own.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(
    clippy::print_stderr,
    reason = "what went wrong must not get into the table"
)]

mod allocator;
mod arguments;
mod http;
mod library;
mod measure;
mod report;
mod rows;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use crate::arguments::{Request, Table, USAGE};
use crate::library::Workers;
use crate::rows::{ROWS, Row};

fn main() -> ExitCode {
    let result = match arguments::parse(env::args().skip(1)) {
        Ok(Request::Table(table)) => print_table(&table),
        Ok(Request::Names) => {
            names().for_each(|name| println!("{name}"));
            Ok(())
        }
        Ok(Request::Usage) => {
            println!("{USAGE}");
            Ok(())
        }
        Ok(Request::Program {
            row,
            side,
            workers,
            scale,
        }) => {
            println!("{}", (row.run)(side, workers, scale));
            Ok(())
        }
        Ok(Request::Http {
            contestant,
            setting,
        }) => {
            println!("{}", contestant.measure(&setting));
            Ok(())
        }
        Ok(Request::Serve { served, workers }) => served.serve(workers).map_err(Into::into),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("smolio-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    let http = http::ROWS.iter().map(|row| row.name);
    ROWS.iter().map(|row| row.name).chain(http)
}

fn print_table(table: &Table) -> Result<(), Box<dyn Error>> {
    if !names().any(|name| table.has(name)) {
        return Err("no row is called so; --list shows the names".into());
    }
    let rows: Vec<&Row> = ROWS.iter().filter(|row| table.has(row.name)).collect();
    if !rows.is_empty() {
        for workers in Workers::ALL {
            println!("{}", report::heading(workers));
            for row in &rows {
                let outcome = measure::measure(row, workers, table.scale, table.rounds)?;
                println!("{}", report::line(row, workers, table.scale, &outcome));
            }
            println!();
        }
        println!("{}", report::footer());
    }
    http::print_table(table)?;
    println!("{}", report::conditions(table.scale, table.rounds));
    Ok(())
}
