//! How queues end: shut down, at once or soon, by hand or by the last producer.

use smolio_executor::spawn;
use smolio_queue::{Queue, TryGetError, TryPutError};
use smolio_test::all_blocked;

use crate::support::{Counter, Kind, Wakes, explore, for_all_kinds};

for_all_kinds!(
    q5_a_blocked_get_is_told,
    q5_a_blocked_put_has_its_item_back,
    q5_shutdown_now_leaves_what_was_got,
    q6_the_last_producer_ends_the_queue,
    refused_after_the_end,
    shut_down_twice,
    a_wait_that_begins_after_the_end,
);

fn q5_a_blocked_get_is_told<Q: Kind>() {
    explore(|| async {
        let queue = Q::bounded(1);
        let getters: Vec<_> = (0..3)
            .map(|_| {
                let queue = queue.clone();
                spawn(async move { queue.get().await })
            })
            .collect();
        all_blocked().await;
        queue.shutdown();
        for getter in getters {
            let error = getter.await.unwrap_err();
            let text = "cannot get an item: the queue is empty and shut down";
            assert_eq!(error.to_string(), text);
        }
    });
}

fn q5_a_blocked_put_has_its_item_back<Q: Kind>() {
    explore(|| async {
        let queue = Q::bounded(2);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        let putters: Vec<_> = (3..6)
            .map(|item| {
                let queue = queue.clone();
                spawn(async move { queue.put(item).await })
            })
            .collect();
        all_blocked().await;
        queue.shutdown();
        // Room does not help them any more.
        assert_eq!(queue.get().await.unwrap(), Q::in_order([1, 2])[0]);
        for (item, putter) in (3..6).zip(putters) {
            assert_eq!(putter.await.unwrap_err().into_inner(), item);
        }
        assert_eq!(queue.get().await.unwrap(), Q::in_order([1, 2])[1]);
        assert!(queue.get().await.is_err());
    });
}

fn q5_shutdown_now_leaves_what_was_got<Q: Kind>() {
    explore(|| async {
        let queue = Q::bounded(2);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        queue.get().await.unwrap();
        queue.shutdown_now();
        assert!(queue.is_empty());
        assert!(queue.get().await.is_err());
        let joiner = {
            let queue = queue.clone();
            spawn(async move { queue.join().await })
        };
        all_blocked().await;
        assert!(!joiner.is_finished());
        assert_eq!(queue.stats().unfinished, 1);
        queue.task_done().unwrap();
        joiner.await;
    });
}

fn q6_the_last_producer_ends_the_queue<Q: Kind>() {
    explore(|| async {
        let queue = Q::bounded(10);
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let queue = queue.clone();
                spawn(async move {
                    let mut got = Vec::new();
                    while let Some(item) = queue.next().await {
                        got.push(item);
                    }
                    got
                })
            })
            .collect();
        all_blocked().await;
        let first = queue.producer();
        let second = first.clone();
        drop(first);
        assert!(!queue.stats().shut_down);
        for item in 0..7 {
            second.put(item).await.unwrap();
        }
        assert_eq!(queue.stats().producers, 1);
        drop(second);
        let mut got = Vec::new();
        for consumer in consumers {
            got.extend(consumer.await);
        }
        got.sort_unstable();
        assert_eq!(got, Vec::from_iter(0..7));
        assert_eq!(queue.put(8).await.unwrap_err().into_inner(), 8);
    });
}

fn refused_after_the_end<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(3), Wakes::new());
    queue.try_put(1).unwrap();
    queue.shutdown();
    assert_eq!(queue.try_put(2), Err(TryPutError::ShutDown(2)));
    let producer = queue.producer();
    assert_eq!(producer.try_put(2), Err(TryPutError::ShutDown(2)));
    let refused = wakes.poll_ready(&mut producer.put(2)).unwrap_err();
    assert_eq!(
        refused.without_item().to_string(),
        "cannot put an item: the queue is shut down"
    );
    let refused = wakes
        .poll_ready(&mut queue.put_all(vec![2, 3]))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot put 2 of 2 items: the queue is shut down"
    );
    assert_eq!(
        refused.clone().without_items().to_string(),
        refused.to_string()
    );
    assert_eq!(refused.into_inner(), [2, 3]);
    wakes.poll_ready(&mut queue.put_all(vec![])).unwrap();
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!(queue.try_get(), Err(TryGetError::ShutDown));
    assert_eq!(wakes.poll_ready(&mut queue.next()), None);
    assert!(wakes.poll_ready(&mut queue.get_many(3)).is_err());
    assert!(queue.stats().shut_down);
}

fn shut_down_twice<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(3), Wakes::new());
    queue.try_put(1).unwrap();
    queue.shutdown();
    queue.shutdown();
    let mut join = queue.join();
    wakes.poll_pending(&mut join);
    queue.shutdown_now();
    assert_eq!(wakes.count(), 1);
    wakes.poll_ready(&mut join);
    queue.shutdown_now();
    assert_eq!(queue.try_get(), Err(TryGetError::ShutDown));
}

fn a_wait_that_begins_after_the_end<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    let mut get = queue.get();
    queue.shutdown();
    assert!(wakes.poll_ready(&mut get).is_err());
    assert_eq!(wakes.count(), 0);
}

#[test]
fn shutdown_now_counts_no_item_twice() {
    // As in Python: `task_done` may be called for an item that is still queued.
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.task_done().unwrap();
    queue.shutdown_now();
    assert_eq!(queue.stats().unfinished, 0);
    assert!(queue.task_done().is_err());
}

/// Items are dropped where the lock is free: they may use the queue.
#[test]
fn what_is_discarded_may_use_the_queue() {
    struct Uses(Queue<Uses>, Counter);
    impl Drop for Uses {
        fn drop(&mut self) {
            assert!(self.0.is_empty());
            self.1.add();
        }
    }
    let (queue, drops) = (Queue::unbounded(), Counter::default());
    for _ in 0..3 {
        let item = Uses(queue.clone(), drops.clone());
        assert!(queue.try_put(item).is_ok());
    }
    queue.shutdown_now();
    assert_eq!(drops.get(), 3);
}

#[test]
fn the_last_handle_drops_the_items() {
    let drops = Counter::default();
    struct Item(Counter);
    impl Drop for Item {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let queue = Queue::unbounded();
    let other = queue.clone();
    assert!(queue.try_put(Item(drops.clone())).is_ok());
    drop(queue);
    assert_eq!(drops.get(), 0);
    drop(other);
    assert_eq!(drops.get(), 1);
}
