//! What children know of who they are: variables, deadlines, budget, waits.

use std::{
    future::{pending, poll_fn},
    task::Poll,
};

use smolio_context::{
    ContextVar, Instant, Wait, all_waits, budget_left, current_deadline, current_task, spend_budget,
};
use smolio_executor::{spawn, yield_now};
use smolio_task_group::{CancelScope, Supervisor, TaskGroup, gather};
use smolio_timer::{sleep, timeout};

use crate::support::{Log, explore, ms, yields};

static COLOUR: ContextVar<&str> = ContextVar::new(|| "none");

#[test]
fn c3_a_child_copies_the_variables_at_its_spawn() {
    explore(|| async {
        COLOUR.set("before").unwrap();
        let group = TaskGroup::infallible();
        let early = group.spawn_value(async { COLOUR.get() });
        COLOUR.set("in between").unwrap();
        group
            .run_value(async {
                COLOUR.set("first").unwrap();
                let child = group.spawn_value(async {
                    let seen = COLOUR.get();
                    COLOUR.set("the child's").unwrap();
                    yields(3).await;
                    assert_eq!(COLOUR.get(), "the child's");
                    seen
                });
                COLOUR.set("second").unwrap();
                let sibling = group.spawn_value(async {
                    let seen = COLOUR.get();
                    COLOUR.set("the sibling's").unwrap();
                    yields(3).await;
                    assert_eq!(COLOUR.get(), "the sibling's");
                    seen
                });
                assert_eq!((child.await, sibling.await), ("first", "second"));
                assert_eq!(COLOUR.get(), "second");
                assert_eq!(early.await, "before");
            })
            .await
            .unwrap();
        // The body is part of whoever runs the group.
        assert_eq!(COLOUR.get(), "second");
    });
}

#[test]
fn c3_also_through_the_other_doors() {
    explore(|| async {
        COLOUR.set("red").unwrap();
        let group = TaskGroup::<&str>::new().limit(2);
        let spawner = group.spawner();
        group
            .run(async {
                let waiting = group.spawn_when_ready(async {
                    assert_eq!(COLOUR.get(), "red");
                });
                let started = group.start(|ready| async {
                    ready.set(COLOUR.get());
                    Ok(())
                });
                COLOUR.set("green").unwrap();
                let _child = waiting.await;
                assert_eq!(started.await, Ok("red"));
                let grandchild = group.spawn_value(async move {
                    COLOUR.set("blue").unwrap();
                    spawner.spawn_value(async { COLOUR.get() }).await
                });
                assert_eq!(grandchild.await, "blue");
                Ok(())
            })
            .await
            .unwrap();
        let supervisor = Supervisor::<&str>::new();
        let body = async { supervisor.spawn(async { Ok(COLOUR.get()) }).await };
        assert_eq!(supervisor.run(body).await, Ok(Ok("green")));
    });
}

#[test]
fn c3_a_destructor_sees_the_child_that_it_belongs_to() {
    struct Sees(Log);
    impl Drop for Sees {
        fn drop(&mut self) {
            let name = current_task().unwrap().name().into_owned();
            self.0.say(format!("{name} {}", COLOUR.get()));
        }
    }
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                COLOUR.set("yellow").unwrap();
                let sees = Sees(log.clone());
                group.spawn_named("dropped", async move {
                    let _sees = sees;
                    pending::<()>().await;
                });
                let sees = Sees(log.clone());
                group.spawn_named("never polled", async move {
                    let _sees = sees;
                });
                Err::<(), _>("end")
            })
            .await;
        assert!(result.is_err());
        assert_eq!(log.take(), ["never polled yellow", "dropped yellow"]);
    });
}

#[test]
fn the_body_is_whoever_runs_the_group() {
    explore(|| async {
        let outer = current_task().unwrap().id();
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                assert_eq!(current_task().unwrap().id(), outer);
                let child = group.spawn_value(async { current_task().unwrap() });
                let child = child.await;
                assert_ne!(child.id(), outer);
                assert_eq!(child.parent(), Some(outer));
            })
            .await
            .unwrap();
    });
}

#[test]
fn o2_only_the_outer_of_two_timeouts_reports_through_a_child() {
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let outer = timeout(ms(10), async {
            let group = TaskGroup::infallible();
            group
                .run_value(async {
                    let child = group.spawn_value(async {
                        let inner = timeout(ms(10), pending::<()>()).await;
                        log.say(format!("the inner one reports {inner:?}"));
                    });
                    child.await;
                })
                .await
        });
        outer.await.unwrap_err();
        assert_eq!(start.elapsed(), ms(10));
        assert!(log.take().is_empty());
    });
}

#[test]
fn o2_an_earlier_one_in_a_child_reports() {
    explore(|| async {
        let outer = timeout(ms(20), async {
            let group = TaskGroup::infallible();
            let body = async {
                let child = group.spawn_value(timeout(ms(10), pending::<()>()));
                child.await
            };
            group.run_value(body).await
        });
        assert!(outer.await.unwrap().unwrap().is_err());
    });
}

#[test]
fn o2_deadlines_reach_children_but_not_spawned_tasks() {
    explore(|| async {
        let start = Instant::now();
        let group = TaskGroup::infallible();
        let outside = group.spawn_value(async { current_deadline() });
        let within = timeout(ms(10), async {
            group
                .run_value(async {
                    let child = group.spawn_value(async { current_deadline() });
                    let task = spawn(async { current_deadline() });
                    let through = group.spawn_value(spawn(async { current_deadline() }));
                    let earlier = group.spawn_value(timeout(ms(5), async { current_deadline() }));
                    assert_eq!(task.await, None);
                    assert_eq!(through.await, None);
                    assert_eq!(earlier.await.unwrap(), Some(start + ms(5)));
                    child.await
                })
                .await
        });
        assert_eq!(within.await.unwrap(), Ok(Some(start + ms(10))));
        // It is where a child runs that counts, not where it was spawned.
        assert_eq!(outside.await, Some(start + ms(10)));
        assert_eq!(current_deadline(), None);
    });
}

#[test]
fn each_child_poll_has_a_budget_of_its_own() {
    smolio_test::run(async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let all = budget_left().unwrap();
                for _ in 0..3 {
                    group.spawn_value(async move {
                        assert_eq!(budget_left(), Some(all));
                        for _ in 0..all {
                            spend_budget();
                        }
                        assert_eq!(budget_left(), Some(0));
                        yield_now().await;
                        assert_eq!(budget_left(), Some(all));
                    });
                }
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_child_that_awaits_what_is_always_ready_lets_its_siblings_run() {
    smolio_test::run(async {
        let log = Log::new();
        let group = TaskGroup::infallible();
        let ready = Vec::from_iter((0..1000).map(|n| group.spawn_value(async move { n })));
        group
            .run_value(async {
                sleep(ms(1)).await;
                let sum = group.spawn_value(async {
                    let mut sum = 0;
                    for child in ready {
                        sum += child.await;
                    }
                    log.say("sum");
                    sum
                });
                group.spawn_value(async { log.say("sibling") });
                assert_eq!(sum.await, 499_500);
            })
            .await
            .unwrap();
        assert_eq!(log.take(), ["sibling", "sum"]);
    });
}

#[test]
fn a_token_that_is_set_lets_others_run() {
    smolio_test::run(async {
        let log = Log::new();
        let scope = CancelScope::new();
        scope.cancel();
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                group.spawn(async {
                    for _ in 0..1000 {
                        scope.cancelled().await;
                    }
                    log.say("tokens");
                });
                group.spawn(async { log.say("sibling") });
            })
            .await
            .unwrap();
        assert_eq!(log.take(), ["sibling", "tokens"]);
    });
}

#[test]
fn a_body_without_budget_does_not_keep_its_scope_from_ending_it() {
    smolio_test::run(async {
        let scope = CancelScope::new();
        let body = poll_fn(|_| {
            while budget_left() != Some(0) {
                spend_budget();
            }
            scope.cancel();
            Poll::<()>::Pending
        });
        // The budget is that of the whole task, and is used up when the second scope looks.
        let (one, other) = gather((scope.run(body), scope.run(pending::<()>()))).await;
        assert_eq!((one, other), (None, None));
    });
}

#[test]
fn a_reader_of_a_supervisor_lets_others_run() {
    smolio_test::run(async {
        let log = Log::new();
        let supervisor = Supervisor::<&str>::new();
        let (mut nothing, mut failures) = (0, 0);
        supervisor
            .run(async {
                let other = spawn({
                    let log = log.clone();
                    async move { log.say("another task") }
                });
                // Nothing to come, and it says so each time at once: still it does not keep the thread.
                for _ in 0..1000 {
                    nothing += usize::from(supervisor.next_failure().await.is_none());
                }
                log.say("asked in vain");
                other.await;
                for _ in 0..64 {
                    drop(supervisor.spawn(async { Err::<(), _>("failure") }));
                }
                while supervisor.next_failure().await.is_some() {
                    failures += 1;
                }
            })
            .await
            .unwrap();
        assert_eq!((nothing, failures), (1000, 64));
        assert_eq!(log.take(), ["another task", "asked in vain"]);
    });
}

#[test]
fn what_children_wait_for_is_known() {
    smolio_test::run(async {
        let group = TaskGroup::<&str>::new().limit(1);
        group
            .run(async {
                let first = group.spawn_named("sleeper", sleep(ms(10)));
                let token = group.cancelled();
                let waiter = spawn(token);
                sleep(ms(1)).await;
                let waits = |name: &str| {
                    let all = all_waits();
                    let found = all.iter().find(|one| one.task.name() == name);
                    found.map(|one| one.waits.iter().map(ToString::to_string).collect())
                };
                let of_sleeper: Vec<String> = waits("sleeper").unwrap();
                assert!(of_sleeper[0].starts_with("sleep"), "{of_sleeper:?}");
                let all = all_waits();
                let texts = Vec::from_iter(all.iter().flat_map(|one| &one.waits).map(Wait::what));
                assert!(texts.contains(&"a cancellation"), "{texts:?}");
                drop(waiter);
                first.await;
                assert_eq!(waits("sleeper"), None);
                Ok(())
            })
            .await
            .unwrap();
    });
}
