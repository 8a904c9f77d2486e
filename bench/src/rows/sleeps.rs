//! A million tasks that sleep for up to a second each.
//!
//! The wall clock would show the second that they all share, so this row counts the time of the
//! processors.

use std::time::Duration;

use fastrand::Rng;
use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::Library;

const TASKS: u64 = 1_000_000;
const LONGEST: u64 = 1_000;

pub(super) const ROW: Row =
    Row::shown("1M sleeps over 0-1000 ms (CPU)", Unit::Time, run::<Sleeps>).with_goals(2.0, 2.0);

struct Sleeps;

impl Program for Sleeps {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let tasks = scale.of(TASKS);
        let longest = scale.of(LONGEST);
        time_per_operation(ClockId::ProcessCPUTime, tasks, || {
            tasks_that_sleep::<L>(tasks, longest)
        })
        .await
    }
}

async fn tasks_that_sleep<L: Library>(tasks: u64, longest: u64) {
    // The same sleeps for everyone, each time.
    let mut random = Rng::with_seed(1);
    let mut spawned = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        let duration = Duration::from_millis(random.u64(0..=longest));
        spawned.push(L::spawn(async move {
            L::sleep(duration).await;
        }));
    }
    for task in spawned {
        task.await;
    }
}
