//! Finds work for the processor that is spawned on a loop with one thread: each poll of it holds up everything else, and no
//! single report of a slow poll says that it is always the same line.

use std::{
    collections::BTreeMap,
    panic::Location,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use smolio_context::{Observer, TaskInfo, warn_in_debug};

use crate::local::Local;

/// After so many slow polls of what was spawned on one line it is no accident.
const OFTEN: u32 = 3;

/// It is advice, and it was given.
static IS_SAID: AtomicBool = AtomicBool::new(false);

pub(super) struct Overload {
    slow: Duration,
    /// How many slow polls there were.
    counts: Mutex<BTreeMap<&'static Location<'static>, u32>>,
}

impl Overload {
    pub(super) fn new(slow: Duration) -> Self {
        Self {
            slow,
            counts: Mutex::default(),
        }
    }

    fn count(&self, place: &'static Location<'static>) -> u32 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(place).or_default();
        *count += 1;
        *count
    }
}

impl Observer for Overload {
    fn polled(&self, task: &TaskInfo, took: Duration) {
        // Threads without a loop are there to be busy.
        let is_single = || Local::with_current(|local| local.runtime().pool().is_none());
        if took < self.slow || is_single() != Some(true) || self.count(task.location()) < OFTEN {
            return;
        }
        if !IS_SAID.swap(true, Ordering::Relaxed) {
            warn_in_debug(|| {
                format!(
                    "what is spawned at {} has kept the only thread of its loop busy {OFTEN} times, the last was {}, for \
                     {took:.1?}: work for the processor holds up everything else, move it to to_thread, or give the runner \
                     workers(n)",
                    task.location(),
                    task.with_id()
                )
            });
        }
    }
}
