//! Children that end well: their values, their times, what they cost, and how many run at once.

use std::{
    future::{pending, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
};

use smolio_context::Instant;
use smolio_executor::yield_now;
use smolio_task_group::{LocalTaskGroup, Supervisor, TaskGroup};
use smolio_timer::sleep;

use crate::support::{Counter, Log, Manual, Polls, explore, ms, yields};

#[test]
fn t1_both_results_after_the_last_child() {
    explore(|| async {
        let start = Instant::now();
        let group = TaskGroup::infallible();
        let (a, b) = group
            .run_value(async {
                let a = group.spawn_value(async {
                    sleep(ms(100)).await;
                    42
                });
                sleep(ms(150)).await;
                let b = group.spawn_value(async {
                    sleep(ms(200)).await;
                    11
                });
                (a, b) // the body ends, the group does not
            })
            .await
            .unwrap();
        assert_eq!(start.elapsed(), ms(350));
        assert!(a.is_finished() && b.is_finished());
        assert_eq!((a.await, b.await), (42, 11));
    });
}

#[test]
fn a_body_that_spawns_nothing_is_all() {
    smolio_test::run(async {
        assert_eq!(TaskGroup::infallible().run_value(async { 7 }).await, Ok(7));
    });
}

#[test]
fn children_spawned_before_the_run_wait_for_it() {
    explore(|| async {
        let polls = Counter::new();
        let group = TaskGroup::infallible();
        let child = group.spawn_value(Polls::new(&polls, async { 1 }));
        yields(3).await;
        assert_eq!(polls.get(), 0);
        assert_eq!(group.stats().alive, 1);
        group.run_value(async {}).await.unwrap();
        assert_eq!(polls.get(), 1);
        assert_eq!(child.await, 1);
    });
}

#[test]
fn the_body_is_polled_before_them() {
    smolio_test::run(async {
        let log = Log::new();
        let group = LocalTaskGroup::infallible();
        group.spawn_value(async { log.say("child") });
        group.run_value(async { log.say("body") }).await.unwrap();
        assert_eq!(log.take(), ["body", "child"]);
    });
}

#[test]
fn they_run_in_the_order_in_which_they_were_spawned_and_woken() {
    smolio_test::run(async {
        let log = Log::new();
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                for number in 0..100 {
                    let log = &log;
                    group.spawn_value(async move {
                        log.say(format!("{number}"));
                        yield_now().await;
                        log.say(format!("{number} again"));
                    });
                }
            })
            .await
            .unwrap();
        let mut expected = Vec::from_iter((0..100).map(|number| format!("{number}")));
        expected.extend((0..100).map(|number| format!("{number} again")));
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn t14_finished_children_are_freed() {
    explore(|| async {
        let (made, dropped) = (Counter::new(), Counter::new());
        let alive = || made.get() - dropped.get();
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                for _ in 0..10 {
                    made.add();
                    let guard = dropped.guard();
                    group.spawn_value(async move {
                        let _guard = guard;
                        sleep(ms(300)).await;
                    });
                    assert!(alive() < 5, "{} are alive", alive());
                    assert!(group.stats().alive < 5);
                    sleep(ms(100)).await;
                }
                sleep(ms(300)).await;
                assert_eq!(alive(), 0);
                assert_eq!(group.stats().alive, 0);
            })
            .await
            .unwrap();
        assert_eq!(alive(), 0);
    });
}

#[test]
fn the_body_sees_who_is_alive() {
    explore(|| async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let child = group.spawn_value(yield_now());
                assert_eq!(group.stats().alive, 1);
                child.await;
                assert_eq!(group.stats().alive, 0);
                group.spawn_value(yield_now());
            })
            .await
            .unwrap();
        let stats = group.stats();
        assert_eq!((stats.alive, stats.spawned, stats.is_open), (0, 2, false));
    });
}

/// Pending until its waker, which it leaves in `place`, is used.
fn one_wake(place: &Mutex<Option<Waker>>) -> impl Future<Output = ()> + Send {
    let mut polls = 0;
    poll_fn(move |cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(());
        }
        *place.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    })
}

#[test]
fn t26_a_wake_costs_one_poll_of_one_child() {
    const CHILDREN: usize = 100_000;
    let places = Vec::from_iter((0..CHILDREN).map(|_| Mutex::new(None)));
    let polls = Counter::new();
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        for place in &places {
            group.spawn_value(Polls::new(&polls, one_wake(place)));
        }
    }));
    assert!(run.poll_while_woken().is_pending());
    assert_eq!(polls.get(), CHILDREN);
    let wakes = run.wakes.count();

    let waker = places[77_777].lock().unwrap().take();
    waker.unwrap().wake();
    assert_eq!(run.wakes.count(), wakes + 1);
    run.poll_pending();
    assert_eq!(polls.get(), CHILDREN + 1);
    assert_eq!(run.wakes.count(), wakes + 1);
    // Woken for nothing, it polls nobody.
    run.poll_pending();
    assert_eq!(polls.get(), CHILDREN + 1);

    for place in &places {
        let waker = place.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
    }
    assert!(run.poll_while_woken().is_ready());
    assert_eq!(polls.get(), 2 * CHILDREN);
}

#[test]
fn a_child_that_is_woken_often_is_polled_once() {
    let place = Mutex::new(None::<Waker>);
    let polls = Counter::new();
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        group.spawn_value(Polls::new(
            &polls,
            poll_fn(|cx| {
                *place.lock().unwrap() = Some(cx.waker().clone());
                Poll::<()>::Pending
            }),
        ));
    }));
    assert!(run.poll_while_woken().is_pending());
    let waker = place.lock().unwrap().clone().unwrap();
    for _ in 0..1000 {
        waker.wake_by_ref();
    }
    assert_eq!(run.wakes.count(), 1);
    run.poll_pending();
    assert_eq!(polls.get(), 2);
}

#[test]
fn t27_a_limit_lets_ten_in_at_a_time() {
    explore(|| async {
        let start = Instant::now();
        let (running, most, done) = <(AtomicUsize, AtomicUsize, AtomicUsize)>::default();
        let group = TaskGroup::infallible().limit(10);
        group
            .run_value(async {
                for _ in 0..1000 {
                    group.spawn_value(async {
                        most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                        sleep(ms(10)).await;
                        running.fetch_sub(1, SeqCst);
                        done.fetch_add(1, SeqCst);
                    });
                }
            })
            .await
            .unwrap();
        assert_eq!(start.elapsed(), ms(1000));
        assert_eq!(most.load(SeqCst), 10);
        assert_eq!(done.load(SeqCst), 1000);
    });
}

#[test]
fn siblings_are_spawned_by_siblings() {
    explore(|| async {
        let count = Counter::new();
        let group = TaskGroup::infallible();
        fn family<'a>(
            spawner: smolio_task_group::Spawner<'a>,
            count: &'a Counter,
            depth: usize,
        ) -> impl Future<Output = ()> + Send + 'a {
            Box::pin(async move {
                count.add();
                for _ in 0..depth {
                    let child = family(spawner.clone(), count, depth - 1);
                    spawner.spawn(child);
                    yield_now().await;
                }
            })
        }
        group.spawn(family(group.spawner(), &count, 5));
        group.run_value(async {}).await.unwrap();
        // 1 + 5 (1 + 4 (1 + 3 (1 + 2 (1 + 1))))
        assert_eq!(count.get(), 326);
        assert_eq!(group.stats().spawned, 326);
    });
}

#[test]
fn values_wait_for_those_who_are_late() {
    explore(|| async {
        let group = TaskGroup::infallible();
        let values = group
            .run_value(async {
                let children = Vec::from_iter((0..20).map(|n| group.spawn_value(async move { n })));
                yields(50).await;
                let mut values = Vec::new();
                for child in children {
                    assert!(child.is_finished());
                    values.push(child.await);
                }
                values
            })
            .await;
        assert_eq!(values.unwrap(), Vec::from_iter(0..20));
    });
}

#[test]
fn a_dropped_handle_does_nothing() {
    explore(|| async {
        let done = Counter::new();
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                drop(group.spawn_value(async {
                    sleep(ms(5)).await;
                    done.add();
                }));
            })
            .await
            .unwrap();
        assert_eq!(done.get(), 1);
    });
}

#[test]
fn an_await_that_is_given_up_loses_nothing() {
    explore(|| async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let mut child = group.spawn_value(async {
                    sleep(ms(50)).await;
                    "value"
                });
                let early = smolio_timer::timeout(ms(10), &mut child).await;
                assert!(early.is_err());
                assert_eq!(child.await, "value");
            })
            .await
            .unwrap();
    });
}

#[test]
fn the_last_who_awaits_is_woken() {
    // The handle goes from one task to another while it is waited for.
    explore(|| async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let mut child = group.spawn_value(async {
                    sleep(ms(50)).await;
                    "value"
                });
                let first = futures_lite::future::poll_once(&mut child).await;
                assert_eq!(first, None);
                let second = group.spawn_value(async move { child.await.len() });
                assert_eq!(second.await, 5);
            })
            .await
            .unwrap();
    });
}

#[test]
fn children_that_are_not_send() {
    explore(|| async {
        let log = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let group = LocalTaskGroup::infallible();
        let spawner = group.spawner();
        group
            .run_value(async {
                let inner = log.clone();
                let child = group.spawn_value(async move {
                    let log = inner.clone();
                    spawner
                        .spawn_value(async move {
                            yield_now().await;
                            log.borrow_mut().push(1);
                        })
                        .await;
                    inner.borrow_mut().push(2);
                });
                child.await;
            })
            .await
            .unwrap();
        assert_eq!(*log.borrow(), [1, 2]);
    });
}

#[test]
fn names_and_locations_are_those_of_the_spawn() {
    smolio_test::run(async {
        let line = line!() + 4;
        let group = TaskGroup::<String>::new();
        group
            .run(async {
                group.spawn_named("worker", async {
                    let info = smolio_context::current_task().unwrap();
                    assert_eq!(info.name(), "worker");
                    assert_eq!(info.location().line(), line);
                    assert!(info.location().file().ends_with("children.rs"));
                    assert!(info.parent().is_some());
                });
                group.spawn(async {
                    let info = smolio_context::current_task().unwrap();
                    assert_eq!(info.name(), format!("task-{}", info.id()));
                });
                Ok(())
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_group_whose_children_wait_for_ever_says_who_waits() {
    let report = crate::support::panic_of(|| {
        smolio_test::run(async {
            let group = TaskGroup::infallible();
            group
                .run_value(async {
                    group.spawn_value(async {
                        let inner = TaskGroup::infallible();
                        inner.run_value(pending::<()>()).await
                    });
                })
                .await
        })
    });
    assert!(report.contains("TaskGroup: 1 child"), "{report}");
}

#[test]
fn a_group_with_a_name_is_called_so() {
    let report = crate::support::panic_of(|| {
        smolio_test::run(async {
            let group = TaskGroup::infallible().limit(2).named("fetch");
            group
                .run_value(async {
                    group.spawn_value(pending::<()>());
                    let supervisor = Supervisor::<&str>::new().named("guests");
                    supervisor.run(pending::<()>()).await
                })
                .await
        })
    });
    assert!(report.contains("TaskGroup \"fetch\": 1 child"), "{report}");
    assert!(
        report.contains("Supervisor \"guests\": 0 children"),
        "{report}"
    );
}

#[test]
fn an_arc_in_a_child_is_dropped_with_the_child() {
    explore(|| async {
        let shared = Arc::new(());
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let theirs = shared.clone();
                let child = group.spawn_value(async move {
                    yield_now().await;
                    drop(theirs);
                });
                let late = shared.clone();
                group.spawn_value(async move {
                    let _late = late;
                    yields(5).await;
                });
                child.await;
            })
            .await
            .unwrap();
        assert_eq!(Arc::strong_count(&shared), 1);
    });
}

#[test]
fn after_a_dropped_run_nobody_is_alive() {
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        for _ in 0..10 {
            group.spawn_value(pending::<()>());
        }
        pending::<()>().await;
    }));
    run.poll_pending();
    assert_eq!(group.stats().alive, 10);
    drop(run);
    assert_eq!(group.stats().alive, 0);
}
