//! Spawning when it is too late: refused, never polled, and never in silence.

use std::{
    cell::RefCell,
    future::{pending, ready},
    sync::Mutex,
};

use smolio_context::UnhandledKind;
use smolio_executor::yield_now;
use smolio_task_group::{CancelScope, Child, ChildError, Join, Spawner, TaskGroup};
use smolio_timer::sleep;

use crate::support::{Counter, Hook, Log, Manual, Polls, explore, ms, panic_of, yields};

/// Spawns into its group when it is dropped, in both ways.
struct SpawnsLate<'a> {
    spawner: Spawner<'a, &'static str>,
    polls: &'a Counter,
    dropped: &'a Counter,
    join: &'a Mutex<Option<Join<()>>>,
}

impl Drop for SpawnsLate<'_> {
    fn drop(&mut self) {
        let guard = self.dropped.guard();
        let future = Polls::new(self.polls, async move { drop(guard) });
        let child: Child<()> = self.spawner.spawn(future);
        assert!(child.is_finished());
        assert_eq!(self.dropped.get(), 1);
        *self.join.lock().unwrap() = Some(child.join());
        let refused = self.spawner.try_spawn(ready(())).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "could not spawn into a task group that takes no more children"
        );
        assert_eq!(refused.into_inner().into_inner(), ());
    }
}

#[test]
fn t16_a_sibling_spawns_while_the_group_is_ending() {
    let hook = Hook::install();
    explore(|| async {
        let (polls, dropped) = (Counter::new(), Counter::new());
        let join = Mutex::new(None);
        let group = TaskGroup::<&str>::new();
        let result: Result<(), _> = group
            .run(async {
                let late = SpawnsLate {
                    spawner: group.spawner(),
                    polls: &polls,
                    dropped: &dropped,
                    join: &join,
                };
                group.spawn(async move {
                    let _late = late;
                    pending::<()>().await;
                });
                sleep(ms(1)).await;
                group.spawn(async { Err::<(), _>("end") });
                pending().await
            })
            .await;
        assert_eq!(result.unwrap_err().into_first(), Some("end"));
        assert_eq!((polls.get(), dropped.get()), (0, 1));
        let late = join.lock().unwrap().take().unwrap();
        assert_eq!(late.await, Err(ChildError::Refused));
    });
    // It is no news while the group is ending.
    hook.assert_silent();
}

#[test]
fn t16_the_body_spawns_while_the_group_is_ending() {
    let hook = Hook::install();
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let (polls, done) = (Counter::new(), Counter::new());
        let result: Result<(), _> = group
            .run(async {
                group.spawn(async { Err::<(), _>("end") });
                // Shielded: so it is still there after the failure.
                let work = async {
                    sleep(ms(1)).await;
                    let join = group.spawn(Polls::new(&polls, async {})).join();
                    assert_eq!(join.await, Err(ChildError::Refused));
                    assert!(group.try_spawn(async {}).is_err());
                    assert!(!group.stats().is_open);
                    let started = group.start(|ready| async move {
                        ready.set(1);
                        Ok(())
                    });
                    let refused = started.await.unwrap_err();
                    assert_eq!(refused, smolio_task_group::StartError::Refused);
                    // Those who wait for a place are not kept.
                    group.ready().await;
                    let join = group.spawn_when_ready(async {}).await.join();
                    assert_eq!(join.await, Err(ChildError::Refused));
                    done.add();
                };
                CancelScope::new().shielded().run(work).await;
                pending().await
            })
            .await;
        assert_eq!(result.unwrap_err().failures().len(), 1);
        assert_eq!((polls.get(), done.get()), (0, 1));
    });
    hook.assert_silent();
}

#[test]
fn t18_a_group_runs_once() {
    explore(|| async {
        let dropped = Counter::new();
        let group = TaskGroup::<&str>::new();
        assert_eq!(group.run(ready(Ok(1))).await.unwrap(), 1);
        let guard = dropped.guard();
        let error = group
            .run(async {
                let _guard = guard;
                Ok(2)
            })
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the task group was run before: make a new one for each run"
        );
        assert!(error.is_already_run() && !error.is_cancelled());
        assert!(error.failures().is_empty());
        assert_eq!(error.into_first(), None);
        assert_eq!(dropped.get(), 1);

        let group = TaskGroup::infallible();
        group.run_value(async {}).await.unwrap();
        let error = group.run_value(async {}).await.unwrap_err();
        assert!(error.is_already_run());
    });
}

#[test]
fn t18_a_second_run_beside_the_first_leaves_it_alone() {
    explore(|| async {
        let group = TaskGroup::infallible();
        let value = group
            .run_value(async {
                let child = group.spawn_value(async {
                    sleep(ms(1)).await;
                    1
                });
                let error = group.run_value(async { 2 }).await.unwrap_err();
                assert!(error.is_already_run());
                child.await
            })
            .await;
        assert_eq!(value, Ok(1));
    });
}

#[test]
fn a_run_that_was_never_polled_is_none() {
    let group = TaskGroup::infallible();
    drop(group.run_value(async {}));
    let child = group.spawn_value(async { 1 });
    let mut run = Manual::new(group.run_value(child));
    assert_eq!(run.poll_while_woken(), std::task::Poll::Ready(Ok(1)));
}

#[test]
fn t18_a_spawn_after_the_end_is_told_to_the_hook() {
    let hook = Hook::install();
    smolio_test::run(async {
        let polls = Counter::new();
        let group = TaskGroup::<&str>::new();
        let spawner = group.spawner();
        group.run(async { Ok(()) }).await.unwrap();
        hook.assert_silent();

        let child = group.spawn(Polls::new(&polls, async {}));
        let told = hook.take_one();
        assert_eq!(told.kind(), UnhandledKind::GivenUp);
        assert_eq!(
            told.message(),
            "a child that was spawned into a task group that had ended"
        );
        assert_eq!(told.task().unwrap().name(), "main");
        assert_eq!(child.join().await, Err(ChildError::Refused));

        // Whoever has an error in hand needs no hook.
        assert!(group.try_spawn(async {}).is_err());
        assert!(spawner.try_spawn(async {}).is_err());
        hook.assert_silent();

        let join = spawner.spawn_value(async { 1 }).join();
        assert_eq!(join.await, Err(ChildError::Refused));
        hook.take_one();
        assert_eq!(polls.get(), 0);
    });
    // And when the group itself is gone.
    let spawner = TaskGroup::<&str>::new().spawner();
    assert!(spawner.try_spawn(async {}).is_err());
    hook.assert_silent();
    let child = spawner.spawn_named("late", async {});
    hook.take_one();
    assert!(child.is_finished());
    spawner.cancel();
    let text = panic_of(|| futures_lite::future::block_on(child));
    assert_eq!(
        text,
        "awaited a child that was refused: its group takes no more; `join()` gives this as an error"
    );
}

#[test]
fn n1_a_spawn_within_the_grace_is_refused() {
    let hook = Hook::install();
    explore(|| async {
        let polls = Counter::new();
        let group = TaskGroup::infallible();
        let spawner = group.spawner();
        let polls = &polls;
        let value = group
            .run_value(async {
                let token = group.cancelled();
                let polite = group.spawn_value(async move {
                    token.await;
                    let refused = spawner.spawn_value(Polls::new(polls, async {}));
                    assert!(spawner.try_spawn(async {}).is_err());
                    assert_eq!(refused.join().await, Err(ChildError::Refused));
                    sleep(ms(5)).await;
                    "farewell"
                });
                sleep(ms(1)).await;
                group.cancel_with_grace(sleep(ms(10)));
                assert!(!group.stats().is_open);
                assert!(group.try_spawn(async {}).is_err());
                let refused = group.spawn_value(Polls::new(polls, async {}));
                assert_eq!(refused.join().await, Err(ChildError::Refused));
                polite.await
            })
            .await;
        assert_eq!(value, Ok("farewell"));
        assert_eq!(polls.get(), 0);
    });
    hook.assert_silent();
}

#[test]
fn a_child_may_come_in_until_the_last_moment() {
    // The destructor of the last child, or of the body, spawns one more.
    struct SpawnsOneMore<'a>(Spawner<'a>, &'a Counter);
    impl Drop for SpawnsOneMore<'_> {
        fn drop(&mut self) {
            let Self(spawner, done) = self;
            let done = done.clone();
            spawner.spawn(async move {
                yield_now().await;
                done.add();
            });
        }
    }
    explore(|| async {
        let done = Counter::new();
        let group = TaskGroup::infallible();
        let from_body = SpawnsOneMore(group.spawner(), &done);
        group
            .run_value(async {
                let _from_body = from_body;
                let from_child = SpawnsOneMore(group.spawner(), &done);
                group.spawn(async {
                    yield_now().await;
                    drop(from_child);
                });
                yield_now().await;
            })
            .await
            .unwrap();
        assert_eq!(done.get(), 2);
        assert_eq!(group.stats().alive, 0);
    });
}

#[test]
fn children_of_a_group_that_is_never_run_are_dropped_with_it() {
    let dropped = RefCell::new(Vec::new());
    struct Says<'a>(&'a RefCell<Vec<u32>>, u32);
    impl Drop for Says<'_> {
        fn drop(&mut self) {
            self.0.borrow_mut().push(self.1);
        }
    }
    let group = smolio_task_group::LocalTaskGroup::infallible();
    for number in 0..3 {
        let says = Says(&dropped, number);
        group.spawn_value(async move {
            let _says = says;
        });
    }
    let child = group.spawn_value(async { 1 });
    let join = group.spawn_value(async { 1 }).join();
    drop(group);
    assert_eq!(*dropped.borrow(), [2, 1, 0]);
    assert!(child.is_finished());
    let mut join = Manual::new(join);
    assert_eq!(join.poll_ready(), Err(ChildError::Cancelled));
    let mut child = Manual::new(child);
    let text = panic_of(|| child.poll());
    assert!(text.starts_with("awaited a child that was cancelled"));
}

#[test]
fn whoever_awaits_a_child_from_outside_hears_of_the_end() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let child = group.spawn(pending::<()>());
        let failing = group.spawn(async {
            yields(3).await;
            Err::<(), _>("end")
        });
        let outside = smolio_executor::spawn(async move {
            let one = crate::support::panic_in(child).await;
            let other = crate::support::panic_in(failing).await;
            (one, other)
        });
        let result: Result<(), _> = group.run(pending()).await;
        assert!(result.is_err());
        let (one, other) = outside.await;
        let way_out = "; `join()` gives this as an error";
        assert_eq!(one, format!("awaited a child that was cancelled{way_out}"));
        assert_eq!(other, format!("awaited a child that failed{way_out}"));
    });
}

#[test]
fn join_says_what_became_of_it() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let (value, failing, cancelled) = (
            group.spawn_value(async { 7 }).join(),
            group
                .spawn(async {
                    sleep(ms(1)).await;
                    Err::<(), _>("end")
                })
                .join(),
            group.spawn(pending::<()>()).join(),
        );
        let outside =
            smolio_executor::spawn(async move { (value.await, failing.await, cancelled.await) });
        let result: Result<(), _> = group.run(pending()).await;
        assert!(result.is_err());
        let expected = (Ok(7), Err(ChildError::Failed), Err(ChildError::Cancelled));
        assert_eq!(outside.await, expected);
    });
}

/// Says when it is dropped whether its handle takes it for finished already.
struct AsksItsHandle(std::sync::Arc<Mutex<Option<Child<()>>>>, Log);

impl Drop for AsksItsHandle {
    fn drop(&mut self) {
        let handle = self.0.lock().unwrap();
        self.1
            .say(format!("{}", handle.as_ref().unwrap().is_finished()));
    }
}

#[test]
fn a_child_is_finished_once_its_future_is_gone() {
    explore(|| async {
        for end in [
            "value",
            "error",
            "panic",
            "cancelled",
            "group fails",
            "shielded",
        ] {
            let (handle, log) = (std::sync::Arc::default(), Log::new());
            let group = TaskGroup::<&str>::new();
            let run = group.run(async {
                let asks = AsksItsHandle(std::sync::Arc::clone(&handle), log.clone());
                let child = group.spawn(async move {
                    let _asks = asks;
                    sleep(ms(1)).await;
                    match end {
                        "value" => return Ok(()),
                        "error" => return Err("error"),
                        "panic" => std::panic::resume_unwind(Box::new("panic")),
                        "shielded" => {
                            CancelScope::new().shielded().run(sleep(ms(5))).await;
                        }
                        _ => {}
                    }
                    pending().await
                });
                *handle.lock().unwrap() = Some(child);
                sleep(ms(2)).await;
                match end {
                    "cancelled" | "shielded" => {
                        handle.lock().unwrap().as_ref().unwrap().cancel();
                    }
                    "group fails" => return Err("group fails"),
                    _ => {}
                }
                Ok(())
            });
            let run = std::panic::AssertUnwindSafe(run);
            let _outcome = futures_lite::FutureExt::catch_unwind(run).await;
            assert_eq!(log.take(), ["false"], "{end}");
            assert!(handle.lock().unwrap().as_ref().unwrap().is_finished());
        }
    });
}

#[test]
fn a_child_that_has_gone_with_its_group_is_awaited_until_the_group_has_gone() {
    let group = TaskGroup::<&str>::new();
    let (failing, sibling) = (
        group.spawn(async { Err::<(), _>("end") }),
        group.spawn(pending::<()>()),
    );
    let last_words = CancelScope::new();
    let keeps = CancelScope::new().shielded();
    let mut run = Manual::new(group.run(async {
        keeps.run(last_words.run(pending::<()>())).await;
        Ok(())
    }));
    assert!(run.poll_while_woken().is_pending());
    assert!(failing.is_finished() && sibling.is_finished());
    let mut awaited = [Manual::new(failing), Manual::new(sibling)];
    for child in &mut awaited {
        for _ in 0..3 {
            child.poll_pending();
        }
        assert_eq!((child.wakes.count(), child.wakes.clones()), (0, 1));
    }
    last_words.cancel();
    run.poll_ready().unwrap_err();
    for (child, why) in awaited.iter_mut().zip(["failed", "was cancelled"]) {
        assert_eq!((child.wakes.count(), child.wakes.clones()), (1, 0));
        let text = panic_of(|| child.poll());
        assert!(
            text.starts_with(&format!("awaited a child that {why};")),
            "{text}"
        );
    }
}
