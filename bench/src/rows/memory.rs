//! What a task weighs that waits: the task, its future, what wakes it, and its share of the tables that know of it.

use std::future::pending;
use std::mem::forget;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smol::future::or;

use super::{Program, Row, Scale, Unit, run};
use crate::allocator;
use crate::library::{Library, Sender};

const TASKS: u64 = 1_000_000;
const HOUR: Duration = Duration::from_secs(3_600);

pub(super) const SPAWNED: Row =
    Row::shown("memory per spawned task", Unit::Bytes, run::<SpawnedTasks>);
pub(super) const IN_A_GROUP: Row = Row::shown(
    "memory per child of a group",
    Unit::Bytes,
    run::<ChildrenOfAGroup>,
);
pub(super) const ROW: Row = Row::shown(
    "memory per sleeping task",
    Unit::Bytes,
    run::<SleepingTasks>,
)
.with_goals(1.5, 1.5);
pub(super) const WAITING: Row = Row::shown(
    "memory per task that waits to put",
    Unit::Bytes,
    run::<WaitingTasks>,
);

/// How many tasks have got as far as their wait. A static, because a captured counter would weigh
/// something too.
static WAITING_TASKS: AtomicU64 = AtomicU64::new(0);

/// A task that waits for nothing in particular.
struct SpawnedTasks;

impl Program for SpawnedTasks {
    async fn run<L: Library>(scale: Scale) -> f64 {
        weigh::<L, _>(scale.of(TASKS), || async {
            WAITING_TASKS.fetch_add(1, Ordering::Relaxed);
            pending::<()>().await;
        })
        .await
    }
}

struct SleepingTasks;

impl Program for SleepingTasks {
    async fn run<L: Library>(scale: Scale) -> f64 {
        weigh::<L, _>(scale.of(TASKS), || async {
            WAITING_TASKS.fetch_add(1, Ordering::Relaxed);
            L::sleep(HOUR).await;
        })
        .await
    }
}

/// They wait to put into a queue that is full: of those who wait at the other end, tokio's can have one only.
struct WaitingTasks;

impl Program for WaitingTasks {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let (sender, receiver) = L::channel(1);
        sender.send(0).await;
        // Never dropped, not even at the end: who waits would find the queue closed.
        forget(receiver);
        weigh::<L, _>(scale.of(TASKS), move || {
            let sender = sender.clone();
            async move {
                WAITING_TASKS.fetch_add(1, Ordering::Relaxed);
                sender.send(1).await;
            }
        })
        .await
    }
}

async fn weigh<L, F>(tasks: u64, make: impl Fn() -> F) -> f64
where
    L: Library,
    F: Future<Output = ()> + Send + 'static,
{
    // The handles have to be somewhere, but where is the caller's choice: they do not count.
    let mut spawned = Vec::with_capacity(tasks as usize);

    allocator::start_counting();
    for _ in 0..tasks {
        spawned.push(L::spawn(make()));
    }
    bytes_when_all_wait::<L>(tasks).await
}

/// The handles count here, where a library needs them for the values.
struct ChildrenOfAGroup;

impl Program for ChildrenOfAGroup {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let children = scale.of(TASKS);
        let child = |_| async {
            WAITING_TASKS.fetch_add(1, Ordering::Relaxed);
            pending().await
        };
        allocator::start_counting();
        let group = async {
            L::group((0..children).map(child)).await;
            unreachable!("its children wait for ever")
        };
        or(group, bytes_when_all_wait::<L>(children)).await
    }
}

async fn bytes_when_all_wait<L: Library>(tasks: u64) -> f64 {
    while WAITING_TASKS.load(Ordering::Relaxed) < tasks {
        L::yield_now().await;
    }
    // The other worker may still be inside the poll that was counted last, but one task of a
    // million is nothing.
    allocator::live_bytes() as f64 / tasks as f64
}
