//! What can be asked of the bench.

mod single;

use std::error::Error;
use std::path::PathBuf;

use crate::curves::Curve;
use crate::http::{self, Contestant, Served};
use crate::library::Workers;
use crate::python;
use crate::rows::{Row, Scale, Side};

pub(crate) const USAGE: &str = "\
usage: smolio-bench [OPTIONS] [WORD...]
           The rows of these names and those whose names contain one of the words, or all: three
           quarters of an hour.
       smolio-bench --curves[=FILE] [OPTIONS] [WORD...]
           The cost of an operation among few and among a million, as a table, and as a plot in FILE:
           docs/curves.svg where no other is named, and none if it is quick.
       smolio-bench --compile [OPTIONS]
           How long the facade takes to compile, against tokio and smol, and how many crates it
           brings: minutes. Needs the network, unless cargo has all of the crates already.
       smolio-bench --list
           The names of the rows.

       --quick            A little of each, to show that they work: seconds.
       --rounds N         So many rounds count: 7 unless told otherwise, 3 to compile, 1 if quick.
       --row NAME         The row of this name.
       --json FILE        All numbers in a file as well: nanoseconds, unless a row's unit says
                          otherwise. It is written in any case, whatever fails on the way.
       --python[=PROGRAM] asyncio as well, and aiohttp and uvloop if it has them: python3 unless
                          another is named. It must be 3.11 or newer.
       A relative path of a file begins at the root of the workspace.

       smolio-bench --program ROW LIBRARY WORKERS SCALE
           One measurement in this process, for a profiler. ours | tokio | smol,
           'one thread' | 'two workers', full | quick.
       smolio-bench --point CURVE LIBRARY SIZE SCALE
           The same for a point of a curve.
       smolio-bench --http ROW CONTESTANT SCALE PYTHON
           The same for a row that is about HTTP.";

/// The argument that makes a process of this program one that starts a loop, and ends.
pub(crate) const START: &str = "--start";

/// How many rounds count where the arguments do not say it; odd, so that the median is one of them.
const ROUNDS: usize = 7;

/// To compile takes a minute, and the spread is small.
const ROUNDS_TO_COMPILE: usize = 3;

/// The Python that is asked where the arguments name no other.
const PYTHON: &str = "python3";

/// Where the plot of the curves belongs.
const PLOT: &str = "docs/curves.svg";

/// What the arguments ask for.
pub(crate) enum Request {
    Table(Table),
    /// The curves, and where their plot goes, if anywhere.
    Curves(Table, Option<PathBuf>),
    Compile(Table),
    Names,
    Usage,
    Program {
        row: &'static Row,
        side: Side,
        workers: Workers,
        scale: Scale,
    },
    Point {
        curve: &'static Curve,
        side: Side,
        size: u64,
        scale: Scale,
    },
    Python(python::Measurement),
    Http {
        contestant: &'static Contestant,
        setting: http::Setting,
    },
    Serve {
        served: Served,
        workers: Workers,
    },
    Start {
        side: Side,
        workers: Workers,
    },
}

/// Which rows are to be measured, and how.
pub(crate) struct Table {
    pub(crate) scale: Scale,
    pub(crate) rounds: usize,
    /// The Python that takes part, if one does.
    pub(crate) python: Option<String>,
    /// Where the numbers go as well.
    pub(crate) json: Option<PathBuf>,
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

    /// The first name or word that none of these rows has: most likely it was meant to be something else.
    pub(crate) fn unknown<'t>(&'t self, rows: &[&str]) -> Option<&'t str> {
        let rows: Vec<String> = rows.iter().map(|row| row.to_lowercase()).collect();
        let name = self.names.iter().find(|name| !rows.contains(name));
        let mut words = self.words.iter();
        let word = words.find(|word| !rows.iter().any(|row| row.contains(*word)));
        name.or(word).map(String::as_str)
    }
}

/// What kind of table is asked for.
enum Kind {
    Rows,
    Curves(Option<PathBuf>),
    Compile,
}

pub(crate) fn parse(
    mut arguments: impl Iterator<Item = String>,
) -> Result<Request, Box<dyn Error>> {
    let (mut kind, mut scale, mut rounds) = (Kind::Rows, Scale::Full, None);
    let (mut python, mut json) = (None, None);
    let (mut names, mut words) = (Vec::new(), Vec::new());
    while let Some(argument) = arguments.next() {
        let (option, value) = match argument.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (argument.as_str(), None),
        };
        match (option, value) {
            ("--help" | "-h", None) => return Ok(Request::Usage),
            ("--list", None) => return Ok(Request::Names),
            ("--quick", None) => scale = Scale::Quick,
            ("--compile", None) => kind = Kind::Compile,
            ("--curves", file) => kind = Kind::Curves(file.map(PathBuf::from)),
            ("--python", program) => python = Some(program.unwrap_or(PYTHON).to_owned()),
            ("--rounds", None) => rounds = Some(parse_rounds(arguments.next())?),
            ("--row", None) => {
                let name = arguments.next().ok_or("--row takes the name of a row")?;
                names.push(name.to_lowercase());
            }
            ("--json", None) => {
                let file = arguments.next().ok_or("--json takes the name of a file")?;
                json = Some(PathBuf::from(file));
            }
            (option, None) if single::is_single(option) => {
                return single::parse(option, arguments);
            }
            (option, _) if option.starts_with('-') => {
                return Err(format!("unknown option {argument}\n{USAGE}").into());
            }
            (word, _) => words.push(word.to_lowercase()),
        }
    }
    let usual = match (scale, &kind) {
        (Scale::Quick, _) => 1,
        (Scale::Full, Kind::Compile) => ROUNDS_TO_COMPILE,
        (Scale::Full, _) => ROUNDS,
    };
    let table = Table {
        scale,
        rounds: rounds.unwrap_or(usual),
        python,
        json,
        names,
        words,
    };
    Ok(match kind {
        Kind::Rows => Request::Table(table),
        Kind::Compile => Request::Compile(table),
        // A plot of numbers that mean nothing must not take the place of one that does.
        Kind::Curves(None) if scale == Scale::Quick => Request::Curves(table, None),
        Kind::Curves(file) => Request::Curves(table, Some(file.unwrap_or_else(|| PLOT.into()))),
    })
}

fn parse_rounds(number: Option<String>) -> Result<usize, &'static str> {
    let number = number.and_then(|number| number.parse().ok());
    let number = number.filter(|number| *number > 0);
    number.ok_or("--rounds takes a number above zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &[&str]) -> Result<Request, Box<dyn Error>> {
        parse(arguments.iter().map(|&argument| argument.to_owned()))
    }

    fn table(arguments: &[&str]) -> Table {
        match request(arguments) {
            Ok(Request::Table(table)) => table,
            _ => panic!("these ask for a table"),
        }
    }

    fn plot(arguments: &[&str]) -> Option<PathBuf> {
        match request(arguments) {
            Ok(Request::Curves(_, plot)) => plot,
            _ => panic!("these ask for curves"),
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

    #[test]
    fn what_no_row_is_called_is_told() {
        let rows = ["TCP echo", "Sleeps"];
        assert_eq!(table(&["ECHO", "--row", "sleeps"]).unknown(&rows), None);
        assert_eq!(table(&["echo", "queue"]).unknown(&rows), Some("queue"));
        assert_eq!(table(&["--row", "sleep"]).unknown(&rows), Some("sleep"));
    }

    #[test]
    fn each_kind_has_its_usual_number_of_rounds() {
        assert_eq!(table(&[]).rounds, 7);
        assert_eq!(table(&["--quick"]).rounds, 1);
        assert_eq!(table(&["--rounds", "5", "--quick"]).rounds, 5);
        assert!(request(&["--rounds", "0"]).is_err());
        assert!(request(&["--rounds"]).is_err());
        match request(&["--compile"]) {
            Ok(Request::Compile(table)) => assert_eq!(table.rounds, 3),
            _ => panic!("this asks to compile"),
        }
    }

    #[test]
    fn python_takes_part_when_asked() {
        assert_eq!(table(&[]).python, None);
        assert_eq!(table(&["--python"]).python.as_deref(), Some("python3"));
        let named = table(&["--python=python3.13", "echo"]);
        assert_eq!(named.python.as_deref(), Some("python3.13"));
        assert!(named.has("echo") && !named.has("sleeps"));
    }

    #[test]
    fn a_quick_plot_is_drawn_only_where_it_was_asked_for() {
        assert_eq!(plot(&["--curves"]), Some("docs/curves.svg".into()));
        assert_eq!(plot(&["--curves=a=b.svg"]), Some("a=b.svg".into()));
        assert_eq!(plot(&["--curves", "--quick"]), None);
        assert_eq!(plot(&["--quick", "--curves=a.svg"]), Some("a.svg".into()));
    }

    #[test]
    fn numbers_go_into_a_file_when_asked() {
        assert_eq!(table(&[]).json, None);
        let named = table(&["--json", "numbers.json"]);
        assert_eq!(named.json, Some("numbers.json".into()));
        assert!(request(&["--json"]).is_err());
    }

    #[test]
    fn an_unknown_option_is_an_error_that_names_it() {
        for option in ["--fast", "-q", "--quick=yes", "--program=a"] {
            let error = request(&[option]).err().expect("there is no such option");
            let told = error.to_string();
            assert!(
                told.starts_with(&format!("unknown option {option}\n")),
                "{told}"
            );
        }
    }

    #[test]
    fn a_single_measurement_says_which() {
        match request(&["--point", "spawn + join", "tokio", "1000", "quick"]) {
            Ok(Request::Point { size, side, .. }) => assert_eq!((size, side), (1000, Side::Tokio)),
            _ => panic!("this asks for a point of a curve"),
        }
        assert!(request(&["--point", "spawn + join", "tokio", "0", "quick"]).is_err());
        assert!(request(&["--start", "ours", "one thread"]).is_ok());
        assert!(request(&["--start", "ours"]).is_err());
    }
}
