//! Spawn + join, in shapes that strain different parts: the way back to the one who waits, the run
//! queue while it fits into the cache, and memory.

use rustix::time::ClockId;

use super::{Program, Row, Scale, Side, Unit, run, time_per_operation};
use crate::library::{Library, Receiver, Sender, Workers};

const TASKS: u64 = 1_000_000;
const BATCH: u64 = 1_000;
const LINKS: u64 = 1_000;

pub(super) const ONE_BY_ONE_FROM_MAIN: Row = row(
    "spawn + join: one by one, from main",
    run::<OneByOneFromMain>,
);
pub(super) const ONE_BY_ONE_FROM_A_TASK: Row = row(
    "spawn + join: one by one, from a task",
    run::<OneByOneFromATask>,
);
pub(super) const IN_BATCHES: Row = row("spawn + join: batches of 1,000", run::<InBatches>);
pub(super) const ALL_AT_ONCE: Row = row("spawn + join: all 1M at once", run::<AllAtOnce>);

const fn row(name: &'static str, run: fn(Side, Workers, Scale) -> f64) -> Row {
    Row::shown(name, Unit::Time, run).with_goals(4.0, 3.0)
}

pub(super) const CHAINED: Row = Row::shown(
    "chained spawn: each of 1,000 starts the next",
    Unit::Time,
    run::<Chained>,
);

/// Main spawns a task, awaits it, and goes on to the next.
///
/// With one thread each of them wakes the `block_on` that polls main, which costs tokio and smol
/// system calls. With two workers main is a task anyway (see [`Library::run`]), and this is the
/// same as the next.
struct OneByOneFromMain;

impl Program for OneByOneFromMain {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let tasks = scale.of(TASKS);
        time_per_operation(ClockId::Monotonic, tasks, || in_batches::<L>(1, tasks)).await
    }
}

/// A task spawns another, awaits it, and goes on to the next.
struct OneByOneFromATask;

impl Program for OneByOneFromATask {
    async fn run<L: Library>(scale: Scale) -> f64 {
        L::spawn(OneByOneFromMain::run::<L>(scale)).await
    }
}

/// Main spawns a batch, awaits its tasks in their order, and goes on to the next.
struct InBatches;

impl Program for InBatches {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let tasks = scale.of(TASKS);
        time_per_operation(ClockId::Monotonic, tasks, || in_batches::<L>(BATCH, tasks)).await
    }
}

/// Main spawns all of them, then awaits them in their order.
struct AllAtOnce;

impl Program for AllAtOnce {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let tasks = scale.of(TASKS);
        time_per_operation(ClockId::Monotonic, tasks, || in_batches::<L>(tasks, tasks)).await
    }
}

/// A task starts another, which nobody awaits, and ends; the last one says so. The work of `chained_spawn` in tokio's own
/// benches: on several workers, each of the tasks is alone with nobody to share it with.
struct Chained;

impl Program for Chained {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let chains = scale.of(TASKS / LINKS);
        time_per_operation(ClockId::Monotonic, chains * LINKS, || async move {
            for _ in 0..chains {
                let (done, mut all_done) = L::channel(1);
                L::spawn_detached(async move { start_the_next::<L>(done, LINKS - 1) });
                all_done.receive().await;
            }
        })
        .await
    }
}

/// No `async fn`, or its future would hold the next one.
fn start_the_next<L: Library>(done: L::Sender, left: u64) {
    L::spawn_detached(async move {
        if left > 1 {
            start_the_next::<L>(done, left - 1);
        } else {
            done.send(0).await;
        }
    });
}

pub(crate) async fn in_batches<L: Library>(batch: u64, tasks: u64) {
    let mut spawned = Vec::with_capacity(batch as usize);
    let mut sum = 0;
    for first in (0..tasks).step_by(batch as usize) {
        spawned.extend((first..first + batch).map(|number| L::spawn(async move { number })));
        for task in spawned.drain(..) {
            sum += task.await;
        }
    }
    assert_eq!(
        sum,
        tasks * (tasks - 1) / 2,
        "each task has given its number"
    );
}
