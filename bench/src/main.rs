//! Speed against tokio and plain smol, as ratios on one machine: the table behind every claim that
//! is made about speed.
//!
//! `cargo xtask bench` runs all rows, `cargo xtask bench sleeps echo` those with one of these words
//! in their names, `cargo xtask bench --quick` a little of each to show that they work.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(
    clippy::print_stderr,
    reason = "what went wrong must not get into the table"
)]

mod allocator;
mod arguments;
mod library;
mod measure;
mod report;
mod rows;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use crate::arguments::{Request, USAGE};
use crate::library::Workers;
use crate::rows::{ROWS, Row, Scale};

fn main() -> ExitCode {
    let result = match arguments::parse(env::args().skip(1)) {
        Ok(Request::Table {
            scale,
            rounds,
            words,
        }) => print_table(scale, rounds, &words),
        Ok(Request::Names) => {
            ROWS.iter().for_each(|row| println!("{}", row.name));
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

fn print_table(scale: Scale, rounds: usize, words: &[String]) -> Result<(), Box<dyn Error>> {
    let wanted = |row: &&Row| {
        words.is_empty()
            || words
                .iter()
                .any(|word| row.name.to_lowercase().contains(word))
    };
    let rows: Vec<&Row> = ROWS.iter().filter(wanted).collect();
    if rows.is_empty() {
        return Err("no row has one of these words in its name; --list shows the names".into());
    }
    for workers in Workers::ALL {
        println!("{}", report::heading(workers));
        for row in &rows {
            let outcome = measure::measure(row, workers, scale, rounds)?;
            println!("{}", report::line(row, workers, scale, &outcome));
        }
        println!();
    }
    println!("{}", report::footer(scale, rounds));
    Ok(())
}
