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
mod library;
mod measure;
mod report;
mod rows;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use crate::library::Workers;
use crate::rows::{ROWS, Row, Scale, Side};

const USAGE: &str = "\
usage: smolio-bench [--quick] [--rounds N] [WORD...]     rows whose names contain one of the words; all without words
       smolio-bench --list                               the rows' names
       smolio-bench --program ROW LIBRARY WORKERS SCALE  one measurement in this process, for a profiler:
                                                         ours | tokio | smol, \"one thread\" | \"two workers\", full | quick";

const ROUNDS: usize = 7;

/// What the arguments ask for.
enum Request {
    Table {
        scale: Scale,
        rounds: usize,
        words: Vec<String>,
    },
    Names,
    Usage,
    Program {
        row: &'static Row,
        side: Side,
        workers: Workers,
        scale: Scale,
    },
}

fn main() -> ExitCode {
    let result = match parse(env::args().skip(1)) {
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

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Request, Box<dyn Error>> {
    let (mut scale, mut rounds, mut words) = (Scale::Full, None, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Request::Usage),
            "--list" => return Ok(Request::Names),
            measure::PROGRAM => return parse_program(arguments),
            "--quick" => scale = Scale::Quick,
            "--rounds" => {
                let number = arguments
                    .next()
                    .and_then(|number| number.parse().ok())
                    .filter(|number| *number > 0);
                rounds = Some(number.ok_or("--rounds takes a number above zero")?);
            }
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}\n{USAGE}").into());
            }
            word => words.push(word.to_lowercase()),
        }
    }
    let usual = if scale == Scale::Quick { 1 } else { ROUNDS };
    Ok(Request::Table {
        scale,
        rounds: rounds.unwrap_or(usual),
        words,
    })
}

fn parse_program(arguments: impl Iterator<Item = String>) -> Result<Request, Box<dyn Error>> {
    let arguments: Vec<String> = arguments.collect();
    let [row, side, workers, scale] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    Ok(Request::Program {
        row: ROWS
            .iter()
            .find(|known| known.name == row)
            .ok_or_else(|| format!("no row is called {row}"))?,
        side: Side::ALL
            .into_iter()
            .find(|known| known.name() == side)
            .ok_or(USAGE)?,
        workers: Workers::ALL
            .into_iter()
            .find(|known| known.name() == workers)
            .ok_or(USAGE)?,
        scale: Scale::ALL
            .into_iter()
            .find(|known| known.name() == scale)
            .ok_or(USAGE)?,
    })
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
