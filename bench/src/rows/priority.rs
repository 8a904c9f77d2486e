//! A priority queue: four producers whose items are in no order, and one consumer.

use fastrand::Rng;
use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::{Library, PriorityQueue};

/// How long the queue grows at most, so that it fits into the cache: the order of memory is nobody's merit.
const ITEMS: u64 = 10_000;
const PRODUCERS: u64 = 4;
const FILLS: u64 = 100;

/// Neither tokio nor smol has one. What stands for it in their columns is told where it is.
pub(super) const ROW: Row = Row::shown(
    "priority queue: 4 producers, 1 consumer",
    Unit::Time,
    run::<Priority>,
);

struct Priority;

impl Program for Priority {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let fills = scale.of(FILLS);
        let queue = L::PriorityQueue::new();
        time_per_operation(ClockId::Monotonic, fills * ITEMS, || async {
            for _ in 0..fills {
                fill_and_empty::<L>(&queue).await;
            }
        })
        .await
    }
}

async fn fill_and_empty<L: Library>(queue: &L::PriorityQueue) {
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let queue = queue.clone();
            L::spawn(async move {
                let mut random = Rng::with_seed(number);
                for _ in 0..ITEMS / PRODUCERS {
                    queue.put(random.u64(..)).await;
                }
            })
        })
        .collect();
    let consumer = queue.clone();
    let consumer = L::spawn(async move {
        for _ in 0..ITEMS {
            consumer.get().await;
        }
    });
    for producer in producers {
        producer.await;
    }
    consumer.await;
}
