//! Start-up: what it costs to begin and to end, for a program that is short, or starts a loop per call.

use std::process::Command;
use std::{env, thread};

use rustix::time::ClockId;
use smol::{Executor, LocalExecutor};

use super::{Row, Scale, Side, Unit, now};
use crate::arguments;
use crate::library::{Library, Ours, Tokio, Workers};

const LOOPS: u64 = 10_000;
const PROCESSES: u64 = 200;

pub(super) const IN_THE_PROCESS: Row =
    Row::shown("start-up: run nothing", Unit::Time, in_the_process);
pub(super) const OF_A_PROCESS: Row = Row::shown(
    "start-up: a process that runs nothing",
    Unit::Time,
    of_a_process,
);

/// Makes what tasks run on, runs nothing, and takes it down again.
pub(crate) fn start(side: Side, workers: Workers) {
    match (side, workers) {
        (Side::Ours, _) => Ours::run(workers, async {}),
        (Side::Tokio, _) => Tokio::run(workers, async {}),
        (Side::Smol, Workers::One) => smol::block_on(LocalExecutor::new().run(async {})),
        (Side::Smol, Workers::Two) => smol_with_two_threads(),
    }
}

/// As the documentation of async-executor shows it: the other thread runs tasks until it hears that it is over. The library
/// of the other rows leaves its thread to the end of the process.
fn smol_with_two_threads() {
    let executor = Executor::new();
    let (signal, shutdown) = smol::channel::bounded::<()>(1);
    thread::scope(|scope| {
        scope.spawn(|| smol::block_on(executor.run(shutdown.recv())));
        smol::block_on(executor.run(executor.spawn(async {})));
        drop(signal);
    });
}

fn in_the_process(side: Side, workers: Workers, scale: Scale) -> f64 {
    time_of_second_go(scale.of(LOOPS), || start(side, workers))
}

/// From the start of a process to its end; the program is the same for all, this one.
fn of_a_process(side: Side, workers: Workers, scale: Scale) -> f64 {
    let this = env::current_exe().expect("a running program has a path");
    time_of_second_go(scale.of(PROCESSES), || {
        let arguments = [arguments::START, side.name(), workers.name()];
        let status = Command::new(&this).args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()));
    })
}

/// What the async rows have in `time_per_operation`, for work that blocks.
fn time_of_second_go(operations: u64, work: impl Fn()) -> f64 {
    let go = || (0..operations).for_each(|_| work());
    go();
    let start = now(ClockId::Monotonic);
    go();
    (now(ClockId::Monotonic) - start).as_nanos() as f64 / operations as f64
}
