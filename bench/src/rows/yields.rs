//! Yields: what it costs to put a task back into the run queue and to take the next one out.

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::Library;

const TASKS: u64 = 1_000;
const YIELDS: u64 = 1_000;

pub(super) const ROW: Row = Row {
    name: "1,000 tasks x 1,000 yields",
    unit: Unit::Time,
    goal_one_thread: 1.8,
    goal_two_workers: 1.3,
    goal_smol: None,
    run: run::<Yields>,
};

struct Yields;

impl Program for Yields {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let yields = scale.of(YIELDS);
        time_per_operation(ClockId::Monotonic, TASKS * yields, || {
            tasks_that_yield::<L>(yields)
        })
        .await
    }
}

async fn tasks_that_yield<L: Library>(yields: u64) {
    let spawn_one = |_| {
        L::spawn(async move {
            for _ in 0..yields {
                L::yield_now().await;
            }
        })
    };
    let tasks: Vec<_> = (0..TASKS).map(spawn_one).collect();
    for task in tasks {
        task.await;
    }
}
