//! What a sleeping task weighs: the task, its future, its timer, and its share of the tables that
//! know of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Program, Row, Scale, Unit, run};
use crate::allocator;
use crate::library::Library;

const TASKS: u64 = 1_000_000;
const HOUR: Duration = Duration::from_secs(3_600);

pub(super) const ROW: Row = Row {
    name: "memory per sleeping task",
    unit: Unit::Bytes,
    goal_one_thread: 1.5,
    goal_two_workers: 1.5,
    goal_smol: None,
    run: run::<SleepingTasks>,
};

/// How many tasks have got as far as their sleep. A static, because a captured counter would weigh
/// something too.
static ASLEEP: AtomicU64 = AtomicU64::new(0);

struct SleepingTasks;

impl Program for SleepingTasks {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let tasks = scale.of(TASKS);
        // The handles have to be somewhere, but where is the caller's choice: they do not count.
        let mut spawned = Vec::with_capacity(tasks as usize);

        allocator::start_counting();
        for _ in 0..tasks {
            spawned.push(L::spawn(async {
                ASLEEP.fetch_add(1, Ordering::Relaxed);
                L::sleep(HOUR).await;
            }));
        }
        while ASLEEP.load(Ordering::Relaxed) < tasks {
            L::yield_now().await;
        }
        // The other worker may still be inside the poll that was counted last, but one task of a
        // million is nothing.
        let bytes = allocator::live_bytes();

        bytes as f64 / tasks as f64
    }
}
