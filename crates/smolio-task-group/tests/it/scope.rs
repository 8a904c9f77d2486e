//! Cancel scopes: they drop their body, unless a shielded one is open inside; groups and timeouts honour that too.

use std::future::{pending, ready};

use smolio_context::{Instant, current_deadline};
use smolio_executor::{spawn, yield_now};
use smolio_task_group::{CancelScope, TaskGroup};
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, Log, Manual, Polls, explore, ms, panic_in, yields};

#[test]
fn n2_cancelled_while_its_body_sleeps() {
    explore(|| async {
        let (start, dropped) = (Instant::now(), Counter::new());
        let scope = CancelScope::new();
        let outside = scope.clone();
        let canceller = spawn(async move {
            sleep(ms(10)).await;
            outside.cancel();
            outside.cancel();
        });
        let value = scope
            .run(async {
                let _guard = dropped.guard();
                sleep(ms(1000)).await;
            })
            .await;
        assert_eq!((value, dropped.get()), (None, 1));
        assert_eq!(start.elapsed(), ms(10));
        assert!(scope.is_cancelled());
        canceller.await;
    });
}

#[test]
fn n2_cancelled_before_the_run() {
    explore(|| async {
        let polls = Counter::new();
        let scope = CancelScope::new();
        scope.cancel();
        assert_eq!(scope.run(Polls::new(&polls, ready(1))).await, None);
        assert_eq!(polls.get(), 0);
        // It stays so.
        assert_eq!(scope.run(ready(1)).await, None);
    });
}

#[test]
fn a_scope_that_is_not_cancelled_gives_the_value() {
    explore(|| async {
        let scope = CancelScope::new().cancel_at(sleep(ms(100)));
        assert_eq!(scope.run(yields(3)).await, Some(()));
        assert!(!scope.is_cancelled());
        // A body that cancels its own scope, and has no await after that, has ended well.
        let inside = scope.clone();
        let value = scope.run(async { inside.cancel() }).await;
        assert_eq!(value, Some(()));
        assert!(scope.is_cancelled());
    });
}

#[test]
fn a_scope_that_cancels_itself_ends_at_its_next_await() {
    explore(|| async {
        let log = Log::new();
        let scope = CancelScope::new();
        let value = scope
            .run(async {
                scope.cancel();
                log.say("goes on");
                yield_now().await;
                log.say("never");
            })
            .await;
        assert_eq!(value, None);
        assert_eq!(log.take(), ["goes on"]);
    });
}

#[test]
fn a_scope_with_a_deadline() {
    explore(|| async {
        let start = Instant::now();
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        assert_eq!(scope.run(sleep(ms(1000))).await, None);
        assert_eq!(start.elapsed(), ms(10));
        assert!(scope.is_cancelled());
        assert!(scope.cancelled().is_cancelled());
    });
}

#[test]
fn two_runs_of_one_scope_end_together() {
    explore(|| async {
        let scope = CancelScope::new();
        let group = TaskGroup::infallible();
        let ended = group
            .run_value(async {
                let one = group.spawn_value(scope.run(pending::<()>()));
                let other = group.spawn_value(scope.run(sleep(ms(1000))));
                sleep(ms(1)).await;
                scope.cancel();
                (one.await, other.await)
            })
            .await;
        assert_eq!(ended, Ok((None, None)));
    });
}

#[test]
fn n10_a_shielded_scope_inside_a_cancelled_one() {
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        let value = scope
            .run(async {
                let _guard = log.on_drop("body dropped");
                let farewell = CancelScope::new().shielded().cancel_at(sleep(ms(50)));
                let done = farewell
                    .run(async {
                        sleep(ms(30)).await;
                        log.say("farewell");
                    })
                    .await;
                assert_eq!(done, Some(()));
                log.say("until the next await");
                sleep(ms(1)).await;
                log.say("never");
            })
            .await;
        assert_eq!(value, None);
        assert_eq!(start.elapsed(), ms(30));
        let expected = ["farewell", "until the next await", "body dropped"];
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn n10_its_own_deadline_still_fires() {
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        let value = scope
            .run(async {
                let farewell = CancelScope::new().shielded().cancel_at(sleep(ms(50)));
                let done = farewell.run(pending::<()>()).await;
                assert_eq!((done, start.elapsed()), (None, ms(50)));
                log.say("went on");
                pending::<()>().await;
            })
            .await;
        assert_eq!(value, None);
        assert_eq!(start.elapsed(), ms(50));
        assert_eq!(log.take(), ["went on"]);
    });
}

#[test]
fn n10_a_body_that_ends_with_its_shield_gives_its_value() {
    explore(|| async {
        let scope = CancelScope::new();
        let value = scope
            .run(async {
                scope.cancel();
                CancelScope::new().shielded().run(yields(3)).await.unwrap();
                7
            })
            .await;
        assert_eq!(value, Some(7));
    });
}

#[test]
fn n10_in_a_child_of_a_group_that_fails() {
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                for number in 0..3 {
                    let log = &log;
                    group.spawn(async move {
                        let _guard = log.on_drop(format!("{number} dropped"));
                        if number == 1 {
                            let commit = sleep(ms(30));
                            CancelScope::new().shielded().run(commit).await;
                            log.say("committed");
                        }
                        pending::<()>().await;
                    });
                }
                let _guard = log.on_drop("body dropped");
                sleep(ms(10)).await;
                group.spawn(async { Err::<(), _>("end") });
                pending::<Result<(), _>>().await
            })
            .await;
        assert_eq!(result.unwrap_err().failures().len(), 1);
        assert_eq!(start.elapsed(), ms(30));
        let expected = [
            "body dropped",
            "2 dropped",
            "0 dropped",
            "committed",
            "1 dropped",
        ];
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn n10_in_the_body_of_a_group_that_is_cancelled() {
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::infallible();
        let result = group
            .run_value(async {
                let _guard = log.on_drop("body dropped");
                group.spawn(async {
                    let _guard = log.on_drop("child dropped");
                    pending::<()>().await;
                });
                yields(3).await;
                sleep(ms(1)).await;
                group.cancel();
                let commit = async {
                    sleep(ms(30)).await;
                    log.say("committed");
                };
                CancelScope::new().shielded().run(commit).await;
                pending::<()>().await;
            })
            .await;
        assert!(result.is_err());
        assert_eq!(log.take(), ["child dropped", "committed", "body dropped"]);
    });
}

#[test]
fn n10_a_group_is_seen_through() {
    // The scope around a group sees the shield of a child, and so does a timeout around that.
    explore(|| async {
        for around in [true, false] {
            let (start, log) = (Instant::now(), Log::new());
            let group = TaskGroup::infallible();
            let run = group.run_value(async {
                group.spawn_value(async {
                    sleep(ms(5)).await;
                    CancelScope::new().shielded().run(sleep(ms(30))).await;
                    log.say("committed");
                });
                pending::<()>().await;
            });
            if around {
                let scope = CancelScope::new().cancel_at(sleep(ms(10)));
                assert!(scope.run(run).await.is_none());
            } else {
                timeout(ms(10), run).await.unwrap_err();
            }
            assert_eq!(start.elapsed(), ms(35));
            assert_eq!(log.take(), ["committed"]);
        }
    });
}

#[test]
fn n10_one_shield_of_several() {
    // Whichever closes last, and in whatever order: the group waits for all of them.
    explore(|| async {
        let start = Instant::now();
        let done = Counter::new();
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                for time in [30, 10, 20] {
                    let done = &done;
                    group.spawn(async move {
                        let commit = async move {
                            sleep(ms(time)).await;
                            done.add();
                        };
                        CancelScope::new().shielded().run(commit).await;
                        pending::<()>().await;
                    });
                }
                sleep(ms(5)).await;
                Err::<(), _>("end")
            })
            .await;
        assert!(result.is_err());
        assert_eq!(start.elapsed(), ms(30));
        assert_eq!(done.get(), 3);
    });
}

#[test]
fn n10_a_shield_that_is_dropped_inside_lets_the_body_go() {
    // It ends neither with a value nor by its own cancellation, but by somebody between.
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                group.spawn(async {
                    let shield = CancelScope::new().shielded().run(pending::<()>());
                    futures_lite::future::or(shield, async {
                        sleep(ms(20)).await;
                        None
                    })
                    .await;
                    log.say("went on");
                    pending::<()>().await;
                });
                sleep(ms(10)).await;
                Err::<(), _>("end")
            })
            .await;
        assert!(result.is_err());
        assert_eq!(start.elapsed(), ms(20));
        assert_eq!(log.take(), ["went on"]);
    });
}

#[test]
fn a_second_poll_that_nobody_asked_for_changes_nothing() {
    let scope = CancelScope::new();
    let mut run = Manual::new(scope.run(async {
        CancelScope::new().shielded().run(pending::<()>()).await;
    }));
    for _ in 0..3 {
        run.poll_pending();
    }
    scope.cancel();
    for _ in 0..3 {
        run.poll_pending();
    }
    assert_eq!(run.wakes.count(), 1);
}

#[test]
fn deadlines_outside_of_a_shield_do_not_hold_inside() {
    explore(|| async {
        let outcome = timeout(ms(10), async {
            assert!(current_deadline().is_some());
            CancelScope::new()
                .shielded()
                .run(async {
                    assert_eq!(current_deadline(), None);
                    // An inner timeout reports by itself, though the outer has passed.
                    let inner = timeout(ms(20), pending::<()>()).await;
                    assert!(inner.is_err());
                })
                .await;
            assert!(current_deadline().is_some());
            "value"
        });
        assert_eq!(outcome.await, Ok("value"));
    });
}

#[test]
fn a_body_that_panics() {
    explore(|| async {
        let scope = CancelScope::new();
        let run = scope.run(async {
            yield_now().await;
            panic!("in the scope");
        });
        assert_eq!(panic_in(run).await, "in the scope");
        assert!(!scope.is_cancelled());
    });
}

#[test]
fn a_deadline_that_panics() {
    explore(|| async {
        let dropped = Counter::new();
        let guard = dropped.guard();
        let scope = CancelScope::new().cancel_at(async {
            yield_now().await;
            panic!("in the deadline");
        });
        let run = scope.run(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        assert_eq!(panic_in(run).await, "in the deadline");
        assert_eq!(dropped.get(), 1);
    });
}

#[test]
fn the_numbers_of_a_scope_and_of_its_tokens() {
    let scope = CancelScope::new().shielded();
    let (mut token, mut run, mut done) = (
        Manual::new(scope.cancelled()),
        Manual::new(scope.run(pending::<()>())),
        Manual::new(scope.run(ready(()))),
    );
    assert_eq!(scope.stats().waiting, 0);
    token.poll_pending();
    run.poll_pending();
    assert_eq!(done.poll_ready(), Some(()));
    let stats = scope.stats();
    assert_eq!((stats.waiting, stats.is_cancelled), (2, false));
    assert!(stats.is_shielded && !CancelScope::new().stats().is_shielded);
    drop(run);
    assert_eq!(scope.cancelled().stats().waiting, 1);
    scope.cancel();
    let stats = scope.cancelled().stats();
    assert_eq!((stats.waiting, stats.is_cancelled), (0, true));
    assert!(scope.stats().is_cancelled);
    // One that was done before is not woken.
    assert_eq!((token.wakes.count(), done.wakes.count()), (1, 0));
}

#[test]
fn from_another_thread() {
    let scope = CancelScope::new();
    let mut run = Manual::new(scope.run(pending::<()>()));
    run.poll_pending();
    let other = scope.clone();
    std::thread::spawn(move || other.cancel()).join().unwrap();
    assert_eq!(run.wakes.count(), 1);
    assert_eq!(run.poll_ready(), None);
}
