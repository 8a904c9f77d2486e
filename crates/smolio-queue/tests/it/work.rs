//! `join`, `task_done` and jobs.

use smolio_context::UnhandledKind;
use smolio_executor::spawn;
use smolio_queue::{Queue, TaskDoneError};
use smolio_test::all_blocked;

use crate::support::{Counter, Hook, Kind, Wakes, explore, for_all_kinds};

for_all_kinds!(
    q4_join_waits_for_every_task_done,
    q4_join_of_an_empty_queue_returns_at_once_twice,
    q8_a_worker_that_fails_does_not_hang_join,
    join_is_ready_also_where_more_came_after,
    a_job_can_be_changed_and_taken,
    join_then_shutdown_ends_workers_that_put_back,
);

fn q4_join_waits_for_every_task_done<Q: Kind>() {
    explore(|| async {
        let queue = Q::unbounded();
        let sum = Counter::default();
        for _ in 0..2 {
            let (queue, sum) = (queue.clone(), sum.clone());
            spawn(async move {
                while let Some(item) = queue.next().await {
                    smolio_executor::yield_now().await;
                    (0..item).for_each(|_| sum.add());
                    queue.task_done().unwrap();
                }
            })
            .detach();
        }
        for item in 0..100 {
            queue.put(item).await.unwrap();
        }
        queue.join().await;
        assert_eq!(sum.get(), 4950);
        let error = queue.task_done().unwrap_err();
        assert!(error.to_string().starts_with("task_done was called more"));
        queue.shutdown();
    });
}

fn q4_join_of_an_empty_queue_returns_at_once_twice<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    wakes.poll_ready(&mut queue.join());
    wakes.poll_ready(&mut queue.join());
}

fn q8_a_worker_that_fails_does_not_hang_join<Q: Kind>() {
    explore(|| async {
        let queue = Q::unbounded();
        let worker = {
            let queue = queue.clone();
            spawn(async move {
                while let Ok(job) = queue.get_job().await {
                    smolio_executor::yield_now().await;
                    if *job == 2 {
                        return Err("this one cannot be done");
                    }
                }
                Ok(())
            })
        };
        for item in [1, 2] {
            queue.put(item).await.unwrap();
        }
        assert!(worker.await.is_err());
        // A lifo queue has the other one still.
        queue.shutdown_now();
        queue.join().await;

        // A worker that is cancelled.
        let queue = Q::unbounded();
        queue.put(3).await.unwrap();
        let hangs = {
            let queue = queue.clone();
            spawn(async move {
                let _job = queue.get_job().await;
                std::future::pending::<()>().await;
            })
        };
        all_blocked().await;
        hangs.cancel().await;
        queue.join().await;
    });
}

fn join_is_ready_also_where_more_came_after<Q: Kind>() {
    let (queue, wakes) = (Q::unbounded(), Wakes::new());
    queue.try_put(1).unwrap();
    let mut join = queue.join();
    let mut late = queue.join();
    wakes.poll_pending(&mut join);
    queue.try_get().unwrap();
    wakes.poll_pending(&mut join);
    queue.task_done().unwrap();
    assert_eq!(wakes.count(), 1);
    queue.try_put(2).unwrap();
    wakes.poll_pending(&mut late);
    wakes.poll_ready(&mut join);
    queue.task_done().unwrap();
    wakes.poll_ready(&mut late);
}

fn a_job_can_be_changed_and_taken<Q: Kind>() {
    let (queue, wakes) = (Q::unbounded(), Wakes::new());
    queue.try_put(1).unwrap();
    let mut job = wakes.poll_ready(&mut queue.get_job()).unwrap();
    *job += 1;
    assert_eq!((*job, format!("{job} {job:?}")), (2, "2 Job(2)".to_owned()));
    assert_eq!(job.into_inner(), 2);
    // Its duty is the caller's now.
    assert_eq!(queue.stats().unfinished, 1);
    queue.task_done().unwrap();

    queue.try_put(1).unwrap();
    drop(wakes.poll_ready(&mut queue.get_job()).unwrap());
    assert_eq!(queue.stats().unfinished, 0);
    queue.shutdown();
    assert!(wakes.poll_ready(&mut queue.get_job()).is_err());
}

fn join_then_shutdown_ends_workers_that_put_back<Q: Kind>() {
    explore(|| async {
        let queue = Q::unbounded();
        let done = Counter::default();
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let (queue, done) = (queue.clone(), done.clone());
                spawn(async move {
                    while let Ok(job) = queue.get_job().await {
                        done.add();
                        for _ in 0..*job {
                            queue.put(*job - 1).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        queue.put(3).await.unwrap();
        queue.join().await;
        queue.shutdown();
        for worker in workers {
            worker.await;
        }
        assert_eq!(done.get(), 16);
    });
}

#[test]
fn a_job_is_done_after_its_item_is_gone() {
    struct Looks(Queue<Looks>, Counter);
    impl Drop for Looks {
        fn drop(&mut self) {
            assert_eq!(self.0.stats().unfinished, 1);
            self.1.add();
        }
    }
    let (queue, drops) = (Queue::unbounded(), Counter::default());
    let item = Looks(queue.clone(), drops.clone());
    assert!(queue.try_put(item).is_ok());
    let job = Wakes::new().poll_ready(&mut queue.get_job()).unwrap();
    drop(job);
    assert_eq!(drops.get(), 1);
    assert_eq!(queue.stats().unfinished, 0);
}

#[test]
fn a_job_that_was_called_done_by_hand_too_is_reported() {
    let hook = Hook::install();
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let job = Wakes::new().poll_ready(&mut queue.get_job()).unwrap();
    queue.task_done().unwrap();
    drop(job);
    assert_eq!(hook.take_one().kind(), UnhandledKind::Error);
    let _: TaskDoneError = queue.task_done().unwrap_err();
}
