//! What the bench asks of its own processes: one measurement, or the other side of one.

use std::error::Error;

use super::{Request, START, USAGE};
use crate::library::Workers;
use crate::rows::{ROWS, Scale, Side};
use crate::{curves, http, measure, python};

/// Whether an argument is one that makes this process a single measurement, or a part of one.
pub(super) fn is_single(option: &str) -> bool {
    [
        measure::PROGRAM,
        curves::POINT,
        python::PROGRAM,
        http::PROGRAM,
        http::SERVE,
        START,
    ]
    .contains(&option)
}

pub(super) fn parse(
    option: &str,
    arguments: impl Iterator<Item = String>,
) -> Result<Request, Box<dyn Error>> {
    match option {
        measure::PROGRAM => parse_program(arguments),
        curves::POINT => parse_point(arguments),
        python::PROGRAM => parse_python(arguments),
        http::PROGRAM => parse_http(arguments),
        http::SERVE => parse_serve(arguments),
        _ => parse_start(arguments),
    }
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
        side: parse_side(side)?,
        workers: parse_workers(workers)?,
        scale: parse_scale(scale)?,
    })
}

fn parse_point(arguments: impl Iterator<Item = String>) -> Result<Request, Box<dyn Error>> {
    let arguments: Vec<String> = arguments.collect();
    let [curve, side, size, scale] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let size = size.parse().ok().filter(|size| *size > 0);
    Ok(Request::Point {
        curve: curves::CURVES
            .iter()
            .find(|known| known.name == curve)
            .ok_or_else(|| format!("no curve is called {curve}"))?,
        side: parse_side(side)?,
        size: size.ok_or("the size is a number above zero")?,
        scale: parse_scale(scale)?,
    })
}

fn parse_python(arguments: impl Iterator<Item = String>) -> Result<Request, Box<dyn Error>> {
    let arguments: Vec<String> = arguments.collect();
    let [row, event_loop, scale, program] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    Ok(Request::Python(python::Measurement {
        row: python::ROWS
            .iter()
            .find(|known| known.name == row)
            .ok_or_else(|| format!("no row of Python is called {row}"))?,
        event_loop: event_loop.clone(),
        scale: parse_scale(scale)?,
        program: program.clone(),
    }))
}

fn parse_start(arguments: impl Iterator<Item = String>) -> Result<Request, Box<dyn Error>> {
    let arguments: Vec<String> = arguments.collect();
    let [side, workers] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    Ok(Request::Start {
        side: parse_side(side)?,
        workers: parse_workers(workers)?,
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
        served: http::Served::ALL
            .into_iter()
            .find(|known| known.name() == served)
            .ok_or(USAGE)?,
        workers: parse_workers(workers)?,
    })
}

fn parse_side(name: &str) -> Result<Side, &'static str> {
    let mut all = Side::ALL.into_iter();
    all.find(|known| known.name() == name).ok_or(USAGE)
}

fn parse_workers(name: &str) -> Result<Workers, &'static str> {
    let mut all = Workers::ALL.into_iter();
    all.find(|known| known.name() == name).ok_or(USAGE)
}

fn parse_scale(name: &str) -> Result<Scale, &'static str> {
    let mut all = Scale::ALL.into_iter();
    all.find(|known| known.name() == name).ok_or(USAGE)
}
