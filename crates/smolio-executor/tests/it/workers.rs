//! Several workers: tasks run on several threads, what is local stays where it is.

use std::{
    collections::HashSet,
    future::pending,
    sync::{Arc, Barrier, Mutex},
    thread,
};

use smolio_executor::{Runner, Task, run, spawn, spawn_local, to_thread, yield_now};

use crate::support::{Counter, Gate, NotSend, begin_elsewhere, block_elsewhere, until, yields};

fn workers(count: usize) -> Runner {
    Runner::builder().workers(count).build().unwrap()
}

/// Three tasks meet, each on a thread of its own: they run at the same time.
#[test]
fn tasks_run_on_several_threads() {
    workers(3).run(async {
        let (meeting, threads) = (
            Arc::new(Barrier::new(3)),
            Arc::new(Mutex::new(HashSet::new())),
        );
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (meeting, threads) = (meeting.clone(), threads.clone());
                spawn(async move {
                    meeting.wait();
                    threads.lock().unwrap().insert(thread::current().id());
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        assert_eq!(threads.lock().unwrap().len(), 3);
    });
}

#[test]
fn one_worker_is_one_thread() {
    let home = thread::current().id();
    run(async {
        for _ in 0..20 {
            let there = spawn(async {
                yield_now().await;
                thread::current().id()
            });
            assert_eq!(there.await, home);
        }
    });
}

#[test]
fn main_and_local_tasks_stay_on_their_thread() {
    workers(3).run(async {
        let home = thread::current().id();
        let drops = Counter::new();
        let locals: Vec<_> = (0..10)
            .map(|_| {
                let not_send = NotSend::new(&drops);
                spawn_local(async move {
                    for _ in 0..50 {
                        not_send.touch();
                        spawn(async { yield_now().await }).await;
                    }
                })
            })
            .collect();
        for local in locals {
            local.await;
            assert_eq!(thread::current().id(), home);
        }
        assert_eq!(drops.get(), 10);
    });
}

/// A task on a worker has that worker's own loop for what is local to it.
#[test]
fn spawn_local_on_a_worker() {
    for _ in 0..10 {
        let (drops, end) = (Counter::new(), Gate::new());
        let runner = workers(2);
        runner.run(async {
            let (count, at_the_end) = (drops.clone(), end.clone());
            begin_elsewhere("spawner", |entered| async move {
                let not_send = NotSend::new(&count);
                spawn_local(async move {
                    for _ in 0..20 {
                        not_send.touch();
                        yields(2).await;
                        to_thread(|| ()).await;
                        smolio_timer::sleep(std::time::Duration::from_micros(50)).await;
                    }
                    not_send.touch();
                    at_the_end.open();
                    pending::<()>().await;
                })
                .detach();
                entered.open();
            })
            .await;
            end.wait().await;
            assert_eq!(drops.get(), 0);
        });
        runner.close();
        assert_eq!(drops.get(), 1);
    }
}

/// What wakes on one thread runs on another: channels, joins, threads.
#[test]
fn many_tasks_to_and_fro() {
    let total: usize = workers(4).run(async {
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                spawn(async move {
                    let mut sum = 0;
                    for step in 0..10 {
                        sum += spawn(async move {
                            yield_now().await;
                            number * step
                        })
                        .await;
                    }
                    sum
                })
            })
            .collect();
        let mut total = 0;
        for task in tasks {
            total += task.await;
        }
        total
    });
    assert_eq!(total, (0..100).sum::<usize>() * 45);
}

/// The threads are gone when the runner is.
#[test]
fn workers_are_joined() {
    struct OnExit(Counter);
    impl Drop for OnExit {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    thread_local! {
        static EXIT: std::cell::RefCell<Option<OnExit>> = const { std::cell::RefCell::new(None) };
    }
    let exits = Counter::new();
    for round in 1..=10 {
        let runner = workers(2);
        runner.run(async {
            let count = exits.clone();
            begin_elsewhere("marks its thread", |entered| async move {
                EXIT.set(Some(OnExit(count)));
                entered.open();
            })
            .await;
        });
        runner.close();
        assert_eq!(exits.get(), round);
    }
}

#[test]
fn a_runner_with_workers_runs_many_times() {
    let runner = workers(2);
    let task = runner.run(async { spawn(yields(100)) });
    // Between the runs, the other workers go on.
    assert_eq!(runner.run(async { spawn(async { 42 }).await }), 42);
    runner.run(task);
    assert_eq!(runner.run(async { spawn_local(async { 42 }).await }), 42);
}

/// Worker threads say what they are, in debuggers and panics.
#[test]
fn workers_have_names() {
    workers(2).run(async {
        let (sender, name) = std::sync::mpsc::channel();
        begin_elsewhere("asks", |entered| async move {
            sender
                .send(thread::current().name().map(String::from))
                .unwrap();
            entered.open();
        })
        .await;
        assert_eq!(name.recv().unwrap().as_deref(), Some("smolio-worker-1"));
    });
}

/// A worker that is stuck in a poll holds up no other task, though the others always have work of their own.
#[test]
fn the_tasks_of_a_worker_that_is_stuck_are_run_by_others() {
    workers(2).run(async {
        let release = block_elsewhere("stuck").await;
        // Several of each kind, so that the queue and the slot have some.
        let _busy: Vec<_> = (0..4).map(|_| spawn(yields(usize::MAX))).collect();
        let others: Vec<_> = (0..4).map(|_| spawn(async {})).collect();
        until("all of them have run", || {
            others.iter().all(Task::is_finished)
        })
        .await;
        release.open();
    });
}
