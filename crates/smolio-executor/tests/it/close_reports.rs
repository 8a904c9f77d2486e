//! Closing with workers, in real time: what is stuck on another thread is reported and left to itself.

use std::{future::pending, thread, time::Duration};

use smolio_context::UnhandledKind;
use smolio_executor::{Runner, TaskBuilder, finally, spawn, spawn_local, to_thread, yield_now};

use crate::support::{Counter, Hook, Latch, NotSend, Polls, begin_elsewhere, until, yields};

const GRACE: Duration = Duration::from_millis(50);

fn workers(count: usize) -> Runner {
    Runner::builder()
        .workers(count)
        .grace(GRACE)
        .build()
        .unwrap()
}

#[test]
fn r1_a_poll_that_is_stuck_on_a_worker() {
    let hook = Hook::install();
    let (go_on, drops) = (Latch::new(), Counter::new());
    let runner = workers(2);
    runner.run(async {
        let (free, guard) = (go_on.clone(), drops.guard());
        begin_elsewhere("stuck", |entered| async move {
            let _guard = guard;
            entered.open();
            free.block();
        })
        .await;
    });
    runner.close();
    // Reported, with its name; its future is where it is.
    let told = hook.take_one();
    assert_eq!(told.kind(), UnhandledKind::GivenUp);
    assert_eq!(
        told.message(),
        "a poll on a worker that did not return within 50ms"
    );
    assert_eq!(told.task().unwrap().name(), "stuck");
    assert_eq!(drops.get(), 0);
    // A late end is harmless.
    go_on.open();
    while drops.get() == 0 {
        thread::yield_now();
    }
    hook.assert_silent();
}

/// The same for what a worker does on its own: a task that was spawned there with `spawn_local`.
#[test]
fn r1_a_local_task_that_is_stuck_on_a_worker() {
    let hook = Hook::install();
    let go_on = Latch::new();
    let runner = workers(2);
    runner.run(async {
        let free = go_on.clone();
        begin_elsewhere("spawner", |entered| async move {
            TaskBuilder::new()
                .name("stuck and local")
                .spawn_local(async move {
                    entered.open();
                    free.block();
                })
                .detach();
        })
        .await;
    });
    runner.close();
    let told = hook.take_one();
    assert_eq!(told.kind(), UnhandledKind::GivenUp);
    assert!(told.message().contains("worker"), "{told}");
    go_on.open();
}

#[test]
fn r1_with_workers() {
    let hook = Hook::install();
    let (drops, cleaned, never) = (Counter::new(), Counter::new(), Latch::new());
    let runner = workers(3);
    runner.run(async {
        for _ in 0..20 {
            let guard = drops.guard();
            spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            })
            .detach();
            let counter = cleaned.clone();
            let clean_up = async move {
                yields(3).await;
                // Clean-ups may spawn and use threads to the end.
                spawn(async {}).await;
                to_thread(|| ()).await;
                counter.add();
            };
            let (body, begun) = (drops.guard(), Counter::new());
            let inside = begun.clone();
            let task = spawn(finally(
                async move {
                    let _body = body;
                    inside.add();
                    pending::<()>().await;
                },
                clean_up,
            ));
            until("it waits", || begun.get() == 1).await;
            task.detach();
        }
        spawn(finally(pending::<()>(), pending())).detach();
        let blocked = never.clone();
        let begun = Latch::new();
        let inside = begun.clone();
        spawn(to_thread(move || {
            inside.open();
            blocked.block();
        }))
        .detach();
        while !begun.is_open() {
            yield_now().await;
        }
    });
    runner.close();
    assert_eq!((drops.get(), cleaned.get()), (40, 20));
    let mut told = hook.take_messages();
    told.sort_by(|a, b| a.1.cmp(&b.1));
    let kinds: Vec<_> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [UnhandledKind::GivenUp; 2], "{told:?}");
    // A worker says how much of the grace was left for it, so the number may differ.
    assert!(
        told[0].1.starts_with("a clean-up that did not end within"),
        "{told:?}"
    );
    assert_eq!(
        told[1].1,
        "a to_thread closure that did not return within 50ms"
    );
    never.open();
}

/// `spawn_local` tasks of a worker are dropped on that worker.
#[test]
fn local_tasks_of_workers_end_with_the_loop() {
    let hook = Hook::install();
    for _ in 0..20 {
        let (drops, cleaned) = (Counter::new(), Counter::new());
        let runner = workers(2);
        runner.run(async {
            let (count, counter) = (drops.clone(), cleaned.clone());
            begin_elsewhere("spawner", |entered| async move {
                let not_send = NotSend::new(&count);
                let body = async move {
                    not_send.touch();
                    entered.open();
                    pending::<()>().await;
                };
                spawn_local(finally(body, async move {
                    yields(3).await;
                    counter.add();
                }))
                .detach();
            })
            .await;
        });
        runner.close();
        assert_eq!((drops.get(), cleaned.get()), (1, 1));
    }
    hook.assert_silent();
}

/// What the local tasks of a worker have left on threads is waited for, too.
#[test]
fn closures_of_local_tasks_of_workers_are_waited_for() {
    let hook = Hook::install();
    for _ in 0..20 {
        let (drops, done) = (Counter::new(), Counter::new());
        let runner = Runner::builder().workers(2).build().unwrap();
        runner.run(async {
            let (guard, dropped, counter) = (drops.guard(), drops.clone(), done.clone());
            begin_elsewhere("spawner", |entered| async move {
                spawn_local(async move {
                    let _guard = guard;
                    to_thread(move || {
                        entered.open();
                        // Until the worker has cancelled its local tasks.
                        while dropped.get() == 0 {
                            thread::yield_now();
                        }
                        counter.add();
                    })
                    .await;
                })
                .detach();
            })
            .await;
        });
        runner.close();
        assert_eq!(done.get(), 1);
    }
    hook.assert_silent();
}

/// A poll that goes on while the loop closes can spawn no more: neither for all workers nor for its own.
#[test]
fn tasks_are_refused_on_workers_while_the_loop_closes() {
    let hook = Hook::install();
    let (go_on, polls, drops) = (Latch::new(), Counter::new(), Counter::new());
    let runner = Runner::builder().workers(2).build().unwrap();
    let handle = runner.handle();
    let ended = Latch::new();
    runner.run(async {
        let (free, count, dropped, end) =
            (go_on.clone(), polls.clone(), drops.clone(), ended.clone());
        begin_elsewhere("spawner", |entered| async move {
            entered.open();
            free.block();
            let guard = dropped.guard();
            let task = spawn(Polls::new(&count, async move { drop(guard) }));
            assert!(task.is_finished());
            let guard = dropped.guard();
            let task = spawn_local(Polls::new(&count, async move { drop(guard) }));
            assert!(task.is_finished());
            end.open();
        })
        .await;
        // Closed by the time the poll goes on: another thread sees to it, as this one is closing.
        let free = go_on.clone();
        thread::spawn(move || {
            while !handle.is_closed() {
                thread::yield_now();
            }
            free.open();
        });
    });
    runner.close();
    assert!(ended.is_open());
    assert_eq!((polls.get(), drops.get()), (0, 2));
    hook.assert_silent();
}
