//! Alternation: each measurement is a process of its own, and the libraries take turns.
//!
//! Taking turns (A B C A B C ...) spreads over all libraries what the machine does meanwhile, so a
//! ratio within one round is worth more than the two numbers it is made of: ratios are taken per
//! round, and their median is reported. Processes of their own, because the heap that one library
//! leaves behind, its timers and its helper threads would be the next one's conditions.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, io, thread};

use crate::library::Workers;
use crate::rows::{Row, Scale, Side};

/// The argument that makes a process of this program a single measurement.
pub(crate) const PROGRAM: &str = "--program";

/// A measurement takes a few seconds. One that is still running after this long hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What a row came to with all libraries.
pub(crate) struct Outcome {
    /// Medians over the rounds.
    pub(crate) ours: f64,
    pub(crate) tokio: f64,
    pub(crate) smol: f64,
    /// The others' numbers over ours.
    pub(crate) tokio_to_ours: Ratio,
    pub(crate) smol_to_ours: Ratio,
}

/// The ratios of all rounds.
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

/// Runs a row for so many rounds, after one that does not count.
pub(crate) fn measure(
    row: &Row,
    workers: Workers,
    scale: Scale,
    rounds: usize,
) -> io::Result<Outcome> {
    let programs =
        Side::ALL.map(|side| [PROGRAM, row.name, side.name(), workers.name(), scale.name()]);
    let numbers = Numbers::take(&programs, scale, rounds)?;
    let [ours, tokio, smol] = Side::ALL.map(|side| side as usize);
    Ok(Outcome {
        ours: numbers.median(ours),
        tokio: numbers.median(tokio),
        smol: numbers.median(smol),
        tokio_to_ours: numbers.ratio(tokio, ours),
        smol_to_ours: numbers.ratio(smol, ours),
    })
}

/// What some programs came to: for each round the numbers of all of them, taken right after each other.
pub(crate) struct Numbers(Vec<Vec<f64>>);

impl Numbers {
    /// Runs the programs, each given by its arguments, for so many rounds, after one that does not
    /// count.
    pub(crate) fn take<'p, P: AsRef<[&'p str]>>(
        programs: &[P],
        scale: Scale,
        rounds: usize,
    ) -> io::Result<Self> {
        let one_round = || {
            let numbers = programs
                .iter()
                .map(|program| in_a_process(program.as_ref()));
            numbers.collect::<io::Result<Vec<_>>>()
        };
        // A quick run shows that the rows work, and a row that works once has shown it.
        if scale == Scale::Full {
            one_round()?;
        }
        let rounds = (0..rounds).map(|_| one_round());
        Ok(Self(rounds.collect::<io::Result<Vec<_>>>()?))
    }

    /// Of what was measured in another way: for each round, the numbers of all who took part.
    pub(crate) fn of(rounds: Vec<Vec<f64>>) -> Self {
        Self(rounds)
    }

    /// Of a program, over all rounds.
    pub(crate) fn median(&self, program: usize) -> f64 {
        median(self.0.iter().map(|round| round[program]).collect())
    }

    /// A program's numbers over another's.
    pub(crate) fn ratio(&self, program: usize, to: usize) -> Ratio {
        let rounds = self.0.iter();
        Ratio::of(rounds.map(|round| round[program] / round[to]).collect())
    }
}

/// Starts this program again for a single measurement, and reads the number that it prints.
fn in_a_process(arguments: &[&str]) -> io::Result<f64> {
    let mut child = Command::new(env::current_exe()?)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    let printed = output_within_limit(&mut child);
    let status = child.wait()?;
    let failed = |what: &str| io::Error::other(format!("{}: {what}", arguments.join(", ")));
    let printed = printed
        .ok_or_else(|| failed(&format!("still running after {LIMIT:?}, so it was killed")))??;
    if !status.success() {
        return Err(failed(&status.to_string()));
    }
    printed
        .trim()
        .parse()
        .map_err(|_| failed(&format!("printed {printed:?} and not a number")))
}

/// Reads what the child prints to its end, or kills it. A library that hangs must not hang whoever
/// runs the bench.
fn output_within_limit(child: &mut Child) -> Option<io::Result<String>> {
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut printed = String::new();
        let result = stdout.read_to_string(&mut printed).map(|_| printed);
        // Nobody listens any more where the time was up.
        let _ = sender.send(result);
    });
    let printed = receiver.recv_timeout(LIMIT).ok();
    if printed.is_none() {
        // It may have ended just now, and then there is nothing left to kill.
        let _ = child.kill();
    }
    printed
}

impl Ratio {
    fn of(ratios: Vec<f64>) -> Self {
        Self {
            lowest: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            highest: ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            median: median(ratios),
        }
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        (numbers[middle - 1] + numbers[middle]) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Ratio, median};

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 100.0, 1.0, 2.0]), 3.0);
        assert_eq!(median(vec![5.0]), 5.0);
    }

    #[test]
    fn a_ratio_keeps_its_spread() {
        let ratio = Ratio::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((ratio.lowest, ratio.median, ratio.highest), (1.0, 2.0, 3.0));
    }
}
