//! What can be asked of the bench.

use std::error::Error;

use crate::library::Workers;
use crate::measure;
use crate::rows::{ROWS, Row, Scale, Side};

pub(crate) const USAGE: &str = "\
usage: smolio-bench [--quick] [--rounds N] [WORD...]
           The rows whose names contain one of the words, or all: ten minutes. Quick: seconds.
       smolio-bench --list
           The names of the rows.
       smolio-bench --program ROW LIBRARY WORKERS SCALE
           One measurement in this process, for a profiler. ours | tokio | smol,
           'one thread' | 'two workers', full | quick.";

/// How many rounds count where the arguments do not say it; odd, so that the median is one of them.
const ROUNDS: usize = 7;

/// What the arguments ask for.
pub(crate) enum Request {
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

pub(crate) fn parse(
    mut arguments: impl Iterator<Item = String>,
) -> Result<Request, Box<dyn Error>> {
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
