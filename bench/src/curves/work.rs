//! The curves that are about tasks and items.

use rustix::time::ClockId;

use super::Growing;
use crate::library::{Library, Receiver, Sender};
use crate::rows::{Scale, group, spawn, time_per_operation};

/// In all of a measurement together: at small sizes the work is repeated, for the clock to have something to say.
const OPERATIONS: u64 = 1_000_000;

/// How often work of this size is to be done.
pub(super) fn repeats(size: u64, scale: Scale) -> u64 {
    (scale.of(OPERATIONS) / size).max(1)
}

/// So many tasks at once.
pub(super) struct Spawns;

impl Growing for Spawns {
    async fn cost<L: Library>(size: u64, scale: Scale) -> f64 {
        let tasks = size * repeats(size, scale);
        time_per_operation(ClockId::Monotonic, tasks, || {
            spawn::in_batches::<L>(size, tasks)
        })
        .await
    }
}

/// A group of so many children.
pub(super) struct Groups;

impl Growing for Groups {
    async fn cost<L: Library>(size: u64, scale: Scale) -> f64 {
        let groups = repeats(size, scale);
        time_per_operation(ClockId::Monotonic, size * groups, || {
            group::one_after_the_other::<L>(groups, size)
        })
        .await
    }
}

/// A queue that grows to so many items before the first is taken out.
pub(super) struct Queues;

impl Growing for Queues {
    async fn cost<L: Library>(size: u64, scale: Scale) -> f64 {
        let fills = repeats(size, scale);
        time_per_operation(ClockId::Monotonic, size * fills, || async move {
            for _ in 0..fills {
                let (sender, mut receiver) = L::unbounded();
                for item in 0..size {
                    sender.send(item).await;
                }
                for item in 0..size {
                    assert_eq!(receiver.receive().await, Some(item));
                }
            }
        })
        .await
    }
}
