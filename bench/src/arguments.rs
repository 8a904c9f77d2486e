//! What can be asked of the bench.

use std::error::Error;

use crate::http::{self, Contestant, Served};
use crate::library::Workers;
use crate::measure;
use crate::rows::{ROWS, Row, Scale, Side};

pub(crate) const USAGE: &str = "\
usage: smolio-bench [--quick] [--rounds N] [--row NAME] [--python PROGRAM] [WORD...]
           The rows of these names and those whose names contain one of the words, or all: a quarter
           of an hour. Quick: seconds. Python: one that has aiohttp, which is measured too then.
       smolio-bench --list
           The names of the rows.
       smolio-bench --program ROW LIBRARY WORKERS SCALE
           One measurement in this process, for a profiler. ours | tokio | smol,
           'one thread' | 'two workers', full | quick.
       smolio-bench --http ROW CONTESTANT SCALE PYTHON
           The same for a row that is about HTTP.";

/// How many rounds count where the arguments do not say it; odd, so that the median is one of them.
const ROUNDS: usize = 7;

/// The Python that is asked for aiohttp where the arguments name no other.
const PYTHON: &str = "python3";

/// What the arguments ask for.
pub(crate) enum Request {
    Table(Table),
    Names,
    Usage,
    Program {
        row: &'static Row,
        side: Side,
        workers: Workers,
        scale: Scale,
    },
    Http {
        contestant: &'static Contestant,
        setting: http::Setting,
    },
    Serve {
        served: Served,
        workers: Workers,
    },
}

/// Which rows are to be measured, and how.
pub(crate) struct Table {
    pub(crate) scale: Scale,
    pub(crate) rounds: usize,
    pub(crate) python: String,
    /// Whole names, in lower case.
    names: Vec<String>,
    /// Parts of names, in lower case.
    words: Vec<String>,
}

impl Table {
    /// Whether a row is one of those that are wanted.
    pub(crate) fn has(&self, row: &str) -> bool {
        let row = row.to_lowercase();
        self.names.is_empty() && self.words.is_empty()
            || self.names.contains(&row)
            || self.words.iter().any(|word| row.contains(word))
    }
}

pub(crate) fn parse(
    mut arguments: impl Iterator<Item = String>,
) -> Result<Request, Box<dyn Error>> {
    let (mut scale, mut rounds, mut python) = (Scale::Full, None, PYTHON.to_owned());
    let (mut names, mut words) = (Vec::new(), Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Request::Usage),
            "--list" => return Ok(Request::Names),
            measure::PROGRAM => return parse_program(arguments),
            http::PROGRAM => return parse_http(arguments),
            http::SERVE => return parse_serve(arguments),
            "--quick" => scale = Scale::Quick,
            "--rounds" => {
                let number = arguments
                    .next()
                    .and_then(|number| number.parse().ok())
                    .filter(|number| *number > 0);
                rounds = Some(number.ok_or("--rounds takes a number above zero")?);
            }
            "--row" => {
                let name = arguments.next().ok_or("--row takes the name of a row")?;
                names.push(name.to_lowercase());
            }
            "--python" => {
                python = arguments
                    .next()
                    .ok_or("--python takes the name of a program")?;
            }
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}\n{USAGE}").into());
            }
            word => words.push(word.to_lowercase()),
        }
    }
    let usual = if scale == Scale::Quick { 1 } else { ROUNDS };
    Ok(Request::Table(Table {
        scale,
        rounds: rounds.unwrap_or(usual),
        python,
        names,
        words,
    }))
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
        workers: parse_workers(workers)?,
        scale: parse_scale(scale)?,
    })
}

fn parse_http(arguments: impl Iterator<Item = String>) -> Result<Request, Box<dyn Error>> {
    let arguments: Vec<String> = arguments.collect();
    let [row, contestant, scale, python] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let row = http::ROWS
        .iter()
        .find(|known| known.name == row)
        .ok_or_else(|| format!("no row about HTTP is called {row}"))?;
    Ok(Request::Http {
        contestant: row
            .contestants
            .iter()
            .find(|known| known.name == contestant)
            .ok_or_else(|| format!("{} has no contestant {contestant}", row.name))?,
        setting: http::Setting {
            scale: parse_scale(scale)?,
            python: python.clone(),
        },
    })
}

fn parse_serve(arguments: impl Iterator<Item = String>) -> Result<Request, Box<dyn Error>> {
    let arguments: Vec<String> = arguments.collect();
    let [served, workers] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    Ok(Request::Serve {
        served: Served::ALL
            .into_iter()
            .find(|known| known.name() == served)
            .ok_or(USAGE)?,
        workers: parse_workers(workers)?,
    })
}

fn parse_workers(name: &str) -> Result<Workers, &'static str> {
    let mut all = Workers::ALL.into_iter();
    all.find(|known| known.name() == name).ok_or(USAGE)
}

fn parse_scale(name: &str) -> Result<Scale, &'static str> {
    let mut all = Scale::ALL.into_iter();
    all.find(|known| known.name() == name).ok_or(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(arguments: &[&str]) -> Table {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        match parse(arguments) {
            Ok(Request::Table(table)) => table,
            _ => panic!("these ask for a table"),
        }
    }

    #[test]
    fn all_rows_are_wanted_unless_some_are_named() {
        assert!(table(&["--quick"]).has("anything"));
        let table = table(&["ECHO", "--row", "Whole name"]);
        assert!(table.has("TCP echo, 64 connections"));
        assert!(table.has("whole name"));
        assert!(!table.has("the whole name"));
    }
}
