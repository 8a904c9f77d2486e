//! A child, or the body, gives an error: the others go, and the error says who it was.

use std::future::pending;

use smolio_context::Instant;
use smolio_executor::yield_now;
use smolio_task_group::{Failure, TaskGroup, TaskGroupError};
use smolio_timer::sleep;

use crate::support::{Counter, Hook, Log, explore, ms, yields};

#[test]
fn t3_a_failure_ends_sleepers_and_body() {
    explore(|| async {
        let start = Instant::now();
        let dropped = Counter::new();
        let group = TaskGroup::<String>::new();
        let result = group
            .run(async {
                let a = group.spawn(async {
                    sleep(ms(100)).await;
                    Err::<u8, _>("a".to_string())
                });
                let guard = dropped.guard();
                group.spawn(async {
                    let _guard = guard;
                    sleep(ms(1000)).await;
                });
                let _guard = dropped.guard();
                let value = a.await;
                unreachable!("the body goes on with {value}");
                #[expect(unreachable_code)]
                Ok(value)
            })
            .await;
        let error = result.unwrap_err();
        assert_eq!(start.elapsed(), ms(100));
        assert_eq!(dropped.get(), 2);
        assert_eq!(texts(&error), ["a"]);
        assert!(!error.is_cancelled() && !error.is_already_run());
    });
}

fn texts<E: ToString>(error: &TaskGroupError<E>) -> Vec<String> {
    let failures = error.failures().iter();
    failures.map(|failure| failure.error.to_string()).collect()
}

#[test]
fn t4_several_fail_in_the_same_moment() {
    explore(|| async {
        let start = Instant::now();
        let dropped = Counter::new();
        let group = TaskGroup::<u32>::new();
        let result = group
            .run(async {
                let guard = dropped.guard();
                for number in 0..3 {
                    group.spawn(async move {
                        sleep(ms(100)).await;
                        Err::<(), _>(number)
                    });
                }
                group.spawn(async {
                    let _guard = guard;
                    sleep(ms(5000)).await;
                });
                let _guard = dropped.guard();
                sleep(ms(10_000)).await;
                Ok(())
            })
            .await;
        let failures = result.unwrap_err().into_failures();
        assert_eq!(start.elapsed(), ms(100));
        assert_eq!(dropped.get(), 2);
        assert!((1..=3).contains(&failures.len()), "{failures:?}");
        assert!(failures.iter().all(|failure| failure.error < 3));
    });
}

#[test]
fn t7_the_body_fails_at_once() {
    explore(|| async { the_body_fails(0).await });
}

#[test]
fn t7_the_body_fails_after_an_await() {
    explore(|| async { the_body_fails(100).await });
}

async fn the_body_fails(after: u64) {
    let start = Instant::now();
    let (dropped, polls) = (Counter::new(), Counter::new());
    let group = TaskGroup::<&str>::new();
    let line = line!() + 2;
    let result = group
        .run(async {
            for _ in 0..2 {
                let guard = dropped.guard();
                let polls = &polls;
                group.spawn(async move {
                    let _guard = guard;
                    polls.add();
                    sleep(ms(1000)).await;
                });
            }
            if after > 0 {
                sleep(ms(after)).await;
            }
            Err::<(), _>("body")
        })
        .await;
    let error = result.unwrap_err();
    assert_eq!(start.elapsed(), ms(after));
    assert_eq!(dropped.get(), 2);
    assert_eq!(polls.get(), if after > 0 { 2 } else { 0 });
    let [failure] = error.failures() else {
        panic!("{error:?}")
    };
    assert_eq!((failure.error, failure.name.as_str()), ("body", "body"));
    assert_eq!(failure.location.line(), line);
}

#[test]
fn t9_a_group_in_a_group_shows_as_a_tree() {
    explore(|| async {
        let dropped = Counter::new();
        let outer = TaskGroup::<TaskGroupError<String>>::new();
        let result = outer
            .run(async {
                let guard = dropped.guard();
                outer.spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                });
                outer.spawn_named("inner", async {
                    let inner = TaskGroup::<String>::new();
                    inner
                        .run(async {
                            inner.spawn_named("leaf", async {
                                sleep(ms(10)).await;
                                Err::<(), _>("connection refused\nby peer".to_string())
                            });
                            pending().await
                        })
                        .await
                        .map(|(): ()| ())
                });
                pending::<Result<(), _>>().await
            })
            .await;
        let error = result.unwrap_err();
        assert_eq!(dropped.get(), 1);
        let inner = &error.failures()[0];
        let leaf = &inner.error.failures()[0];
        let expected = format!(
            "a task group failed\n\
             └ inner (spawned at {}): a task group failed\n\
             \u{20} └ leaf (spawned at {}): connection refused\n\
             \u{20}   by peer",
            inner.location, leaf.location
        );
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn the_tree_keeps_its_branches_apart() {
    smolio_test::run(async {
        let group = TaskGroup::<&str>::new();
        // Both fail while the group is ending, or before: all are in the tree.
        group.spawn_named("a", async {
            let _late = Late;
            Err::<(), _>("one\nmore line")
        });
        let error = group
            .run(async { Err::<(), _>("two\nmore line") })
            .await
            .unwrap_err();
        let text = error.to_string();
        // The body is polled first, and its failure drops the child unpolled.
        assert_eq!(text.lines().count(), 3, "{text}");
        struct Late;
    });
    smolio_test::run(async {
        let group = TaskGroup::<&str>::new();
        let scope = smolio_task_group::CancelScope::new().shielded();
        let error = group
            .run(async {
                group.spawn_named("a", async { Err::<(), _>("one\nmore") });
                // Shielded, so it outlives the failure of the child.
                scope.run(yields(5)).await;
                Err::<(), _>("two\nmore")
            })
            .await
            .unwrap_err();
        let [a, body] = error.failures() else {
            panic!("{error}")
        };
        let expected = format!(
            "a task group failed 2 times\n\
             ├ a (spawned at {}): one\n\
             │ more\n\
             └ body (run at {}): two\n\
             \u{20} more",
            a.location, body.location
        );
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn failures_come_in_the_order_of_time_and_the_bodys_last() {
    smolio_test::run(async {
        let group = TaskGroup::<u32>::new();
        let shield = |polls: usize, number: u32| async move {
            smolio_task_group::CancelScope::new()
                .shielded()
                .run(async move {
                    yields(polls).await;
                    Err::<(), _>(number)
                })
                .await
                .unwrap()
        };
        let result = group
            .run(async {
                group.spawn(shield(9, 1));
                group.spawn(shield(7, 2));
                group.spawn(shield(1, 3));
                shield(3, 4).await
            })
            .await;
        let failures = result.unwrap_err().into_failures();
        let numbers = Vec::from_iter(failures.iter().map(|failure| failure.error));
        assert_eq!(numbers, [3, 2, 1, 4]);
    });
}

#[test]
fn into_first_tells_the_hook_of_the_others() {
    let hook = Hook::install();
    smolio_test::run(async {
        let group = TaskGroup::<&str>::new();
        let shield = |text| async move {
            smolio_task_group::CancelScope::new()
                .shielded()
                .run(async move {
                    yield_now().await;
                    Err::<(), _>(text)
                })
                .await
                .unwrap()
        };
        let error = group
            .run(async {
                group.spawn(shield("first"));
                group.spawn_named("unlucky", shield("second"));
                Ok(())
            })
            .await
            .unwrap_err();
        assert_eq!(error.into_first(), Some("first"));
    });
    let told = hook.take_one();
    assert_eq!(told.message(), "second");
    assert_eq!(told.task().unwrap().name(), "unlucky");
}

#[test]
fn the_body_goes_first_then_the_last_child() {
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                for number in 0..5 {
                    let guard = log.on_drop(format!("child {number}"));
                    group.spawn(async {
                        let _guard = guard;
                        pending::<()>().await;
                    });
                }
                let _guard = log.on_drop("body");
                sleep(ms(1)).await;
                group.spawn(async { Err::<(), _>("end") });
                pending().await
            })
            .await
            .map(|(): ()| ());
        assert!(result.is_err());
        let expected = [
            "body", "child 4", "child 3", "child 2", "child 1", "child 0",
        ];
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn a_failure_is_not_waited_for_by_those_who_await_the_child() {
    // Also not by another child, and not by one in another task.
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::<&str>::new();
        let result: Result<(), _> = group
            .run(async {
                let failing = group.spawn(async {
                    sleep(ms(1)).await;
                    Err::<(), _>("end")
                });
                let log = &log;
                group.spawn(async move {
                    let _guard = log.on_drop("awaiting child dropped");
                    failing.await;
                    log.say("the awaiting child went on");
                });
                pending().await
            })
            .await;
        assert_eq!(result.unwrap_err().failures().len(), 1);
        assert_eq!(log.take(), ["awaiting child dropped"]);
    });
}

#[test]
fn a_failure_is_an_error_of_its_own() {
    let group = TaskGroup::<&str>::new();
    group.spawn_named("a", async { Err::<(), _>("why") });
    let mut run = crate::support::Manual::new(group.run(async { Ok(()) }));
    let failure: Failure<&str> = run.poll_ready().unwrap_err().into_failures().remove(0);
    let text = format!("a (spawned at {}): why", failure.location);
    assert_eq!(failure.to_string(), text);
    let boxed: Box<dyn std::error::Error + Send + Sync> = failure.into();
    assert_eq!(boxed.to_string(), text);
}
