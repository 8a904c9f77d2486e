//! In which order items come out, and how many there may be.

use std::cmp::Ordering;

use smolio_executor::spawn;
use smolio_queue::{PriorityQueue, Queue, TryGetError, TryPutError};
use smolio_test::all_blocked;

use crate::support::{Kind, explore, for_all_kinds};

for_all_kinds!(
    q1_the_third_put_waits_for_a_get,
    items_come_out_in_order,
    room_and_items_are_counted,
    an_unbounded_queue_has_room,
    a_queue_needs_room,
);

fn q1_the_third_put_waits_for_a_get<Q: Kind>() {
    explore(|| async {
        let queue = Q::bounded(2);
        let putter = {
            let queue = queue.clone();
            spawn(async move {
                for item in [1, 3, 2] {
                    queue.put(item).await.unwrap();
                }
            })
        };
        all_blocked().await;
        assert!(!putter.is_finished());
        assert!(queue.is_full());
        let first = queue.get().await.unwrap();
        putter.await;
        let rest = [queue.get().await.unwrap(), queue.get().await.unwrap()];
        let mut expected = Q::in_order([1, 3]);
        assert_eq!(first, expected.remove(0));
        expected.push(2);
        assert_eq!(rest[..], Q::in_order(expected));
    });
}

fn items_come_out_in_order<Q: Kind>() {
    let mut random = fastrand::Rng::with_seed(1);
    for length in 0..100 {
        let items: Vec<u32> = (0..length).map(|_| random.u32(0..20)).collect();
        let queue = Q::unbounded();
        for &item in &items {
            queue.try_put(item).unwrap();
        }
        let got: Vec<u32> = std::iter::from_fn(|| queue.try_get().ok()).collect();
        assert_eq!(got, Q::in_order(items));
    }
}

fn room_and_items_are_counted<Q: Kind>() {
    let queue = Q::bounded(2);
    assert_eq!(queue.capacity(), Some(2));
    assert!(queue.is_empty() && !queue.is_full());
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    queue.try_put(1).unwrap();
    assert!(!queue.is_empty() && !queue.is_full());
    queue.try_put(2).unwrap();
    assert!(queue.is_full());
    assert_eq!(queue.len(), 2);
    let full = queue.try_put(3).unwrap_err();
    assert_eq!(full, TryPutError::Full(3));
    assert_eq!(full.to_string(), "cannot put an item: the queue is full");
    assert_eq!(full.without_item(), TryPutError::Full(()));
}

fn an_unbounded_queue_has_room<Q: Kind>() {
    let queue = Q::unbounded();
    assert_eq!(queue.capacity(), None);
    for item in 0..10_000 {
        queue.try_put(item).unwrap();
    }
    assert!(!queue.is_full());
}

fn a_queue_needs_room<Q: Kind>() {
    let error = std::panic::catch_unwind(|| Q::bounded(0)).unwrap_err();
    let message = smolio_context::panic_message(&*error);
    assert!(message.contains("capacity of 0"), "{message}");
}

#[test]
fn a_capacity_from_elsewhere_is_an_error_when_it_is_zero() {
    assert!(Queue::<u32>::try_bounded(0).is_err());
    assert!(smolio_queue::LifoQueue::<u32>::try_bounded(0).is_err());
    assert!(PriorityQueue::<u32>::try_bounded(0).is_err());
    let queue = Queue::<u32>::try_bounded(usize::MAX).unwrap();
    queue.try_put(1).unwrap();
}

/// Compared by the first field alone.
#[derive(Debug)]
struct Ranked(u32, usize);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[test]
fn q1_equals_come_in_the_order_of_their_puts() {
    let mut random = fastrand::Rng::with_seed(7);
    let queue = PriorityQueue::unbounded();
    let mut expected = Vec::new();
    for number in 0..2000 {
        let rank = random.u32(0..8);
        queue.try_put(Ranked(rank, number)).unwrap();
        expected.push((rank, number));
        // Some are got in between, so that the heap is not just built and emptied.
        if random.u32(0..3) == 0 {
            expected.sort_unstable();
            let Ranked(rank, number) = queue.try_get().unwrap();
            assert_eq!((rank, number), expected.remove(0));
        }
    }
    expected.sort_unstable();
    for (rank, number) in expected {
        let got = queue.try_get().unwrap();
        assert_eq!((got.0, got.1), (rank, number));
    }
    assert!(queue.is_empty());
}

#[test]
fn q1_a_heap_of_any_size_comes_out_in_order() {
    let mut random = fastrand::Rng::with_seed(8);
    // So many that all shapes are among them which the last two levels of a heap can have.
    for size in 0..140 {
        for ranks in [1, 3, 1000] {
            let queue = PriorityQueue::unbounded();
            let mut expected: Vec<_> = (0..size)
                .map(|number| (random.u32(0..ranks), number))
                .collect();
            for (rank, number) in &expected {
                queue.try_put(Ranked(*rank, *number)).unwrap();
            }
            expected.sort_unstable();
            let got = std::iter::from_fn(|| queue.try_get().ok());
            let got: Vec<_> = got.map(|Ranked(rank, number)| (rank, number)).collect();
            assert_eq!(got, expected);
        }
    }
}
