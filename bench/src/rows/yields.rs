//! Yields: what it costs to put a task back into the run queue and to take the next one out.

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::Library;

const TASKS: u64 = 1_000;
const YIELDS: u64 = 1_000;
const YIELDS_OF_ONE: u64 = 1_000_000;

pub(super) const ROW: Row =
    Row::shown("1,000 tasks x 1,000 yields", Unit::Time, run::<Yields>).with_goals(1.8, 1.3);

/// Nobody else is there to run: the way through an empty queue.
pub(super) const ONE_TASK: Row = Row::shown("1 task x 1M yields", Unit::Time, run::<YieldsOfOne>);

struct Yields;

impl Program for Yields {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let yields = scale.of(YIELDS);
        time_per_operation(ClockId::Monotonic, TASKS * yields, || {
            tasks_that_yield::<L>(TASKS, yields)
        })
        .await
    }
}

struct YieldsOfOne;

impl Program for YieldsOfOne {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let yields = scale.of(YIELDS_OF_ONE);
        time_per_operation(ClockId::Monotonic, yields, || {
            tasks_that_yield::<L>(1, yields)
        })
        .await
    }
}

async fn tasks_that_yield<L: Library>(tasks: u64, yields: u64) {
    let spawn_one = |_| {
        L::spawn(async move {
            for _ in 0..yields {
                L::yield_now().await;
            }
        })
    };
    let tasks: Vec<_> = (0..tasks).map(spawn_one).collect();
    for task in tasks {
        task.await;
    }
}
