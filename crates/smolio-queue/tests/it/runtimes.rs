//! Under other people's executors, and from one run of ours to the next.

use smolio_executor::Runner;
use smolio_queue::{LifoQueue, PriorityQueue, Queue};

use crate::support::{Kind, for_all_kinds};

for_all_kinds!(
    x1_inside_tokio_on_one_thread,
    x1_inside_tokio_on_two_threads,
    x1_inside_smol,
    r3_a_queue_works_in_the_next_run,
);

/// Three producers, three workers, a batch, a join and an end.
async fn program<Q: Kind>(spawn: impl Fn(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>)) {
    let queue = Q::bounded(2);
    let sums = Queue::unbounded();
    for first in [0, 10, 20] {
        let producer = queue.producer();
        spawn(Box::pin(async move {
            for item in first..first + 10 {
                producer.put(item).await.unwrap();
            }
        }));
    }
    for _ in 0..3 {
        let (queue, sums) = (queue.clone(), sums.producer());
        spawn(Box::pin(async move {
            let mut sum = 0;
            while let Ok(job) = queue.get_job().await {
                sum += *job;
            }
            sums.put(sum).await.unwrap();
        }));
    }
    let mut sum = 0;
    while let Some(part) = sums.next().await {
        sum += part;
    }
    assert_eq!(sum, 435);
    queue.join().await;
    assert!(queue.put(1).await.is_err());
}

fn x1_inside_tokio_on_one_thread<Q: Kind>() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(program::<Q>(|future| drop(tokio::spawn(future))));
}

fn x1_inside_tokio_on_two_threads<Q: Kind>() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let programs: Vec<_> = (0..20)
            .map(|_| tokio::spawn(program::<Q>(|future| drop(tokio::spawn(future)))))
            .collect();
        for program in programs {
            program.await.unwrap();
        }
    });
}

fn x1_inside_smol<Q: Kind>() {
    smol::block_on(program::<Q>(|future| smol::spawn(future).detach()));
}

fn r3_a_queue_works_in_the_next_run<Q: Kind>() {
    let runner = Runner::new();
    let queue = runner.run(async {
        let queue = Q::bounded(1);
        queue.put(1).await.unwrap();
        queue
    });
    // A waiter of the first run is served in the second.
    let mut putter = None;
    runner.run(async {
        let queue = queue.clone();
        putter = Some(smolio_executor::spawn(async move { queue.put(2).await }));
        smolio_executor::yield_now().await;
    });
    assert_eq!(queue.stats().putters, 1);
    let got = runner.run(async {
        let first = queue.get().await.unwrap();
        putter.unwrap().await.unwrap();
        (first, queue.get().await.unwrap())
    });
    assert_eq!(got, (1, 2));
    drop(runner);

    let runner = Runner::new();
    runner.run(async {
        queue.put(3).await.unwrap();
        assert_eq!(queue.get().await, Ok(3));
    });
}

#[test]
fn queues_between_threads_without_any_executor() {
    let (there, back) = (PriorityQueue::bounded(4), LifoQueue::bounded(4));
    let echo = {
        let (there, back) = (there.clone(), back.clone());
        std::thread::spawn(move || {
            futures_lite::future::block_on(async {
                while let Some(item) = there.next().await {
                    back.put(item).await.unwrap();
                }
            });
        })
    };
    futures_lite::future::block_on(async {
        for item in 0..100 {
            there.put(item).await.unwrap();
            assert_eq!(back.get().await, Ok(item));
        }
        there.shutdown();
    });
    echo.join().unwrap();
}
