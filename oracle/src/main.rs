//! asyncio as the oracle: each scenario is there twice, in `python/` and in `scenarios/`, under the same name. Both are played in
//! virtual time and trace what happens and when; the traces are compared line by line. `cargo xtask oracle` runs it.
//!
//! A difference that is on purpose stands in the scenario, with the reason. It is shown, and when it is none any more it is an
//! error like any other.

mod compare;
mod python;
mod scenarios;
mod trace;

use std::{collections::BTreeSet, process::ExitCode};

use python::{Answer, Played};

fn main() -> anyhow::Result<ExitCode> {
    let (version, theirs) = match python::play_all()? {
        Answer::Played { version, scenarios } => (version, scenarios),
        Answer::Skipped(why) => {
            println!("oracle: skipped, {why}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let python::Snippets { blocks, complaints } = python::check_snippets()?;
    complaints
        .iter()
        .for_each(|complaint| println!("{complaint}"));
    let mut ours: BTreeSet<&str> = scenarios::ALL.iter().map(|ours| ours.name).collect();
    let mut count = Count::default();
    for scenario in theirs {
        ours.remove(scenario.name.as_str());
        count.add(judge(&scenario, &version));
    }
    for name in ours {
        println!("{name}: is not there in Python");
        count.different += 1;
    }
    println!(
        "oracle: {} scenarios as in Python {version}, {} different on purpose, {} skipped, {} different; {blocks} snippets of the \
         pages are Python",
        count.same, count.on_purpose, count.skipped, count.different
    );
    match count.different + complaints.len() {
        0 => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::FAILURE),
    }
}

/// What has become of the scenarios.
#[derive(Default)]
struct Count {
    same: usize,
    on_purpose: usize,
    skipped: usize,
    different: usize,
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Same => &mut self.same,
            Verdict::OnPurpose => &mut self.on_purpose,
            Verdict::Skipped => &mut self.skipped,
            Verdict::Different => &mut self.different,
        } += 1;
    }
}

enum Verdict {
    Same,
    OnPurpose,
    Skipped,
    Different,
}

/// Plays our side of a scenario, and says how it compares.
fn judge(theirs: &Played, version: &str) -> Verdict {
    let name = &theirs.name;
    let Some(ours) = scenarios::ALL.iter().find(|ours| ours.name == name) else {
        println!("{name}: is not there in Rust");
        return Verdict::Different;
    };
    if let Some(needed) = &theirs.needs {
        println!("{name}: skipped, needs Python {needed} and this is {version}");
        return Verdict::Skipped;
    }
    let trace = (ours.play)();
    if let Some(difference) = compare::difference(&theirs.lines, &trace) {
        println!("{name}: different\n{difference}");
        return Verdict::Different;
    }
    match compare::purpose(&trace) {
        None => Verdict::Same,
        Some(purpose) => {
            println!("{name}: different on purpose\n{purpose}");
            Verdict::OnPurpose
        }
    }
}
