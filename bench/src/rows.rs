//! The rows of the table, in its order, and what they have in common.

mod echo;
mod gather;
pub(crate) mod group;
mod idle;
mod memory;
mod outside;
mod priority;
mod queue;
mod sleeps;
pub(crate) mod spawn;
mod startup;
mod sync;
mod timeouts;
mod yields;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::library::{Library, Ours, SmolLocal, SmolShared, Tokio, Workers};

pub(crate) use self::startup::start;

/// Every row that there is.
pub(crate) const ROWS: &[Row] = &[
    spawn::ONE_BY_ONE_FROM_MAIN,
    spawn::ONE_BY_ONE_FROM_A_TASK,
    spawn::IN_BATCHES,
    spawn::ALL_AT_ONCE,
    spawn::CHAINED,
    outside::SPAWN,
    yields::ROW,
    yields::ONE_TASK,
    outside::WAKE,
    outside::TO_THREAD,
    group::OF_10,
    group::OF_1_000,
    group::OF_10_000,
    group::OF_100_000,
    gather::ROW,
    queue::PING_PONG,
    queue::ONE_BY_ONE,
    queue::IN_BATCHES,
    queue::UNBOUNDED,
    priority::ROW,
    sync::LOCK,
    sync::SEMAPHORE,
    sleeps::ROW,
    timeouts::ROW,
    echo::ROW,
    idle::ROW,
    memory::SPAWNED,
    memory::IN_A_GROUP,
    memory::ROW,
    memory::WAITING,
    startup::IN_THE_PROCESS,
    startup::OF_A_PROCESS,
];

/// One line of the table: a piece of work that is done with each library.
pub(crate) struct Row {
    /// Says what is done; filters look for their text in it.
    pub(crate) name: &'static str,
    /// What the numbers are.
    pub(crate) unit: Unit,
    /// tokio's number over ours, to reach with one thread. Where there is none, the numbers are there to compare.
    pub(crate) goal_one_thread: Option<f64>,
    /// The same with two workers.
    pub(crate) goal_two_workers: Option<f64>,
    /// The number in smol's column over ours, to reach with one thread and with two; most rows have tokio alone to measure up
    /// to.
    pub(crate) goal_smol: Option<f64>,
    /// Does the work and gives the number.
    pub(crate) run: fn(Side, Workers, Scale) -> f64,
}

impl Row {
    /// One that nobody has set a goal for.
    const fn shown(name: &'static str, unit: Unit, run: fn(Side, Workers, Scale) -> f64) -> Self {
        Self {
            name,
            unit,
            goal_one_thread: None,
            goal_two_workers: None,
            goal_smol: None,
            run,
        }
    }

    /// One with a goal for the ratio to tokio, with one thread and with two workers.
    const fn with_goals(self, one_thread: f64, two_workers: f64) -> Self {
        Self {
            goal_one_thread: Some(one_thread),
            goal_two_workers: Some(two_workers),
            ..self
        }
    }

    /// What the ratio to tokio should be.
    pub(crate) fn goal(&self, workers: Workers) -> Option<f64> {
        match workers {
            Workers::One => self.goal_one_thread,
            Workers::Two => self.goal_two_workers,
        }
    }
}

/// What a number of the table counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes asked of the allocator and not given back.
    Bytes,
}

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Tokio,
    Smol,
}

impl Side {
    pub(crate) const ALL: [Self; 3] = [Self::Ours, Self::Tokio, Self::Smol];

    /// As the arguments call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Tokio => "tokio",
            Self::Smol => "smol",
        }
    }
}

/// How much work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// As much as the name of the row says.
    Full,
    /// Just enough to show that the row works.
    Quick,
}

impl Scale {
    pub(crate) const ALL: [Self; 2] = [Self::Full, Self::Quick];

    /// As the arguments call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Quick => "quick",
        }
    }

    /// A hundredth of it when in a hurry.
    pub(crate) fn of(self, full: u64) -> u64 {
        match self {
            Self::Full => full,
            Self::Quick => full / 100,
        }
    }
}

/// A row's work, written once for every library.
trait Program {
    fn run<L: Library>(scale: Scale) -> impl Future<Output = f64> + Send + 'static;
}

/// Runs a program with the library that is asked for.
fn run<P: Program>(side: Side, workers: Workers, scale: Scale) -> f64 {
    match (side, workers) {
        (Side::Ours, _) => Ours::run(workers, P::run::<Ours>(scale)),
        (Side::Tokio, _) => Tokio::run(workers, P::run::<Tokio>(scale)),
        (Side::Smol, Workers::One) => SmolLocal::run(workers, P::run::<SmolLocal>(scale)),
        (Side::Smol, Workers::Two) => SmolShared::run(workers, P::run::<SmolShared>(scale)),
    }
}

/// Does the work twice and times the second go: the first brings the code in, starts the threads
/// and grows the heap.
pub(crate) async fn time_per_operation<W>(
    clock: ClockId,
    operations: u64,
    work: impl Fn() -> W,
) -> f64
where
    W: Future<Output = ()>,
{
    work().await;
    let start = now(clock);
    work().await;
    let elapsed = now(clock) - start;
    elapsed.as_nanos() as f64 / operations as f64
}

pub(crate) fn now(clock: ClockId) -> Duration {
    clock_gettime(clock)
        .try_into()
        .expect("clocks that count from the start of something are not negative")
}
