//! Under other people's executors, and from one run of ours to the next.

use std::{pin::Pin, sync::Arc, thread};

use smolio_executor::{Runner, spawn, yield_now};
use smolio_sync::{
    Barrier, Broadcast, CapacityLimiter, Condition, Event, Lock, RwLock, Semaphore, Watch, oneshot,
};

type Spawned = Pin<Box<dyn Future<Output = ()> + Send>>;

/// All of them in one program: three tasks that begin together, take turns, and meet at the end.
async fn program(spawn: impl Fn(Spawned)) {
    let (start, meet) = (Event::new(), Barrier::new(4));
    let (total, highest) = (Arc::new(Lock::new(0)), Arc::new(RwLock::new(0)));
    let (permits, limiter) = (Semaphore::new(2), CapacityLimiter::new(2));
    let (watch, broadcast) = (Watch::new(0), Broadcast::new(100));
    let mut changes = watch.subscribe();
    let mut items = broadcast.subscribe();
    let added = Condition::new();
    let (sender, receiver) = oneshot::channel();
    for number in 1..=3 {
        let (start, meet, added) = (start.clone(), meet.clone(), added.clone());
        let (total, highest) = (total.clone(), highest.clone());
        let (permits, limiter) = (permits.clone(), limiter.clone());
        let (watch, broadcast) = (watch.clone(), broadcast.clone());
        spawn(Box::pin(async move {
            start.wait().await;
            for _ in 0..10 {
                let permit = permits.acquire().await;
                let token = limiter.acquire_on_behalf_of(number).await.unwrap();
                *total.lock().await += number;
                added.notify(1);
                drop((permit, token));
                let mut highest = highest.write().await;
                *highest = number.max(*highest);
                watch.set(*highest);
                broadcast.send(number).unwrap();
            }
            meet.wait().await.unwrap();
        }));
    }
    {
        let total = total.clone();
        spawn(Box::pin(async move {
            let total = added
                .wait_for(total.lock().await, |total| *total == 60)
                .await;
            sender.send(*total).unwrap();
        }));
    }
    start.set();
    meet.wait().await.unwrap();
    assert_eq!(receiver.await, Ok(60));
    assert_eq!(*highest.read().await, 3);
    drop((watch, broadcast));
    assert!(changes.wait_for(|highest| *highest == 3).await.is_ok());
    let mut received = 0;
    while let Ok(item) = items.recv().await {
        received += *item;
    }
    assert_eq!(received, 60);
}

#[test]
fn x1_locks_and_all_else_inside_tokio_on_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(program(|future| drop(tokio::spawn(future))));
}

#[test]
fn x1_locks_and_all_else_inside_tokio_on_two_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let programs: Vec<_> = (0..20)
            .map(|_| tokio::spawn(program(|future| drop(tokio::spawn(future)))))
            .collect();
        for program in programs {
            program.await.unwrap();
        }
    });
}

#[test]
fn x1_locks_and_all_else_inside_smol() {
    smol::block_on(program(|future| smol::spawn(future).detach()));
}

#[test]
fn locks_and_all_else_on_one_loop_and_on_workers() {
    for workers in [1, 3] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        runner.run(program(|future| spawn(future).detach()));
    }
}

/// Made in one run, waited for in the next, and working in that of another loop.
#[test]
fn r3_a_lock_works_in_the_next_run() {
    let runner = Runner::new();
    let lock = Arc::new(Lock::new(1));
    let guard = runner.run(lock.lock_owned());
    let mut waiter = None;
    runner.run(async {
        let lock = lock.clone();
        waiter = Some(spawn(async move {
            *lock.lock().await += 1;
        }));
        yield_now().await;
    });
    assert_eq!(lock.stats().waiters, 1);
    drop(guard);
    runner.run(waiter.unwrap());
    runner.close();
    assert_eq!(Runner::new().run(async { *lock.lock().await }), 2);
}

#[test]
fn between_threads_without_any_executor() {
    let (lock, permits) = (Arc::new(Lock::new(0)), Semaphore::new(1));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (lock, permits) = (lock.clone(), permits.clone());
            thread::spawn(move || {
                futures_lite::future::block_on(async {
                    for _ in 0..300 {
                        let _permit = permits.acquire().await;
                        *lock.lock().await += 1;
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*lock.try_lock().unwrap(), 900);
    assert_eq!(permits.available(), 1);
}
