//! Futures that are dropped half-way: nothing is put in by halves, no item and no wake-up is lost.

use smolio_queue::Queue;

use crate::support::{Counter, Kind, Wakes, for_all_kinds};

for_all_kinds!(
    a_cancelled_put_has_not_happened,
    a_cancelled_get_has_taken_nothing,
    a_woken_get_that_is_dropped_passes_the_wake_on,
    a_woken_put_that_is_dropped_passes_the_wake_on,
    a_woken_batch_that_is_dropped_passes_the_wake_on,
    a_wake_is_not_passed_on_for_what_is_gone,
    a_dropped_joiner_leaves_nothing,
    every_future_dropped_after_every_poll,
    a_stream_that_is_not_polled_any_more_keeps_nothing_back,
    a_dropped_stream_leaves_nothing,
);

fn a_cancelled_put_has_not_happened<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    queue.try_put(1).unwrap();
    let mut put = queue.put(2);
    wakes.poll_pending(&mut put);
    // Woken, but not polled: still not.
    queue.try_get().unwrap();
    assert_eq!(wakes.count(), 1);
    drop(put);
    assert!(queue.is_empty());
    assert_eq!(queue.stats().accepted, 1);

    queue.try_put(1).unwrap();
    let mut put = queue.put(3);
    wakes.poll_pending(&mut put);
    assert_eq!(put.into_item(), Some(3));
    assert_eq!(queue.stats().putters, 0);
    assert_eq!(wakes.clones(), 0);
}

fn a_cancelled_get_has_taken_nothing<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    let mut get = queue.get();
    wakes.poll_pending(&mut get);
    queue.try_put(1).unwrap();
    assert_eq!(wakes.count(), 1);
    drop(get);
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!(wakes.clones(), 0);
}

fn a_woken_get_that_is_dropped_passes_the_wake_on<Q: Kind>() {
    let (queue, first, second) = (Q::bounded(1), Wakes::new(), Wakes::new());
    let (mut one, mut two) = (queue.get(), queue.next());
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    queue.try_put(1).unwrap();
    assert_eq!((first.count(), second.count()), (1, 0));
    drop(one);
    assert_eq!((first.count(), second.count()), (1, 1));
    assert_eq!(second.poll_ready(&mut two), Some(1));
}

fn a_woken_put_that_is_dropped_passes_the_wake_on<Q: Kind>() {
    let (queue, first, second) = (Q::bounded(1), Wakes::new(), Wakes::new());
    queue.try_put(1).unwrap();
    let (mut one, mut two) = (queue.put(2), queue.put(3));
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    queue.try_get().unwrap();
    assert_eq!((first.count(), second.count()), (1, 0));
    drop(one);
    assert_eq!((first.count(), second.count()), (1, 1));
    second.poll_ready(&mut two).unwrap();
    assert_eq!(queue.try_get(), Ok(3));
}

fn a_woken_batch_that_is_dropped_passes_the_wake_on<Q: Kind>() {
    let (queue, first, second) = (Q::bounded(4), Wakes::new(), Wakes::new());
    let (mut one, mut two) = (queue.get_many(4), queue.get_many(4));
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    first.poll_ready(&mut queue.put_all(vec![1, 2])).unwrap();
    assert_eq!((first.count(), second.count()), (1, 0));
    drop(one);
    assert_eq!((first.count(), second.count()), (1, 1));
    assert_eq!(second.poll_ready(&mut two).unwrap().len(), 2);
}

fn a_wake_is_not_passed_on_for_what_is_gone<Q: Kind>() {
    let (queue, first, second) = (Q::bounded(1), Wakes::new(), Wakes::new());
    let (mut one, mut two) = (queue.get(), queue.get());
    first.poll_pending(&mut one);
    second.poll_pending(&mut two);
    queue.try_put(1).unwrap();
    queue.try_get().unwrap();
    drop(one);
    assert_eq!((first.count(), second.count()), (1, 0));
}

fn a_dropped_joiner_leaves_nothing<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    queue.try_put(1).unwrap();
    let mut join = queue.join();
    wakes.poll_pending(&mut join);
    assert_eq!(queue.stats().joiners, 1);
    drop(join);
    assert_eq!(queue.stats().joiners, 0);
    queue.task_done().unwrap();
    assert_eq!((wakes.count(), wakes.clones()), (0, 0));
}

/// Each kind of future is dropped after its k-th poll, for all k that leave it pending; the queue is then as if it had never
/// been there, but for what a batch has put in.
fn every_future_dropped_after_every_poll<Q: Kind>() {
    let mut kinds = Vec::new();
    for polls in 0..4 {
        let (queue, wakes) = (Q::bounded(2), Wakes::new());
        for which in 0.. {
            // For those that wait for room or for the work, it is full.
            let full = which >= 4;
            if full && !queue.is_full() {
                queue.try_put(1).unwrap();
                queue.try_put(2).unwrap();
            }
            let before = queue.stats();
            let name = match which {
                0 => poll_and_drop(polls, queue.get(), &wakes),
                1 => poll_and_drop(polls, queue.next(), &wakes),
                2 => poll_and_drop(polls, queue.get_many(3), &wakes),
                3 => poll_and_drop(polls, queue.get_job(), &wakes),
                4 => poll_and_drop(polls, queue.put(7), &wakes),
                5 => poll_and_drop(polls, queue.put_all(vec![7, 8]), &wakes),
                6 => poll_and_drop(polls, queue.join(), &wakes),
                _ => break,
            };
            assert_eq!(queue.stats(), before, "{name} after {polls} polls");
            assert_eq!(wakes.clones(), 0, "{name} after {polls} polls");
            kinds.push(name);
        }
        assert_eq!(wakes.count(), 0);
    }
    assert_eq!(kinds.len(), 4 * 7);
}

fn poll_and_drop<F: Future + Unpin>(polls: usize, mut future: F, wakes: &Wakes) -> &'static str
where
    F::Output: std::fmt::Debug,
{
    for _ in 0..polls {
        wakes.poll_pending(&mut future);
    }
    std::any::type_name::<F>()
}

fn a_stream_that_is_not_polled_any_more_keeps_nothing_back<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    let (mut stream, idle) = (queue.clone(), Wakes::new());
    let mut next = futures_lite::StreamExt::next(&mut stream);
    idle.poll_pending(&mut next);
    drop(next); // the stream lives on, and waits: nobody knows whether it is polled again
    let mut get = queue.get();
    wakes.poll_pending(&mut get);
    queue.try_put(1).unwrap();
    assert_eq!((idle.count(), wakes.count()), (1, 1));
    assert_eq!(wakes.poll_ready(&mut get), Ok(1));
}

fn a_dropped_stream_leaves_nothing<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    let mut stream = queue.clone();
    wakes.poll_pending(&mut futures_lite::StreamExt::next(&mut stream));
    assert_eq!(queue.stats().getters, 1);
    // A clone is another stream.
    let other = stream.clone();
    drop(stream);
    assert_eq!((queue.stats().getters, wakes.clones()), (0, 0));
    drop(other);
}

#[test]
fn a_dropped_put_drops_its_item_once() {
    struct Item(Counter);
    impl Drop for Item {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let (queue, drops) = (Queue::bounded(1), Counter::default());
    drop(queue.put(Item(drops.clone())));
    assert_eq!(drops.get(), 1);
    assert!(queue.try_put(Item(drops.clone())).is_ok());
    let mut put = queue.put(Item(drops.clone()));
    let wakes = Wakes::new();
    assert!(wakes.poll(&mut put).is_pending());
    drop(put);
    assert_eq!(drops.get(), 2);
    queue.shutdown();
    let refused = match wakes.poll(&mut queue.put(Item(drops.clone()))) {
        std::task::Poll::Ready(result) => result.unwrap_err(),
        std::task::Poll::Pending => panic!("pending"),
    };
    assert_eq!(drops.get(), 2);
    drop(refused);
    assert_eq!(drops.get(), 3);
}
