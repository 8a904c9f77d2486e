//! A limit on how many children run at once, and those who wait for a place.

use std::{future::pending, sync::Mutex};

use smolio_context::Instant;
use smolio_executor::yield_now;
use smolio_task_group::{CancelScope, LocalTaskGroup, TaskGroup};
use smolio_timer::sleep;

use crate::support::{Counter, Log, Manual, explore, ms, panic_of, yields};

#[test]
fn a_limit_of_zero_is_a_mistake() {
    let text = panic_of(|| TaskGroup::infallible().limit(0));
    assert_eq!(
        text,
        "the limit of a task group is at least one child at a time"
    );
}

#[test]
fn those_who_wait_come_in_the_order_in_which_they_were_spawned() {
    smolio_test::run(async {
        let log = Log::new();
        let group = TaskGroup::infallible().limit(2);
        group
            .run_value(async {
                for number in 0..6 {
                    let log = &log;
                    group.spawn_value(async move {
                        log.say(format!("{number}"));
                        sleep(ms(10 + number)).await;
                    });
                }
            })
            .await
            .unwrap();
        assert_eq!(log.take(), ["0", "1", "2", "3", "4", "5"]);
    });
}

#[test]
fn whoever_takes_the_seat_of_one_who_was_cancelled_goes_to_the_end_of_the_line() {
    smolio_test::run(async {
        let log = Log::new();
        let group = TaskGroup::infallible().limit(1);
        group
            .run_value(async {
                let work = |name: &'static str| {
                    let log = &log;
                    async move {
                        log.say(name);
                        sleep(ms(10)).await;
                    }
                };
                group.spawn_value(work("first"));
                let cancelled = group.spawn_value(work("cancelled"));
                group.spawn_value(work("second"));
                sleep(ms(1)).await;
                cancelled.cancel();
                sleep(ms(1)).await;
                group.spawn_value(work("third"));
            })
            .await
            .unwrap();
        assert_eq!(log.take(), ["first", "second", "third"]);
    });
}

#[test]
fn a_place_is_free_however_its_child_ends() {
    explore(|| async {
        let done = Counter::new();
        let group = LocalTaskGroup::infallible().limit(1);
        group
            .run_value(async {
                let cancelled = group.spawn_value(pending::<()>());
                let never_began = group.spawn_value(pending::<()>());
                let (failing, done_too) = (done.clone(), done.clone());
                group.spawn_value(async move {
                    yield_now().await;
                    failing.add();
                });
                sleep(ms(1)).await;
                never_began.cancel();
                cancelled.cancel();
                group.spawn_value(async move { done_too.add() }).await;
            })
            .await
            .unwrap();
        assert_eq!(done.get(), 2);
    });
}

#[test]
fn a_limit_holds_whoever_is_cancelled_fails_to_begin_or_ends() {
    explore(|| async {
        let (running, most) = (Mutex::new(0_usize), Mutex::new(0));
        struct Leaves<'a>(&'a Mutex<usize>);
        impl Drop for Leaves<'_> {
            fn drop(&mut self) {
                *self.0.lock().unwrap() -= 1;
            }
        }
        let group = TaskGroup::infallible().limit(3);
        group
            .run_value(async {
                let mut children = Vec::new();
                for number in 0..60_u64 {
                    let (running, most) = (&running, &most);
                    children.push(group.spawn_value(async move {
                        let now = {
                            let mut running = running.lock().unwrap();
                            *running += 1;
                            *running
                        };
                        let _leaves = Leaves(running);
                        let mut most = {
                            sleep(ms(number % 7)).await;
                            most.lock().unwrap()
                        };
                        *most = now.max(*most);
                    }));
                    if number % 5 == 4 {
                        children.remove(fastrand::usize(..children.len())).cancel();
                        sleep(ms(1)).await;
                    }
                }
            })
            .await
            .unwrap();
        assert_eq!((*running.lock().unwrap(), *most.lock().unwrap()), (0, 3));
    });
}

#[test]
fn spawn_when_ready_holds_the_producer_back() {
    explore(|| async {
        let start = Instant::now();
        let group = TaskGroup::infallible().limit(4);
        group
            .run_value(async {
                for number in 0..40 {
                    let _child = group.spawn_when_ready(async { sleep(ms(10)).await }).await;
                    assert!(group.stats().alive <= 4);
                    assert_eq!(start.elapsed(), ms(10) * (number / 4));
                }
            })
            .await
            .unwrap();
        assert_eq!(start.elapsed(), ms(100));
    });
}

#[test]
fn ready_is_at_once_without_a_limit() {
    let group = TaskGroup::infallible();
    for _ in 0..100 {
        group.spawn_value(pending::<()>());
        Manual::new(group.ready()).poll_ready();
    }
}

#[test]
fn several_producers_take_turns() {
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::infallible().limit(1);
        let produce = async |name: &str| {
            for number in 0..3 {
                let child = group.spawn_when_ready(async { sleep(ms(10)).await }).await;
                log.say(format!("{name}{number}"));
                drop(child);
            }
        };
        let producers = futures_lite::future::zip(produce("a"), produce("b"));
        group.run_value(producers).await.unwrap();
        // A0 has its place before b comes, so a1 is in the line before b0. From then on they take turns.
        assert_eq!(log.take(), ["a0", "a1", "b0", "a2", "b1", "b2"]);
    });
}

#[test]
fn a_group_that_ends_lets_those_go_on_who_wait_for_a_place() {
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::<&str>::new().limit(1);
        let result = group
            .run(async {
                group.spawn(async {
                    sleep(ms(10)).await;
                    Err::<(), _>("end")
                });
                let wait = async {
                    group.ready().await;
                    log.say("went on");
                };
                CancelScope::new().shielded().run(wait).await;
                pending::<Result<(), _>>().await
            })
            .await;
        assert!(result.is_err());
        assert_eq!(log.take(), ["went on"]);
    });
    // And one that is cancelled with a grace does so at once.
    smolio_test::run(async {
        let start = Instant::now();
        let group = TaskGroup::infallible().limit(1);
        group
            .run_value(async {
                group.spawn_value(sleep(ms(50)));
                let cancel = async {
                    sleep(ms(10)).await;
                    group.cancel_with_grace(pending());
                };
                futures_lite::future::zip(group.ready(), cancel).await;
                assert_eq!(start.elapsed(), ms(10));
            })
            .await
            .unwrap();
    });
}

#[test]
fn ready_does_not_starve_the_children() {
    smolio_test::run(async {
        let done = Counter::new();
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                group.spawn_value(async { done.add() });
                for _ in 0..1000 {
                    group.ready().await;
                }
                assert_eq!(done.get(), 1);
            })
            .await
            .unwrap();
    });
}

#[test]
fn an_inner_limit_counts_inner_children_only() {
    explore(|| async {
        let start = Instant::now();
        let outer = TaskGroup::infallible().limit(2);
        outer
            .run_value(async {
                for _ in 0..4 {
                    outer.spawn_value(async {
                        let inner = TaskGroup::infallible().limit(3);
                        inner
                            .run_value(async {
                                for _ in 0..6 {
                                    inner.spawn_value(async { sleep(ms(10)).await });
                                }
                                yields(2).await;
                            })
                            .await
                            .unwrap();
                    });
                }
            })
            .await
            .unwrap();
        assert_eq!(start.elapsed(), ms(40));
    });
}
