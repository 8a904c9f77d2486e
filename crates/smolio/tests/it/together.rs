//! A program that uses most of it at once, as its users write it: also without any optional feature.

use smolio::{Lock, Queue, Runner, TaskGroup, sleep, spawn, timeout};
use std::{convert::Infallible, sync::Arc, time::Duration};

/// Three workers of a group take numbers from a queue and square them, on tasks of their own.
async fn squares(numbers: u64) -> Vec<u64> {
    let jobs = Queue::bounded(2);
    let results = Queue::unbounded();
    let group = TaskGroup::<Infallible>::new();
    group
        .run(async {
            for _ in 0..3 {
                group.spawn(async {
                    while let Some(number) = jobs.next().await {
                        sleep(Duration::from_millis(1)).await;
                        let square = spawn(async move { number * number }).await;
                        results.try_put(square).expect("it is unbounded");
                    }
                });
            }
            let producer = jobs.producer();
            producer
                .put_all(1..=numbers)
                .await
                .expect("nobody shuts it down");
            Ok(())
        })
        .await
        .expect("nothing fails");
    results.shutdown();
    let mut squares = Vec::new();
    while let Some(square) = results.next().await {
        squares.push(square);
    }
    squares.sort_unstable();
    squares
}

#[test]
fn a_group_a_queue_and_tasks_on_one_loop_and_on_workers() {
    for workers in [1, 2] {
        let runner = Runner::builder()
            .workers(workers)
            .build()
            .expect("it starts");
        let squares = runner.run(timeout(Duration::from_secs(20), squares(20)));
        let expected: Vec<u64> = (1..=20).map(|number| number * number).collect();
        assert_eq!(squares.expect("it ends in time"), expected);
    }
}

/// Nothing is bound to a loop.
#[test]
fn r3_a_queue_and_a_lock_made_in_one_run_work_in_the_next() {
    let runner = Runner::new();
    let (queue, lock) = runner.run(async {
        let queue = Queue::bounded(1);
        queue.put(1).await.expect("nobody shuts it down");
        (queue, Arc::new(Lock::new(0)))
    });
    // Held and full in between, with somebody who waits for each.
    let guard = runner.run(lock.lock_owned());
    let (queue_there, lock_there) = (queue.clone(), lock.clone());
    let worker = runner.handle().spawn(async move {
        queue_there.put(2).await.expect("nobody shuts it down");
        *lock_there.lock().await += 1;
    });
    runner.run(sleep(Duration::from_millis(1)));
    assert_eq!(runner.run(queue.get()), Ok(1));
    drop(guard);
    runner.run(worker.expect("the loop is open"));
    runner.close();
    let (item, count) = smolio::run(async { (queue.get().await, *lock.lock().await) });
    assert_eq!((item, count), (Ok(2), 1));
}
