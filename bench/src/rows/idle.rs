//! What a program costs that has nothing to do: ten thousand tasks sleep, and nobody wakes up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, now, run};
use crate::library::Library;

const TASKS: u64 = 10_000;
const HOUR: Duration = Duration::from_secs(3_600);

/// For how long the processors' time is counted.
const MILLISECONDS: u64 = 2_000;

pub(super) const ROW: Row = Row::shown(
    "idle, 10,000 tasks sleep: CPU per second",
    Unit::Time,
    run::<Idle>,
);

static ASLEEP: AtomicU64 = AtomicU64::new(0);

struct Idle;

impl Program for Idle {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let mut sleepers = Vec::with_capacity(TASKS as usize);
        for _ in 0..TASKS {
            sleepers.push(L::spawn(async {
                ASLEEP.fetch_add(1, Ordering::Relaxed);
                L::sleep(HOUR).await;
            }));
        }
        while ASLEEP.load(Ordering::Relaxed) < TASKS {
            L::yield_now().await;
        }
        let watch = L::spawn(watch::<L>(Duration::from_millis(scale.of(MILLISECONDS))));
        watch.await
    }
}

/// The processors' time in a second, seen from a task that sleeps for a while itself.
async fn watch<L: Library>(duration: Duration) -> f64 {
    let (start, clock) = (now(ClockId::ProcessCPUTime), now(ClockId::Monotonic));
    L::sleep(duration).await;
    let used = now(ClockId::ProcessCPUTime) - start;
    let passed = now(ClockId::Monotonic) - clock;
    used.as_nanos() as f64 / passed.as_secs_f64()
}
