//! The future of `run`, of a handle, of a waiter, dropped half-way: all goes, in order, and nothing is lost or kept.

use std::{
    future::{Future, pending, poll_fn},
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use smolio_executor::{Task, spawn, yield_now};
use smolio_task_group::{CancelScope, CancelToken, Child, ChildError, Spawner, TaskGroup};
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, Hook, Log, Manual, explore, ms};

#[test]
fn t25_a_dropped_run_drops_body_and_children_in_reverse() {
    let hook = Hook::install();
    explore(|| async {
        let log = Log::new();
        let core = Arc::new(());
        let weak = Arc::downgrade(&core);
        {
            let group = TaskGroup::<&str>::new();
            let run = group.run(async {
                for number in 0..4 {
                    let guard = log.on_drop(format!("child {number}"));
                    let (spawner, core) = (group.spawner(), core.clone());
                    group.spawn(async move {
                        let _held = (spawner, core, guard);
                        pending::<()>().await;
                    });
                    yield_now().await;
                }
                let _guard = log.on_drop("body");
                pending::<Result<(), _>>().await
            });
            let early = timeout(ms(0), run).await;
            assert!(early.is_err());
            assert_eq!(group.stats().alive, 0);
            assert!(!group.stats().is_open);
        }
        let lines = log.take();
        // How far the body came depends on the order.
        let children = lines.len() - 1;
        let expected = (0..children).rev().map(|number| format!("child {number}"));
        assert_eq!(lines[1..], Vec::from_iter(expected));
        assert_eq!(lines[0], "body");
        drop(core);
        assert!(weak.upgrade().is_none(), "a spawner keeps its child");
    });
    hook.assert_silent();
}

/// Wakers that are used between two polls of the run: so each await is one poll.
#[derive(Clone, Default)]
struct Steps(Arc<Mutex<Vec<Waker>>>);

impl Steps {
    fn wait(&self, mut times: usize) -> impl Future<Output = ()> + Send + use<> {
        let steps = self.clone();
        poll_fn(move |cx| {
            if times == 0 {
                return Poll::Ready(());
            }
            times -= 1;
            steps.0.lock().unwrap().push(cx.waker().clone());
            Poll::Pending
        })
    }

    fn wake(&self) {
        let wakers = std::mem::take(&mut *self.0.lock().unwrap());
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// A program with a bit of everything.
async fn program(steps: Steps, made: Counter, dropped: Counter) {
    let guard = || {
        made.add();
        dropped.guard()
    };
    let group = TaskGroup::<&str>::new();
    let _outer = guard();
    let spawner = group.spawner();
    group
        .run(async {
            let _body = guard();
            for number in 0..3 {
                let held = guard();
                let (spawner, later, steps) = (spawner.clone(), guard(), steps.clone());
                group.spawn(async move {
                    let _held = held;
                    steps.wait(number).await;
                    let sibling = steps.wait(2);
                    spawner.spawn(async move {
                        let _later = later;
                        sibling.await;
                    });
                    steps.wait(2).await;
                });
            }
            let (nested, steps_inside) = (guard(), steps.clone());
            let child = group.spawn_value(async move {
                let _nested = nested;
                let inner = TaskGroup::infallible();
                let body = async {
                    let child = inner.spawn_value(steps_inside.wait(3));
                    child.await;
                    steps_inside.wait(1).await;
                };
                inner.run_value(body).await
            });
            child.await.unwrap();
            steps.wait(3).await;
            Ok(())
        })
        .await
        .unwrap();
}

#[test]
fn t25_after_the_kth_poll_for_all_k() {
    let hook = Hook::install();
    for polls in 0.. {
        let (steps, made, dropped) = (Steps::default(), Counter::new(), Counter::new());
        let mut run = Manual::new(program(steps.clone(), made.clone(), dropped.clone()));
        let mut done = false;
        for _ in 0..polls {
            assert!(!done);
            done = run.poll().is_ready();
            steps.wake();
        }
        drop(run);
        assert_eq!(dropped.get(), made.get(), "after {polls} polls");
        if done {
            assert!(polls > 7);
            break;
        }
    }
    hook.assert_silent();
}

#[test]
fn t25_the_order_of_drops_after_the_kth_poll_for_all_k() {
    for polls in 1.. {
        let (steps, log) = (Steps::default(), Log::new());
        let group = TaskGroup::<&str>::new();
        let mut run = Manual::new(group.run(async {
            let _body = log.on_drop("body");
            for number in 0..5 {
                steps.wait(1).await;
                let held = log.on_drop(format!("child {number}"));
                let steps = steps.wait(3);
                group.spawn(async move {
                    let _held = held;
                    steps.await;
                });
            }
            steps.wait(1).await;
            Ok(())
        }));
        let mut done = false;
        for _ in 0..polls {
            assert!(!done);
            done = run.poll().is_ready();
            steps.wake();
        }
        let before = log.take();
        drop(run);
        assert_eq!(group.stats().alive, 0);
        let order = log.take();
        if done {
            assert_eq!((before.len(), order.len()), (6, 0));
            break;
        }
        // The body goes first, if it has not ended yet; then the last child.
        let mut expected = order.clone();
        expected.sort_by_key(|line| (line != "body", std::cmp::Reverse(line.clone())));
        assert_eq!(order, expected, "after {polls} polls");
        let spawned = (polls - 1).min(5);
        assert_eq!(before.len() + order.len(), spawned + 1);
    }
}

#[test]
fn a_dropped_run_hands_its_clean_ups_on() {
    smolio_test::run(async {
        let cleaned = Counter::new();
        let done = cleaned.clone();
        let inner = TaskGroup::infallible();
        let outer = TaskGroup::infallible();
        outer
            .run_value(async {
                let child = outer.spawn_value(async {
                    inner
                        .run_value(async {
                            let clean_up = async move {
                                sleep(ms(10)).await;
                                done.add();
                            };
                            let cancelled =
                                inner.spawn(smolio_executor::finally(pending::<()>(), clean_up));
                            sleep(ms(1)).await;
                            cancelled.cancel();
                            pending::<()>().await;
                        })
                        .await
                });
                // In the midst of the clean-up.
                sleep(ms(5)).await;
                assert_eq!(cleaned.get(), 0);
                child.cancel();
            })
            .await
            .unwrap();
        assert_eq!(cleaned.get(), 1);
    });
}

#[test]
fn a_dropped_token_is_not_woken() {
    let scope = CancelScope::new();
    let mut kept = Manual::new(scope.cancelled());
    let mut gone = Manual::new(scope.cancelled());
    let mut moved: CancelToken = scope.cancelled();
    kept.poll_pending();
    gone.poll_pending();
    let waker = gone.wakes.waker().clone();
    assert!(
        std::pin::Pin::new(&mut moved)
            .poll(&mut std::task::Context::from_waker(&waker))
            .is_pending()
    );
    assert_eq!(gone.wakes.clones(), 3);
    drop(moved);
    assert_eq!(gone.wakes.clones(), 2);
    let gone = gone.into_wakes();
    drop(waker);
    assert_eq!(gone.clones(), 0);
    scope.cancel();
    assert_eq!((kept.wakes.count(), gone.count()), (1, 0));
    kept.poll_ready();
    assert_eq!(kept.wakes.clones(), 0);
}

#[test]
fn a_token_keeps_one_waker_however_often_it_is_polled() {
    let scope = CancelScope::new();
    let mut token = Manual::new(scope.cancelled());
    for _ in 0..100 {
        token.poll_pending();
    }
    assert_eq!(token.wakes.clones(), 1);
    scope.cancel();
    assert_eq!(token.wakes.count(), 1);
}

#[test]
fn a_handle_keeps_one_waker_and_takes_it_along() {
    let group = TaskGroup::infallible();
    let mut child = Manual::new(group.spawn(pending::<()>()));
    let mut joined = Manual::new(group.spawn(pending::<()>()).join());
    let mut run = Manual::new(group.run_value(pending::<()>()));
    run.poll_pending();
    for _ in 0..100 {
        child.poll_pending();
        joined.poll_pending();
    }
    assert_eq!((child.wakes.clones(), joined.wakes.clones()), (1, 1));
    drop(run);
    // The child that went with its group is waited for until the group is closed, and then no more.
    assert_eq!(child.wakes.clones(), 0);
    assert_eq!(joined.poll_ready(), Err(ChildError::Cancelled));
}

#[test]
fn those_who_wait_for_a_place_and_go_lose_none() {
    // Whoever of five waiters goes, and whenever: the others get the places.
    for gone in 0..5 {
        for woken_before in [false, true] {
            let group = TaskGroup::infallible().limit(1);
            let running = group.spawn(pending::<()>());
            let mut run = Manual::new(group.run_value(pending::<()>()));
            run.poll_pending();
            let mut waiting = Vec::from_iter((0..5).map(|_| Some(Manual::new(group.ready()))));
            for one in waiting.iter_mut().flatten() {
                one.poll_pending();
            }
            if !woken_before {
                waiting[gone] = None;
            }
            running.cancel();
            run.poll_pending();
            waiting[gone] = None;
            // One after the other takes the place and leaves it.
            for one in waiting.iter_mut().filter_map(Option::as_mut) {
                assert_eq!(one.wakes.count(), 1, "{gone} {woken_before}");
                one.poll_ready();
                assert_eq!(one.wakes.clones(), 0);
            }
        }
    }
}

#[test]
fn spawn_when_ready_dropped_after_every_poll() {
    for polls in 0..4 {
        let (log, dropped) = (Log::new(), Counter::new());
        let scope = CancelScope::new();
        let group = TaskGroup::infallible().limit(1);
        let first = group.spawn(async {
            scope.run(pending::<()>()).await;
        });
        let mut run = Manual::new(group.run_value(pending::<()>()));
        run.poll_pending();
        let future = |number: u32| {
            let (guard, log) = (dropped.guard(), log.clone());
            async move {
                let _guard = guard;
                log.say(format!("{number} runs"));
            }
        };
        let mut one = Manual::new(group.spawn_when_ready(future(1)));
        let mut other = Manual::new(group.spawn_when_ready(future(2)));
        let mut children = Vec::<Child<()>>::new();
        for poll in 0..polls {
            if poll == 2 {
                scope.cancel();
                run.poll_pending();
            }
            if let Poll::Ready(child) = one.poll() {
                children.push(child);
                break;
            }
            other.poll_pending();
        }
        drop(one);
        scope.cancel();
        run.poll_pending();
        run.poll_pending();
        children.push(other.poll_ready());
        run.poll_pending();
        assert_eq!(dropped.get(), 2);
        let ran_both = polls == 3;
        let expected = if ran_both {
            &["1 runs", "2 runs"][..]
        } else {
            &["2 runs"]
        };
        assert_eq!(log.take(), expected, "{polls} polls");
        assert!(first.is_finished() && children.iter().all(Child::is_finished));
    }
}

#[test]
fn a_task_that_awaits_a_child_may_go() {
    explore(|| async {
        let group = TaskGroup::infallible();
        let child = group.spawn_value(async {
            sleep(ms(10)).await;
            5
        });
        let awaiting: Task<i32> = spawn(child);
        group
            .run_value(async {
                sleep(ms(1)).await;
                drop(awaiting);
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_spawner_may_outlive_all() {
    fn late(spawner: &Spawner<'static>) -> Result<(), ChildError> {
        futures_lite::future::block_on(spawner.spawn(async {}).join())
    }
    let hook = Hook::install();
    let spawner = {
        let group = TaskGroup::infallible();
        let spawner = group.spawner();
        let mut run = Manual::new(group.run_value(pending::<()>()));
        run.poll_pending();
        drop(run);
        assert_eq!(late(&spawner), Err(ChildError::Refused));
        spawner
    };
    assert_eq!(late(&spawner), Err(ChildError::Refused));
    assert_eq!(hook.take().len(), 2);
}
