//! What a scenario leaves behind: lines, each with the time. Most are to be the same in asyncio; those that are not have a reason.

use std::{
    fmt::Display,
    sync::{Arc, Mutex},
};

use smolio::Instant;

/// One line of a trace.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    /// As in asyncio.
    Same(String),
    /// Only here, for a reason.
    Ours(String, &'static str),
    /// Only in asyncio, for a reason.
    Theirs(String, &'static str),
}

/// Where a scenario writes to. Clones are the same trace.
#[derive(Clone)]
pub(crate) struct Trace {
    start: Instant,
    /// Why all that is noted here does not happen in asyncio.
    only_here: Option<&'static str>,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Trace {
    /// It begins now.
    pub(crate) fn new(lines: Arc<Mutex<Vec<Line>>>) -> Self {
        Self {
            start: Instant::now(),
            only_here: None,
            lines,
        }
    }

    /// The same trace, for what does not happen in asyncio, or not at this place.
    pub(crate) fn only_here(&self, reason: &'static str) -> Self {
        Self {
            only_here: Some(reason),
            ..self.clone()
        }
    }

    /// What happens now.
    pub(crate) fn note(&self, text: impl Display) {
        let line = format!("{} {text}", self.seconds());
        self.push(match self.only_here {
            None => Line::Same(line),
            Some(reason) => Line::Ours(line, reason),
        });
    }

    /// What happens in asyncio at this place, at `seconds` there, and not here.
    pub(crate) fn theirs(&self, seconds: f64, text: impl Display, reason: &'static str) {
        self.push(Line::Theirs(format!("{seconds} {text}"), reason));
    }

    fn push(&self, line: Line) {
        self.lines
            .lock()
            .expect("nothing panics with it")
            .push(line);
    }

    /// To the millisecond: beyond that Python's clock, which adds up fractions, has an opinion of its own.
    fn seconds(&self) -> f64 {
        self.start.elapsed().as_millis() as f64 / 1000.0
    }
}
