//! Threads that are not the loop's: they start tasks on it, wake one of them, or work for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::task::{Poll, Waker};
use std::{future::poll_fn, thread};

use rustix::time::ClockId;

use super::{Program, Row, Scale, Side, Unit, run, time_per_operation};
use crate::library::{Library, Ours, Outside, SmolShared, Tokio, Workers};

const TASKS: u64 = 200_000;
const ROUND_TRIPS: u64 = 50_000;

pub(super) const SPAWN: Row = Row::shown(
    "spawn from another thread + join",
    Unit::Time,
    spawn_from_outside,
);
pub(super) const WAKE: Row = Row::shown(
    "wake from another thread, there and back",
    Unit::Time,
    run::<Wakes>,
);
/// Theirs are `spawn_blocking` and `unblock`.
pub(super) const TO_THREAD: Row =
    Row::shown("to_thread, there and back", Unit::Time, run::<ToThread>);

/// smol needs an executor here that other threads may use, also with one thread.
fn spawn_from_outside(side: Side, workers: Workers, scale: Scale) -> f64 {
    match side {
        Side::Ours => Ours::run(workers, spawns::<Ours>(scale)),
        Side::Tokio => Tokio::run(workers, spawns::<Tokio>(scale)),
        Side::Smol => SmolShared::run(workers, spawns::<SmolShared>(scale)),
    }
}

async fn spawns<L: Outside>(scale: Scale) -> f64 {
    let tasks = scale.of(TASKS);
    // In a task, because it is not main that is measured.
    let task = L::spawn(async move {
        time_per_operation(ClockId::Monotonic, tasks, || spawn_and_join::<L>(tasks)).await
    });
    task.await
}

/// The other thread spawns all, one by one, while the loop runs them. Then they are awaited.
async fn spawn_and_join<L: Outside>(tasks: u64) {
    let handle = L::handle();
    let spawned = L::to_thread(move || {
        (0..tasks)
            .map(|number| L::spawn_by(&handle, async move { number }))
            .collect::<Vec<_>>()
    });
    let mut sum = 0;
    for task in spawned.await {
        sum += task.await;
    }
    assert_eq!(sum, tasks * (tasks - 1) / 2, "a task was lost");
}

/// A task wakes a thread and waits until that has woken it.
struct Wakes;

impl Program for Wakes {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let round_trips = scale.of(ROUND_TRIPS);
        let answered = Arc::new(AtomicBool::new(false));
        let (asks, asked) = mpsc::channel::<Waker>();
        let answers = answered.clone();
        // It ends when nobody can ask any more.
        thread::spawn(move || {
            for waker in asked {
                answers.store(true, Ordering::Release);
                waker.wake();
            }
        });
        let task = L::spawn(async move {
            time_per_operation(ClockId::Monotonic, round_trips, || async {
                for _ in 0..round_trips {
                    there_and_back(&asks, &answered).await;
                }
            })
            .await
        });
        task.await
    }
}

async fn there_and_back(asks: &Sender<Waker>, answered: &AtomicBool) {
    let mut has_asked = false;
    let answer = poll_fn(|context| {
        if answered.swap(false, Ordering::Acquire) {
            return Poll::Ready(());
        }
        if !has_asked {
            has_asked = true;
            let waker = context.waker().clone();
            asks.send(waker).expect("the thread listens");
        }
        Poll::Pending
    });
    answer.await;
}

/// A function that does nothing, called on one of the threads for what blocks.
struct ToThread;

impl Program for ToThread {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let round_trips = scale.of(ROUND_TRIPS);
        let task = L::spawn(async move {
            time_per_operation(ClockId::Monotonic, round_trips, || async move {
                for number in 0..round_trips {
                    assert_eq!(L::to_thread(move || number).await, number);
                }
            })
            .await
        });
        task.await
    }
}
