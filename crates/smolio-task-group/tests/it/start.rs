//! Starting a child and waiting until it is ready.

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    pin::pin,
    sync::OnceLock,
};

use smolio_context::{Instant, TaskInfo, budget_left, current_task, spend_budget};
use smolio_executor::yield_now;
use smolio_task_group::{CancelScope, ReadySignal, StartError, TaskGroup};
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, Hook, Log, Manual, explore, ms, panic_in, yields};

#[test]
fn n7_ready_after_one_and_runs_six_more() {
    explore(|| async {
        let start = Instant::now();
        let group = TaskGroup::<&str>::new();
        group
            .run(async {
                let started = group.start(|ready| async move {
                    sleep(ms(1000)).await;
                    ready.set("V");
                    sleep(ms(6000)).await;
                    Ok(())
                });
                assert_eq!(started.await, Ok("V"));
                assert_eq!(start.elapsed(), ms(1000));
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(start.elapsed(), ms(7000));
    });
}

#[test]
fn n7_a_failure_before_it_is_ready_is_the_starters() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        group
            .run(async {
                for polls in [0, 3] {
                    let started = group.start(|ready: ReadySignal<u8>| async move {
                        yields(polls).await;
                        let _ready = ready;
                        Err::<(), _>("port in use")
                    });
                    assert_eq!(started.await, Err(StartError::Failed("port in use")));
                }
                yields(5).await;
                assert!(group.stats().is_open);
                Ok(())
            })
            .await
            .unwrap();
    });
}

#[test]
fn n7_a_failure_afterwards_is_the_groups() {
    explore(|| async {
        for polls in [0, 3] {
            let group = TaskGroup::<&str>::new();
            let result = group
                .run(async {
                    let started = group.start(|ready| async move {
                        ready.set(1);
                        // At once, too: the value is there, whether or not anybody has looked.
                        yields(polls).await;
                        Err::<(), _>("failed later")
                    });
                    assert_eq!(started.await, Ok(1));
                    pending::<Result<(), _>>().await
                })
                .await;
            assert_eq!(result.unwrap_err().into_first(), Some("failed later"));
        }
    });
}

#[test]
fn n7_an_end_without_being_ready() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                let early = group.start(|ready: ReadySignal<u8>| async {
                    let _ready = ready;
                    Ok(())
                });
                assert_eq!(early.await, Err(StartError::NotReady));
                let without_result = group.start(|ready: ReadySignal<u8>| async {
                    let _ready = ready;
                    yields(3).await;
                });
                assert_eq!(without_result.await, Err(StartError::NotReady));

                // The signal is dropped: it never will be ready. It goes on, as a child like any other.
                let start = Instant::now();
                let without_signal = group.start(|ready: ReadySignal<u8>| async {
                    drop(ready);
                    sleep(ms(10)).await;
                    Err::<(), _>("much later")
                });
                assert_eq!(without_signal.await, Err(StartError::NotReady));
                assert_eq!(start.elapsed(), ms(0));
                pending::<Result<(), _>>().await
            })
            .await;
        assert_eq!(result.unwrap_err().into_first(), Some("much later"));
    });
}

#[test]
fn n7_dropped_while_waiting() {
    explore(|| async {
        let (dropped, start) = (Counter::new(), Instant::now());
        let group = TaskGroup::<&str>::new();
        group
            .run(async {
                let guard = dropped.guard();
                let started = group.start(|ready: ReadySignal<u8>| async {
                    let _guard = guard;
                    sleep(ms(1000)).await;
                    ready.set(1);
                    Ok(())
                });
                timeout(ms(10), started).await.unwrap_err();
                sleep(ms(1)).await;
                assert_eq!(dropped.get(), 1);
                assert_eq!(group.stats().alive, 0);
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(start.elapsed(), ms(11));
    });
}

#[test]
fn n7_dropped_before_it_was_awaited() {
    explore(|| async {
        let polls = Counter::new();
        let group = TaskGroup::<&str>::new();
        group
            .run(async {
                let polls = &polls;
                drop(group.start(|ready| async move {
                    polls.add();
                    ready.set(1);
                    Ok(())
                }));
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(polls.get(), 0);
    });
}

#[test]
fn n7_dropped_after_it_was_ready() {
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::<&str>::new();
        group
            .run(async {
                let log = &log;
                let value = log.on_drop("value dropped");
                let mut started = Box::pin(group.start(|ready| async move {
                    ready.set(value);
                    sleep(ms(10)).await;
                    log.say("the child has stayed");
                    Ok(())
                }));
                assert!(
                    futures_lite::future::poll_once(&mut started)
                        .await
                        .is_none()
                );
                sleep(ms(1)).await;
                drop(started);
                assert_eq!(log.take(), ["value dropped"]);
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(log.take(), ["the child has stayed"]);
    });
}

#[test]
fn the_group_ends_while_it_is_waited_for() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                let wait = async {
                    let started = group.start(|ready: ReadySignal<u8>| async {
                        let _ready = ready;
                        pending::<()>().await;
                    });
                    assert_eq!(started.await, Err(StartError::Cancelled));
                };
                group.spawn(async {
                    sleep(ms(1)).await;
                    Err::<(), _>("end")
                });
                CancelScope::new().shielded().run(wait).await;
                pending::<Result<(), _>>().await
            })
            .await;
        assert_eq!(result.unwrap_err().failures().len(), 1);
    });
}

#[test]
fn a_panic_before_it_is_ready_is_the_groups() {
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let run = group.run(async {
            let started = group.start(|ready: ReadySignal<u8>| async {
                let _ready = ready;
                yield_now().await;
                if true {
                    panic!("while starting");
                }
            });
            started.await.ok();
            pending::<Result<(), _>>().await
        });
        assert_eq!(panic_in(run).await, "while starting");
    });
}

/// Polls `future` when the budget of the task is used up.
async fn without_budget<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // Every other poll has some left, or nothing would ever come of it.
        if budget_left().is_some_and(|left| left > 0) {
            while budget_left() != Some(0) {
                spend_budget();
            }
        }
        future.as_mut().poll(cx)
    })
    .await
}

#[test]
fn an_error_is_not_lost_when_the_starter_has_no_budget_left() {
    let hook = Hook::install();
    smolio_test::run(async {
        let group = TaskGroup::<&str>::new();
        let mut started = Box::pin(group.start(|ready: ReadySignal<u8>| async {
            let _ready = ready;
            yield_now().await;
            Err::<(), _>("port in use")
        }));
        let result = group
            .run(async {
                assert!(
                    futures_lite::future::poll_once(&mut started)
                        .await
                        .is_none()
                );
                sleep(ms(1)).await;
                let early = without_budget(futures_lite::future::poll_once(&mut started)).await;
                assert_eq!(early, None, "it must wait for the next poll");
                Ok(started.await)
            })
            .await;
        assert_eq!(result.unwrap(), Err(StartError::Failed("port in use")));
    });
    hook.assert_silent();
}

#[test]
fn an_error_that_no_starter_waits_for_any_more_reaches_the_hook() {
    let hook = Hook::install();
    explore(|| async {
        let group = TaskGroup::<&str>::new();
        let started = group.start(|ready: ReadySignal<u8>| async {
            let _ready = ready;
            yield_now().await;
            Err::<(), _>("port in use")
        });
        group
            .run(async {
                sleep(ms(1)).await;
                drop(started);
                assert_eq!(hook.take_one().message(), "port in use");
                Ok(())
            })
            .await
            .unwrap();
    });
}

#[test]
fn the_hook_is_told_whose_error_it_was_though_it_has_no_text() {
    struct NoText;
    impl fmt::Display for NoText {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("in the text of an error")
        }
    }
    let hook = Hook::install();
    smolio_test::run(async {
        let (child, dropped) = (OnceLock::new(), Counter::new());
        let group = TaskGroup::<NoText>::new();
        let started = group.start(|ready: ReadySignal<u8>| {
            let child = &child;
            async move {
                let _ready = ready;
                child.set(current_task().unwrap().id()).unwrap();
                yield_now().await;
                Err::<(), _>(NoText)
            }
        });
        let run = group.run(async {
            let _guard = dropped.guard();
            sleep(ms(1)).await;
            drop(started);
            Ok(())
        });
        assert!(run.await.is_ok());
        let told = hook.take_one();
        assert_eq!(told.message(), "in the text of an error");
        assert_eq!(told.task().map(TaskInfo::id), child.get().copied());
        assert_eq!(dropped.get(), 1);
    });
}

#[test]
fn a_refusal_is_told_as_such_when_the_starter_has_no_budget_left() {
    smolio_test::run(async {
        let group = TaskGroup::<&str>::new();
        let value = group
            .run(async {
                group.cancel_with_grace(pending());
                let mut started = Box::pin(group.start(|ready| async {
                    ready.set(1);
                    Ok(())
                }));
                without_budget(futures_lite::future::poll_once(&mut started)).await;
                Ok(started.await)
            })
            .await;
        assert_eq!(value.unwrap(), Err(StartError::Refused));
    });
}

#[test]
fn many_start_one_after_the_other() {
    explore(|| async {
        let group = TaskGroup::<&str>::new().limit(3);
        let ports = group
            .run(async {
                let mut ports = Vec::new();
                for port in 0..10 {
                    let started = group.start(|ready| async move {
                        yield_now().await;
                        ready.set(port);
                        yields(5).await;
                        Ok(())
                    });
                    ports.push(started.await.map_err(|_| "not started")?);
                }
                Ok(ports)
            })
            .await;
        assert_eq!(ports.unwrap(), Vec::from_iter(0..10));
    });
}

#[test]
fn dropped_after_every_poll() {
    for polls in 0..8 {
        let dropped = Counter::new();
        let group = TaskGroup::<&str>::new();
        let guard = dropped.guard();
        let mut started = Some(Manual::new(group.start(|ready| async move {
            let _guard = guard;
            yields(2).await;
            ready.set(7);
            yields(2).await;
            Ok(())
        })));
        let scope = CancelScope::new();
        let body = async {
            scope.run(pending::<()>()).await;
            Ok(())
        };
        let mut run = Manual::new(group.run(body));
        let mut value = None;
        for _ in 0..polls {
            if let Some(waiting) = &mut started {
                if let std::task::Poll::Ready(ready) = waiting.poll() {
                    value = Some(ready);
                    started = None;
                }
            }
            run.poll_pending();
        }
        drop(started);
        run.poll_pending();
        assert_eq!(dropped.get(), 1, "after {polls} polls");
        assert!(value.is_none_or(|value| value == Ok(7)));
        assert_eq!(group.stats().alive, 0);
        scope.cancel();
        assert_eq!(run.poll_ready().unwrap(), ());
    }
}
