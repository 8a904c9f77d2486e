//! `shield`: the inner operation goes on when the outer is dropped, and its end is not lost.

use std::{future::pending, time::Duration};

use futures_lite::future::poll_once;
use smolio_context::UnhandledKind;
use smolio_executor::{Runner, run, shield, shield_value, spawn};
use smolio_timer::timeout;

use crate::support::{
    Counter, Gate, Hook, Polls, dropped_after, panic_of, under_100_seeds, until, yields,
};

#[test]
fn s1_awaited_to_the_end() {
    let hook = Hook::install();
    under_100_seeds(|| {
        run(async {
            let fine: Result<u32, String> = shield(async {
                yields(2).await;
                Ok(1)
            })
            .await;
            assert_eq!(fine, Ok(1));
            let failed: Result<u32, String> = shield(async { Err("seen".into()) }).await;
            assert_eq!(failed, Err("seen".into()));
            shield(async {}).await;
            assert_eq!(shield_value(async { 42 }).await, 42);
        });
        let text = panic_of(|| run(shield_value(async { panic!("seen") })));
        assert_eq!(text, "seen");
    });
    hook.assert_silent();
}

/// Dropped at every poll: from the first on, the inner operation runs to its end.
#[test]
fn s1_outer_dropped_inner_fine() {
    let hook = Hook::install();
    under_100_seeds(|| {
        for polls in 0..=5 {
            let (done, drops) = (Counter::new(), Counter::new());
            run(async {
                let (counter, guard) = (done.clone(), drops.guard());
                let inner = async move {
                    let _guard = guard;
                    yields(4).await;
                    counter.add();
                };
                let value = dropped_after(polls, shield(inner)).await;
                assert_eq!(value.is_some(), polls == 5);
                if polls == 0 {
                    // It never began, so there is nothing to shield.
                    assert_eq!((done.get(), drops.get()), (0, 1));
                } else {
                    until("it ends", || done.get() == 1).await;
                }
            });
            assert_eq!((done.get(), drops.get()), (usize::from(polls > 0), 1));
        }
    });
    hook.assert_silent();
}

#[test]
fn s1_outer_dropped_inner_fails_late() {
    let hook = Hook::install();
    under_100_seeds(|| {
        for polls in 1..=3 {
            run(async {
                let inner = async {
                    yields(3).await;
                    Err::<(), _>(std::fmt::Error)
                };
                assert!(dropped_after(polls, shield(inner)).await.is_none());
                until("it ends", || smolio_executor::all_tasks().len() == 1).await;
                let told = hook.take_one();
                assert_eq!(told.kind(), UnhandledKind::Error);
                assert_eq!(told.message(), std::fmt::Error.to_string());
                assert_eq!(told.task().unwrap().name(), "shielded");
            });
            hook.assert_silent();
        }
    });
}

#[test]
fn s1_outer_dropped_inner_panics_late() {
    let hook = Hook::install();
    for workers in [1, 2] {
        Runner::builder().workers(workers).run(async {
            let gate = Gate::new();
            let inside = gate.wait();
            let mut shielded = Box::pin(shield_value(async move {
                inside.await;
                panic!("late");
            }));
            assert!(poll_once(&mut shielded).await.is_none());
            drop(shielded);
            gate.open();
            until("it ends", || smolio_executor::all_tasks().len() == 1).await;
        });
        let told = hook.take_one();
        assert_eq!(
            (told.kind(), told.message()),
            (UnhandledKind::Panic, "late")
        );
    }
}

/// It cannot outlive the loop; that is told, once.
#[test]
fn s1_the_loop_closes_first() {
    let hook = Hook::install();
    under_100_seeds(|| {
        for in_a_task in [false, true] {
            let drops = Counter::new();
            run(async {
                let guard = drops.guard();
                let shielded = shield(async move {
                    let _guard = guard;
                    pending::<()>().await;
                });
                if in_a_task {
                    let polls = Counter::new();
                    spawn(Polls::new(&polls, shielded)).detach();
                    until("it was polled", || polls.get() == 1).await;
                } else {
                    dropped_after(1, shielded).await;
                }
            });
            assert_eq!(drops.get(), 1);
            let told = hook.take_one();
            assert_eq!(told.kind(), UnhandledKind::GivenUp);
            assert_eq!(
                told.message(),
                "a shielded operation, because its loop closed"
            );
        }
    });
}

#[test]
fn s1_dropped_where_no_loop_runs() {
    let hook = Hook::install();
    let mut shielded = Box::pin(shield(pending::<()>()));
    run(async { assert!(poll_once(&mut shielded).await.is_none()) });
    hook.assert_silent();
    drop(shielded);
    assert_eq!(hook.take_one().kind(), UnhandledKind::GivenUp);
    // Never polled: nothing to tell.
    drop(shield(pending::<()>()));
    hook.assert_silent();
}

#[test]
fn s1_under_a_timeout() {
    let hook = Hook::install();
    smolio_test::run(async {
        let done = Counter::new();
        let counter = done.clone();
        let second = Duration::from_secs(1);
        let inner = async move {
            smolio_timer::sleep(3 * second).await;
            counter.add();
        };
        assert!(timeout(second, shield(inner)).await.is_err());
        assert_eq!(done.get(), 0);
        smolio_timer::sleep(3 * second).await;
        assert_eq!(done.get(), 1);
    });
    hook.assert_silent();
}

/// On a worker, what is left goes on there.
#[test]
fn s1_on_workers() {
    let hook = Hook::install();
    for _ in 0..20 {
        let done = Counter::new();
        Runner::builder().workers(2).run(async {
            for _ in 0..10 {
                let (begun, gate) = (Counter::new(), Gate::new());
                let (inside, counter, wait) = (begun.clone(), done.clone(), gate.wait());
                let task = spawn(shield(async move {
                    inside.add();
                    wait.await;
                    counter.add();
                }));
                until("it has begun", || begun.get() == 1).await;
                task.cancel().await;
                gate.open();
            }
            until("all have ended", || done.get() == 10).await;
        });
        assert_eq!(done.get(), 10);
    }
    hook.assert_silent();
}

#[test]
fn a_shield_can_be_shown() {
    let shielded = shield(async {});
    assert_eq!(format!("{shielded:?}"), "Shield { finished: false }");
}
