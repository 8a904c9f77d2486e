//! Locks and permits. Ours and tokio's are handed over to whoever has waited longest. Those of async-lock, in smol's column, may
//! be taken by one who just comes by: fewer changes of tasks, and no order.

use std::sync::Arc;

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::{Library, Lock, Semaphore};

const LOCKS: u64 = 1_000_000;
const TASKS: u64 = 100;
const PERMITS: usize = 10;
const TURNS: u64 = 1_000;

pub(super) const LOCK: Row = Row::shown("lock: nobody else wants it", Unit::Time, run::<Locks>);
pub(super) const SEMAPHORE: Row = Row::shown(
    "semaphore: 100 tasks, 10 permits, a yield each",
    Unit::Time,
    run::<Turns>,
);

struct Locks;

impl Program for Locks {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let locks = scale.of(LOCKS);
        // In a task, because main may be polled by something else.
        let task = L::spawn(async move {
            time_per_operation(ClockId::Monotonic, locks, || async move {
                let lock = L::Lock::new();
                let mut sum = 0;
                for _ in 0..locks {
                    sum = lock.add_one().await;
                }
                assert_eq!(sum, locks);
            })
            .await
        });
        task.await
    }
}

/// Ten tasks hold a permit while others run, and ninety wait.
struct Turns;

impl Program for Turns {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let turns = scale.of(TURNS);
        time_per_operation(ClockId::Monotonic, TASKS * turns, || take_turns::<L>(turns)).await
    }
}

async fn take_turns<L: Library>(turns: u64) {
    let semaphore = Arc::new(L::Semaphore::new(PERMITS));
    let take_turns = |_| {
        let semaphore = semaphore.clone();
        L::spawn(async move {
            for _ in 0..turns {
                semaphore.hold(L::yield_now()).await;
            }
        })
    };
    let tasks: Vec<_> = (0..TASKS).map(take_turns).collect();
    for task in tasks {
        task.await;
    }
}
