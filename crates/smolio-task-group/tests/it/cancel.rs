//! Cancelling: the group, at any time and more than once; with a grace period; and one child by its handle.

use std::{
    future::{pending, ready},
    task::Poll,
};

use smolio_context::Instant;
use smolio_executor::yield_now;
use smolio_task_group::{CancelScope, ChildError, LocalTaskGroup, TaskGroup};
use smolio_timer::sleep;

use crate::support::{Counter, Hook, Log, Manual, Polls, explore, ms, panic_of, yields};

/// A group of two sleepers and a body that sleeps. All polls and drops are counted.
struct Sleepers {
    polls: Counter,
    dropped: Counter,
}

impl Sleepers {
    fn new() -> Self {
        Self {
            polls: Counter::new(),
            dropped: Counter::new(),
        }
    }

    fn one(&self) -> impl Future<Output = ()> + Send + use<> {
        let guard = self.dropped.guard();
        Polls::new(&self.polls, async move {
            let _guard = guard;
            pending::<()>().await;
        })
    }
}

#[test]
fn t23_cancel_before_the_run() {
    explore(|| async {
        let sleepers = Sleepers::new();
        for until_cancelled in [false, true] {
            let group = TaskGroup::<&str>::new();
            let child = group.spawn(sleepers.one());
            group.cancel();
            assert!(!group.stats().is_open);
            let body = Polls::new(&sleepers.polls, ready(Ok(1)));
            if until_cancelled {
                assert_eq!(group.run_until_cancelled(body).await.unwrap(), None);
            } else {
                let error = group.run(body).await.unwrap_err();
                assert!(error.is_cancelled() && !error.is_already_run());
                assert!(error.failures().is_empty());
                assert_eq!(error.to_string(), "the task group was cancelled");
            }
            assert_eq!(child.join().await, Err(ChildError::Cancelled));
        }
        assert_eq!((sleepers.polls.get(), sleepers.dropped.get()), (0, 2));
    });
}

#[test]
fn t23_cancel_in_the_body() {
    explore(|| async {
        for until_cancelled in [false, true] {
            let (sleepers, start) = (Sleepers::new(), Instant::now());
            let group = TaskGroup::<&str>::new();
            let body = async {
                group.spawn(sleepers.one());
                sleep(ms(1)).await;
                // Never polled: it comes too late for that.
                let polls = sleepers.polls.get();
                group.spawn(sleepers.one());
                group.cancel();
                group.cancel();
                assert!(group.cancelled().is_cancelled());
                assert_eq!(sleepers.polls.get(), polls);
                let () = pending().await;
                Ok(1)
            };
            if until_cancelled {
                assert_eq!(group.run_until_cancelled(body).await.unwrap(), None);
            } else {
                assert!(group.run(body).await.unwrap_err().is_cancelled());
            }
            assert_eq!(start.elapsed(), ms(1));
            assert_eq!((sleepers.polls.get(), sleepers.dropped.get()), (1, 2));
            // After the end, too.
            group.cancel();
            assert!(group.run(ready(Ok(()))).await.unwrap_err().is_already_run());
        }
    });
}

#[test]
fn t23_cancel_by_a_child() {
    explore(|| async {
        let sleepers = Sleepers::new();
        let group = TaskGroup::infallible();
        let spawner = group.spawner();
        let result = group
            .run_value(async {
                group.spawn(sleepers.one());
                group.spawn(async move {
                    sleep(ms(1)).await;
                    spawner.cancel();
                    spawner.cancel();
                });
                pending::<()>().await;
            })
            .await;
        let error = result.unwrap_err();
        assert!(!error.is_already_run());
        assert_eq!(error.to_string(), "the task group was cancelled");
        assert_eq!(sleepers.dropped.get(), 1);
    });
}

#[test]
fn t23_a_body_without_an_await() {
    explore(|| async {
        let sleepers = Sleepers::new();
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                group.spawn(sleepers.one());
                group.cancel();
                Ok(1)
            })
            .await;
        assert!(result.unwrap_err().is_cancelled());
        assert_eq!((sleepers.polls.get(), sleepers.dropped.get()), (0, 1));
        let group = TaskGroup::<&str>::new();
        let result = group.run_until_cancelled(async {
            group.cancel();
            Ok(1)
        });
        assert_eq!(result.await.unwrap(), None);
    });
}

#[test]
fn cancel_from_another_thread_wakes_the_run() {
    let sleepers = Sleepers::new();
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        group.spawn(sleepers.one());
        pending::<()>().await;
    }));
    run.poll_pending();
    let wakes = run.wakes.count();
    std::thread::scope(|scope| {
        scope.spawn(|| group.cancel());
    });
    assert_eq!(run.wakes.count(), wakes + 1);
    assert!(run.poll_ready().is_err());
    assert_eq!(sleepers.dropped.get(), 1);
}

#[test]
fn a_failure_tells_more_than_a_cancellation() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let result = group
            .run_until_cancelled(async {
                group.cancel();
                Err::<(), _>("and failed")
            })
            .await;
        assert_eq!(result.unwrap_err().into_first(), Some("and failed"));
    });
}

#[test]
fn all_who_end_within_the_grace_end_well() {
    explore(|| async {
        let start = Instant::now();
        let group = TaskGroup::infallible();
        let value = group
            .run_value(async {
                let token = group.cancelled();
                assert!(!token.is_cancelled());
                let child = group.spawn_value(async {
                    token.await;
                    sleep(ms(5)).await;
                    "farewell"
                });
                sleep(ms(1)).await;
                group.cancel_with_grace(sleep(ms(10)));
                child.await
            })
            .await;
        assert_eq!(value, Ok("farewell"));
        assert_eq!(start.elapsed(), ms(6));
    });
}

#[test]
fn whoever_does_not_is_dropped_at_its_end() {
    explore(|| async {
        let (sleepers, start) = (Sleepers::new(), Instant::now());
        let group = TaskGroup::infallible();
        let result = group
            .run_value(async {
                group.spawn(sleepers.one());
                group.cancel_with_grace(sleep(ms(10)));
                // The first grace counts.
                group.cancel_with_grace(sleep(ms(1)));
                group.cancel_with_grace(ready(()));
            })
            .await;
        assert!(result.is_err());
        assert_eq!(start.elapsed(), ms(10));
        assert_eq!(sleepers.dropped.get(), 1);
    });
}

#[test]
fn a_second_cancel_ends_the_grace() {
    explore(|| async {
        let (sleepers, start, grace) = (Sleepers::new(), Instant::now(), Counter::new());
        let group = TaskGroup::infallible();
        let guard = grace.guard();
        let result = group
            .run_value(async {
                group.spawn(sleepers.one());
                group.cancel_with_grace(async move {
                    let _guard = guard;
                    sleep(ms(10)).await;
                });
                sleep(ms(3)).await;
                assert_eq!(grace.get(), 0);
                group.cancel();
                pending::<()>().await;
            })
            .await;
        assert!(result.is_err());
        assert_eq!(start.elapsed(), ms(3));
        assert_eq!((sleepers.dropped.get(), grace.get()), (1, 1));
    });
}

#[test]
fn a_grace_before_the_run_begins_with_it() {
    explore(|| async {
        let (sleepers, start) = (Sleepers::new(), Instant::now());
        let group = TaskGroup::infallible();
        let child = group.spawn_value(async {
            sleep(ms(5)).await;
            3
        });
        group.spawn(sleepers.one());
        group.cancel_with_grace(async { sleep(ms(10)).await });
        sleep(ms(20)).await;
        assert!(group.run_value(ready(())).await.is_err());
        assert_eq!(start.elapsed(), ms(30));
        assert_eq!(child.join().await, Ok(3));
    });
}

#[test]
fn a_grace_that_panics_ends_the_group() {
    let dropped = Counter::new();
    let text = panic_of(|| {
        smolio_test::run(async {
            let guard = dropped.guard();
            let group = TaskGroup::infallible();
            let grace = async {
                yield_now().await;
                panic!("in the grace");
            };
            let body = async move {
                let _guard = guard;
                pending::<()>().await;
            };
            group.cancel_with_grace(grace);
            group.run_value(body).await
        })
    });
    assert_eq!(text, "in the grace");
    assert_eq!(dropped.get(), 1);
}

#[test]
fn a_grace_goes_with_the_run() {
    let (grace, cleaned) = (Counter::new(), Counter::new());
    let group = TaskGroup::<&str>::new();
    let (guard, done) = (grace.guard(), cleaned.clone());
    let mut run = Manual::new(group.run_until_cancelled(async {
        let clean_up = async move { done.add() };
        group.cancel_with_grace(async move {
            let _guard = guard;
            smolio_executor::finally(pending::<()>(), clean_up).await;
        });
        yield_now().await;
        Ok(1)
    }));
    assert_eq!(
        run.poll_while_woken().map(Result::unwrap),
        Poll::Ready(Some(1))
    );
    // Before the future itself is dropped, and with its clean-ups.
    assert_eq!((grace.get(), cleaned.get()), (1, 1));
}

#[test]
fn t30_a_child_is_cancelled_by_its_handle() {
    let hook = Hook::install();
    explore(|| async {
        let (sleepers, log) = (Sleepers::new(), Log::new());
        let group = TaskGroup::infallible();
        let value = group
            .run_value(async {
                let cancelled = group.spawn(sleepers.one());
                let sibling = group.spawn_value(async {
                    sleep(ms(10)).await;
                    log.say("the group goes on");
                    1
                });
                sleep(ms(1)).await;
                cancelled.cancel();
                sleep(ms(1)).await;
                assert_eq!(sleepers.dropped.get(), 1);
                assert_eq!(group.stats().alive, 1);
                sibling.await
            })
            .await;
        assert_eq!(value, Ok(1));
        assert_eq!(log.take(), ["the group goes on"]);
    });
    hook.assert_silent();
}

#[test]
fn t30_and_then_awaited_or_joined() {
    explore(|| async {
        let (sleepers, start) = (Sleepers::new(), Instant::now());
        let group = TaskGroup::infallible();
        let value = group
            .run_value(async {
                let awaited = group.spawn(sleepers.one());
                let joined = group.spawn(sleepers.one());
                sleep(ms(1)).await;
                awaited.cancel();
                joined.cancel();
                assert_eq!(joined.join().await, Err(ChildError::Cancelled));
                let text = crate::support::panic_in(awaited).await;
                let expected =
                    "awaited a child that was cancelled; `join()` gives this as an error";
                assert_eq!(text, expected);
                sleep(ms(1)).await;
                7
            })
            .await;
        assert_eq!(value, Ok(7));
        assert_eq!(start.elapsed(), ms(2));
        assert_eq!(sleepers.dropped.get(), 2);
    });
}

#[test]
fn a_child_that_awaits_a_sibling_who_is_cancelled_panics_and_so_the_group() {
    let text = panic_of(|| {
        smolio_test::run(async {
            let group = TaskGroup::infallible();
            let victim = group.spawn(pending::<()>());
            victim.cancel();
            group.spawn(victim);
            group.run_value(pending::<()>()).await
        })
    });
    assert!(text.starts_with("awaited a child that was cancelled"));
}

#[test]
fn a_child_that_is_cancelled_before_its_first_poll_has_none() {
    explore(|| async {
        let sleepers = Sleepers::new();
        let group = TaskGroup::infallible();
        let before = group.spawn(sleepers.one());
        before.cancel();
        assert_eq!(sleepers.dropped.get(), 0);
        group
            .run_value(async {
                group.spawn(sleepers.one()).cancel();
            })
            .await
            .unwrap();
        assert_eq!((sleepers.polls.get(), sleepers.dropped.get()), (0, 2));
    });
}

#[test]
fn a_child_that_has_ended_keeps_its_value() {
    explore(|| async {
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let child = group.spawn_value(async { 1 });
                sleep(ms(1)).await;
                child.cancel();
                sleep(ms(1)).await;
                assert_eq!(child.join().await, Ok(1));
                let join = group.spawn_value(async { 1 }).join();
                sleep(ms(1)).await;
                join.cancel();
                assert_eq!(join.await, Ok(1));
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_child_cancels_itself_at_its_next_await() {
    explore(|| async {
        let log = Log::new();
        let handle = std::cell::RefCell::new(None::<smolio_task_group::Child<()>>);
        let group = LocalTaskGroup::infallible();
        group
            .run_value(async {
                let child = group.spawn(async {
                    let _guard = log.on_drop("dropped");
                    handle.borrow_mut().take().unwrap().cancel();
                    log.say("goes on");
                    yield_now().await;
                    log.say("never");
                });
                *handle.borrow_mut() = Some(child);
            })
            .await
            .unwrap();
        assert_eq!(log.take(), ["goes on", "dropped"]);
    });
}

#[test]
fn a_handle_that_cancels_respects_a_shield() {
    explore(|| async {
        let (log, start) = (Log::new(), Instant::now());
        let group = TaskGroup::infallible();
        group
            .run_value(async {
                let child = group.spawn(async {
                    let _guard = log.on_drop("dropped");
                    let commit = async {
                        sleep(ms(10)).await;
                        log.say("committed");
                    };
                    CancelScope::new().shielded().run(commit).await;
                    log.say("until its next await");
                    yield_now().await;
                    log.say("never");
                });
                sleep(ms(1)).await;
                child.cancel();
                yields(3).await;
                assert!(!child.is_finished());
                assert_eq!(child.join().await, Err(ChildError::Cancelled));
                assert_eq!(start.elapsed(), ms(10));
            })
            .await
            .unwrap();
        let expected = ["committed", "until its next await", "dropped"];
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn a_token_says_so_to_those_who_come_late() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let early = group.cancelled();
        group.run(ready(Err::<(), _>("end"))).await.unwrap_err();
        assert!(early.is_cancelled());
        assert!(group.cancelled().is_cancelled());

        let group = TaskGroup::<&str>::new();
        group.run(ready(Err::<(), _>("end"))).await.unwrap_err();
        assert!(group.cancelled().is_cancelled());

        let group = TaskGroup::<&str>::new();
        group.cancel();
        assert!(group.cancelled().is_cancelled());
        group.run(ready(Ok(()))).await.unwrap_err();
        assert!(group.cancelled().is_cancelled());

        // A group that ends well was not cancelled.
        let group = TaskGroup::<&str>::new();
        let early = group.cancelled();
        group.run(ready(Ok(()))).await.unwrap();
        group.cancel();
        assert!(!early.is_cancelled() && !group.cancelled().is_cancelled());
    });
}
