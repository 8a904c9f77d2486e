//! Panics in all that is not ours: children, body, destructors, wakers, the text of an error. All others still go, the first
//! panic resumes from `run`, and what it leaves no room for reaches the hook.

use std::{
    fmt,
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind},
    sync::Mutex,
};

use smolio_context::UnhandledKind;
use smolio_executor::{finally, yield_now};
use smolio_task_group::{CancelScope, ChildError, SupervisedError, Supervisor, TaskGroup};
use smolio_timer::sleep;

use crate::support::{Counter, Hook, Manual, explore, ms, panic_in, panic_of};

/// Panics when it is dropped, unless it is dropped by a panic.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_any(self.0);
        }
    }
}

#[test]
fn t24_a_panic_resumes_when_all_are_gone_and_the_rest_reaches_the_hook() {
    let hook = Hook::install();
    explore(|| async {
        let dropped = Counter::new();
        let group = TaskGroup::<&str>::new();
        let run = group.run(async {
            for _ in 0..3 {
                let guard = dropped.guard();
                group.spawn(async {
                    let _guard = guard;
                    sleep(ms(1000)).await;
                });
            }
            group.spawn_named("second", async {
                let _bomb = Bomb("while being dropped");
                pending::<()>().await;
            });
            // Shielded, so that it fails after the panic.
            group.spawn_named("late", async {
                let work = async {
                    sleep(ms(2)).await;
                    Err::<(), _>("too late")
                };
                CancelScope::new().shielded().run(work).await.unwrap()
            });
            group.spawn_named("first", async {
                sleep(ms(1)).await;
                if true {
                    panic_any("the first");
                }
            });
            let _guard = dropped.guard();
            pending::<()>().await;
            Ok(())
        });
        assert_eq!(panic_in(run).await, "the first");
        assert_eq!(dropped.get(), 4);
        let told = hook.take();
        let told = Vec::from_iter(told.iter().map(|one| {
            let name = one.task().unwrap().name().into_owned();
            (one.kind(), one.message().to_string(), name)
        }));
        let expected = [
            (UnhandledKind::Panic, "while being dropped", "second"),
            (UnhandledKind::Error, "too late", "late"),
        ];
        let expected =
            expected.map(|(kind, message, name)| (kind, message.to_string(), name.to_string()));
        assert_eq!(told, expected);
    });
}

#[test]
fn t24_a_failure_before_the_panic_reaches_the_hook_too() {
    let hook = Hook::install();
    smolio_test::run(async {
        let group = TaskGroup::<&str>::new();
        group.spawn(async {
            let _bomb = Bomb("the bomb");
            pending::<()>().await;
        });
        let run = group.run(async {
            yield_now().await;
            Err::<(), _>("failed first")
        });
        // The bomb goes off because of the failure, but a panic is the louder of the two.
        assert_eq!(panic_in(run).await, "the bomb");
    });
    let told = hook.take_one();
    assert_eq!(
        (told.kind(), told.message()),
        (UnhandledKind::Error, "failed first")
    );
}

#[test]
fn the_payload_is_the_childs() {
    #[derive(PartialEq, Debug)]
    struct Payload(u32);
    let result = catch_unwind(AssertUnwindSafe(|| {
        smolio_test::run(async {
            let group = TaskGroup::infallible();
            group.spawn_value(async { resume_unwind(Box::new(Payload(7))) });
            group.run_value(pending::<()>()).await
        })
    }));
    let payload = result.unwrap_err().downcast::<Payload>().unwrap();
    assert_eq!(*payload, Payload(7));
}

#[test]
fn a_body_that_panics_takes_the_children_along() {
    explore(|| async {
        let dropped = Counter::new();
        let group = TaskGroup::infallible();
        let run = group.run_value(async {
            let guard = dropped.guard();
            group.spawn_value(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            sleep(ms(1)).await;
            panic_any("the body");
        });
        assert_eq!(panic_in(run).await, "the body");
        assert_eq!(dropped.get(), 1);
        assert_eq!(group.stats().alive, 0);
        assert!(
            group
                .run_value(async {})
                .await
                .unwrap_err()
                .is_already_run()
        );
    });
}

#[test]
fn a_body_that_panics_in_its_destructor_takes_them_along_too() {
    explore(|| async {
        let dropped = Counter::new();
        let group = TaskGroup::<&str>::new();
        let guard = dropped.guard();
        group.spawn(async move {
            let _guard = guard;
            sleep(ms(1)).await;
            Err::<(), _>("end")
        });
        let hook = Hook::install();
        let run = group.run(async {
            let _bomb = Bomb("in the body");
            pending::<()>().await;
            Ok(())
        });
        assert_eq!(panic_in(run).await, "in the body");
        assert_eq!(dropped.get(), 1);
        assert_eq!(hook.take_one().message(), "end");
    });
}

#[test]
fn a_value_that_panics_in_its_destructor_is_its_childs_panic() {
    explore(|| async {
        let dropped = Counter::new();
        let group = TaskGroup::infallible();
        let guard = dropped.guard();
        group.spawn_value(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        // Nobody holds the handle, so the value is dropped at once.
        drop(group.spawn_value(async { Bomb("the value") }));
        assert_eq!(
            panic_in(group.run_value(pending::<()>())).await,
            "the value"
        );
        assert_eq!(dropped.get(), 1);
    });
}

#[test]
fn those_who_join_a_child_that_panics_hear_of_it() {
    explore(|| async {
        let group = TaskGroup::infallible();
        let child = group.spawn_value(async {
            sleep(ms(1)).await;
            panic_any("the child");
        });
        let (other, joined) = (group.spawn_value(ready(1)), Mutex::new(None));
        let scope = CancelScope::new().shielded();
        let run = group.run_value(async {
            let outcome = scope.run(child.join()).await.unwrap();
            *joined.lock().unwrap() = Some(outcome);
        });
        assert_eq!(panic_in(run).await, "the child");
        assert_eq!(
            joined.into_inner().unwrap(),
            Some(Err(ChildError::Panicked))
        );
        assert_eq!(other.join().await, Ok(1));
    });
}

#[test]
fn two_panics_in_one_poll_are_one_panic_and_one_report() {
    let hook = Hook::install();
    smolio_test::run(async {
        let group = TaskGroup::infallible();
        for text in ["one", "two", "three"] {
            group.spawn_value(async move {
                let _bomb = Bomb(text);
                pending::<()>().await;
            });
        }
        group.spawn_value(async {
            yield_now().await;
            panic_any("zero");
        });
        let text = panic_in(group.run_value(pending::<()>())).await;
        assert_eq!(text, "zero");
    });
    let told = hook.take_messages();
    let panics = ["three", "two", "one"].map(|text| (UnhandledKind::Panic, text.to_string()));
    assert_eq!(told, panics);
}

#[test]
fn panics_of_a_dropped_run_reach_the_hook() {
    let hook = Hook::install();
    let dropped = Counter::new();
    let group = TaskGroup::<&str>::new();
    let mut run = Manual::new(group.run(async {
        for text in ["one", "two"] {
            let guard = dropped.guard();
            group.spawn(async move {
                let _guard = guard;
                let _bomb = Bomb(text);
                pending::<()>().await;
            });
        }
        let _bomb = Bomb("body");
        pending::<()>().await;
        Ok(())
    }));
    run.poll_pending();
    run.poll_pending();
    drop(run);
    let told = Vec::from_iter(hook.take_messages().into_iter().map(|(_, text)| text));
    // The first is kept until the end, in case there is somebody to resume it in.
    assert_eq!(told, ["two", "one", "body"]);
    assert_eq!(dropped.get(), 2);
}

#[test]
fn panics_of_children_that_never_ran_reach_the_hook() {
    let hook = Hook::install();
    let group = TaskGroup::<&str>::new();
    for text in ["one", "two"] {
        let bomb = Bomb(text);
        group.spawn(async move {
            let _bomb = bomb;
        });
    }
    drop(group);
    let told = Vec::from_iter(hook.take_messages().into_iter().map(|(_, text)| text));
    assert_eq!(told, ["two", "one"]);
}

#[test]
fn a_run_that_is_dropped_by_a_panic_drops_all() {
    let hook = Hook::install();
    let dropped = Counter::new();
    let text = panic_of(|| {
        let group = TaskGroup::infallible();
        let mut run = Manual::new(group.run_value(async {
            for _ in 0..3 {
                let guard = dropped.guard();
                group.spawn_value(async move {
                    let _guard = guard;
                    pending::<()>().await;
                });
            }
            pending::<()>().await;
        }));
        assert!(run.poll_while_woken().is_pending());
        panic_any("elsewhere");
    });
    assert_eq!(text, "elsewhere");
    assert_eq!(dropped.get(), 3);
    hook.assert_silent();
}

/// An error whose text cannot be had.
#[derive(Debug)]
struct NoText;

impl fmt::Display for NoText {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic_any("in the text of an error")
    }
}

#[test]
fn an_error_without_a_text_does_not_take_the_panic_of_another() {
    let hook = Hook::install();
    smolio_test::run(async {
        let group = TaskGroup::<NoText>::new();
        group.spawn(async {
            let _bomb = Bomb("the bomb");
            pending::<()>().await;
        });
        let run = group.run(async {
            yield_now().await;
            Err::<(), _>(NoText)
        });
        assert_eq!(panic_in(run).await, "the bomb");
    });
    let told = hook.take_one();
    assert_eq!(told.message(), "in the text of an error");
}

#[test]
fn an_error_without_a_text_in_a_dropped_run() {
    let hook = Hook::install();
    let group = TaskGroup::<NoText>::new();
    let mut run = Manual::new(group.run(async {
        group.spawn(async { Err::<(), _>(NoText) });
        // Keeps the group from its end.
        CancelScope::new().shielded().run(pending::<()>()).await;
        Ok(())
    }));
    assert!(run.poll_while_woken().is_pending());
    drop(run);
    assert_eq!(hook.take_one().message(), "in the text of an error");
}

/// An error that panics when nobody has taken it.
struct Bitter {
    _bomb: Bomb,
}

impl Bitter {
    fn new(text: &'static str) -> Self {
        Self { _bomb: Bomb(text) }
    }
}

impl fmt::Display for Bitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bitter")
    }
}

#[test]
fn an_error_that_panics_in_its_destructor_in_a_dropped_run() {
    let hook = Hook::install();
    let dropped = Counter::new();
    let group = TaskGroup::<Bitter>::new();
    let guard = dropped.guard();
    let mut run = Manual::new(group.run(async {
        for text in ["one", "two"] {
            group.spawn(async move { Err::<(), _>(Bitter::new(text)) });
        }
        let _guard = guard;
        // Keeps the group from its end.
        CancelScope::new().shielded().run(pending::<()>()).await;
        Ok(())
    }));
    assert!(run.poll_while_woken().is_pending());
    drop(run);
    assert_eq!(dropped.get(), 1);
    let told = Vec::from_iter(hook.take_messages().into_iter().map(|(_, text)| text));
    assert_eq!(told, ["one"]);
}

#[test]
fn an_error_without_a_text_among_those_of_a_supervisor() {
    let hook = Hook::install();
    smolio_test::run(async {
        let done = Counter::new();
        let supervisor = Supervisor::<NoText>::new();
        supervisor
            .run(async {
                for _ in 0..70 {
                    drop(supervisor.spawn(async { Err::<(), _>(NoText) }));
                }
                drop(supervisor.spawn(async {
                    sleep(ms(1)).await;
                    done.add();
                }));
            })
            .await
            .unwrap();
        assert_eq!(done.get(), 1);
    });
    assert_eq!(hook.take().len(), 70);
}

#[test]
fn a_supervised_child_that_panics_in_its_destructor_is_a_failure_like_any_other() {
    explore(|| async {
        let done = Counter::new();
        let supervisor = Supervisor::<&str>::new();
        let text = supervisor
            .run(async {
                let victim = supervisor.spawn_named("victim", async {
                    let _bomb = Bomb("the bomb");
                    pending::<()>().await;
                });
                drop(supervisor.spawn(async {
                    sleep(ms(10)).await;
                    done.add();
                }));
                sleep(ms(1)).await;
                victim.cancel();
                let failure = supervisor.next_failure().await.unwrap();
                assert_eq!(failure.name, "victim");
                match failure.error {
                    SupervisedError::Panicked(panic) => panic.message().to_string(),
                    SupervisedError::Failed(error) => error.to_string(),
                }
            })
            .await
            .unwrap();
        assert_eq!(text, "the bomb");
        assert_eq!(done.get(), 1);
        assert_eq!(supervisor.stats().failed, 1);
    });
}

#[test]
fn a_clean_up_that_panics_is_no_end_for_the_supervised() {
    let hook = Hook::install();
    explore(|| async {
        let done = Counter::new();
        let supervisor = Supervisor::<&str>::new();
        supervisor
            .run(async {
                let clean_up = async {
                    yield_now().await;
                    panic_any("in the clean-up");
                };
                let victim = supervisor.spawn(finally(pending::<()>(), clean_up));
                drop(supervisor.spawn(async {
                    sleep(ms(10)).await;
                    done.add();
                }));
                sleep(ms(1)).await;
                victim.cancel();
            })
            .await
            .unwrap();
        assert_eq!(done.get(), 1);
        assert_eq!(hook.take_one().message(), "in the clean-up");
    });
}

#[test]
fn a_clean_up_that_panics_is_a_panic_of_the_group() {
    explore(|| async {
        let dropped = Counter::new();
        let group = TaskGroup::infallible();
        let guard = dropped.guard();
        group.spawn_value(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let clean_up = async {
            yield_now().await;
            panic_any("in the clean-up");
        };
        group.spawn(finally(pending::<()>(), clean_up)).cancel();
        let text = panic_in(group.run_value(pending::<()>())).await;
        assert_eq!(text, "in the clean-up");
        assert_eq!(dropped.get(), 1);
    });
}
