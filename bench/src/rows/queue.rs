//! Queues: what it costs to pass an item on, to wait for the next, and to wake who waits.

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::{Library, Receiver, Sender};

const ROUND_TRIPS: u64 = 500_000;
const ITEMS: u64 = 1_000_000;
const PRODUCERS: u64 = 4;
const CAPACITY: usize = 100;
const BATCH: u64 = 100;

pub(super) const PING_PONG: Row =
    Row::shown("queue: ping-pong, capacity 1", Unit::Time, run::<PingPong>).with_goals(1.5, 1.2);
pub(super) const ONE_BY_ONE: Row = Row::shown(
    "queue: 4 producers, 1 consumer, capacity 100",
    Unit::Time,
    run::<OneByOne>,
)
.with_goals(1.3, 1.2);
pub(super) const IN_BATCHES: Row = Row::shown(
    "queue: the same in batches of 100",
    Unit::Time,
    run::<InBatches>,
)
.with_goals(2.0, 2.0);
pub(super) const UNBOUNDED: Row = Row::shown(
    "queue: 4 producers, 1 consumer, unbounded",
    Unit::Time,
    run::<Unbounded>,
);

/// Two tasks send a number to and fro: every item is waited for. The time is that of a round trip.
struct PingPong;

impl Program for PingPong {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let round_trips = scale.of(ROUND_TRIPS);
        time_per_operation(ClockId::Monotonic, round_trips, || {
            to_and_fro::<L>(round_trips)
        })
        .await
    }
}

async fn to_and_fro<L: Library>(round_trips: u64) {
    let (there, mut from_there) = L::channel(1);
    let (back, mut from_back) = L::channel(1);
    let echo = L::spawn(async move {
        while let Some(item) = from_there.receive().await {
            back.send(item + 1).await;
        }
    });
    let caller = L::spawn(async move {
        let mut number = 0;
        for _ in 0..round_trips {
            there.send(number).await;
            number = from_back.receive().await.expect("the echo lives");
        }
        number
    });
    assert_eq!(caller.await, round_trips);
    echo.await;
}

/// Four tasks send, one receives, each item by itself.
struct OneByOne;

impl Program for OneByOne {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let items = scale.of(ITEMS);
        time_per_operation(ClockId::Monotonic, items, || {
            one_by_one::<L, _>(L::channel(CAPACITY), items)
        })
        .await
    }
}

/// The same where nobody has to wait to send. How far the queue grows is the library's affair: whoever interrupts a
/// producer that never has to wait keeps it short.
struct Unbounded;

impl Program for Unbounded {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let items = scale.of(ITEMS);
        time_per_operation(ClockId::Monotonic, items, || {
            one_by_one::<L, _>(L::unbounded(), items)
        })
        .await
    }
}

async fn one_by_one<L: Library, S: Sender>((sender, mut receiver): (S, S::Receiver), items: u64) {
    let each = items / PRODUCERS;
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let sender = sender.clone();
            L::spawn(async move {
                for item in number * each..(number + 1) * each {
                    sender.send(item).await;
                }
            })
        })
        .collect();
    drop(sender);
    let consumer = L::spawn(async move {
        let mut sum = 0;
        while let Some(item) = receiver.receive().await {
            sum += item;
        }
        sum
    });
    for producer in producers {
        producer.await;
    }
    assert_eq!(consumer.await, items * (items - 1) / 2);
}

/// The same, a hundred items at a time on both sides.
struct InBatches;

impl Program for InBatches {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let items = scale.of(ITEMS);
        time_per_operation(ClockId::Monotonic, items, || in_batches::<L>(items)).await
    }
}

async fn in_batches<L: Library>(items: u64) {
    let (sender, mut receiver) = L::channel(CAPACITY);
    let each = items / PRODUCERS;
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let sender = sender.clone();
            L::spawn(async move {
                for first in (number * each..(number + 1) * each).step_by(BATCH as usize) {
                    sender.send_many(first, BATCH as usize).await;
                }
            })
        })
        .collect();
    drop(sender);
    let consumer = L::spawn(async move {
        let (mut sum, mut received) = (0, Vec::new());
        loop {
            receiver.receive_many(&mut received, BATCH as usize).await;
            if received.is_empty() {
                return sum;
            }
            sum += received.iter().sum::<u64>();
        }
    });
    for producer in producers {
        producer.await;
    }
    assert_eq!(consumer.await, items * (items - 1) / 2);
}
