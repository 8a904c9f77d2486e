//! What a drop leaves to be waited for: `finally`, `with_cleanup` and tasks of the executor, in children and in the body.

use std::{
    future::{Future, pending},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use smolio_context::Instant;
use smolio_executor::{Runner, finally, spawn, with_cleanup, yield_now};
use smolio_task_group::{CancelScope, TaskGroup, TaskGroupError};
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, Hook, Log, Manual, explore, ms, panic_in, yields};

/// A clean-up of 10 ms, which says when it begins and when it has come to its end.
fn clean_up(log: &Log) -> impl Future<Output = ()> + Send + use<> {
    let log = log.clone();
    async move {
        log.say("clean-up begins");
        sleep(ms(10)).await;
        log.say("clean-up ends");
    }
}

const ONCE: [&str; 2] = ["clean-up begins", "clean-up ends"];

/// How the body of a `finally` in a child ends.
#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    Value,
    Error,
    Panic,
    GroupFails,
    GroupIsCancelled,
    GroupIsCancelledBeforeItBegins,
    BodyFails,
    HandleCancels,
    ChildTimesOut,
    SiblingPanics,
}

const ENDS: [End; 10] = [
    End::Value,
    End::Error,
    End::Panic,
    End::GroupFails,
    End::GroupIsCancelled,
    End::GroupIsCancelledBeforeItBegins,
    End::BodyFails,
    End::HandleCancels,
    End::ChildTimesOut,
    End::SiblingPanics,
];

/// What the child does until it is dropped, or ends by itself after 5 ms.
async fn work(end: End) -> Result<(), &'static str> {
    match end {
        End::Value => sleep(ms(5)).await,
        End::Error => {
            sleep(ms(5)).await;
            return Err("the child");
        }
        End::Panic => {
            sleep(ms(5)).await;
            panic!("the child");
        }
        _ => pending().await,
    }
    Ok(())
}

async fn group_with_a_child<F>(end: End, child: F) -> Result<(), TaskGroupError<&'static str>>
where
    F: Future<Output = Result<(), &'static str>> + Send,
{
    let group = TaskGroup::<&str>::new();
    group
        .run(async {
            let child = match end {
                End::ChildTimesOut => group.spawn(async {
                    timeout(ms(5), child).await.unwrap_err();
                    Ok(())
                }),
                _ => group.spawn(child),
            };
            if end == End::GroupIsCancelledBeforeItBegins {
                group.cancel();
            }
            sleep(ms(5)).await;
            match end {
                End::GroupFails => drop(group.spawn(async { Err::<(), _>("a sibling") })),
                End::SiblingPanics => drop(group.spawn(async {
                    if true {
                        panic!("a sibling");
                    }
                })),
                End::GroupIsCancelled => group.cancel(),
                End::BodyFails => return Err("the body"),
                End::HandleCancels => child.cancel(),
                _ => {}
            }
            sleep(ms(1)).await;
            Ok(())
        })
        .await
}

async fn ends_once<F>(end: End, log: Log, child: F)
where
    F: Future<Output = Result<(), &'static str>> + Send,
{
    let start = Instant::now();
    let run = group_with_a_child(end, child);
    if matches!(end, End::Panic | End::SiblingPanics) {
        panic_in(run).await;
    } else {
        let is_good = matches!(end, End::Value | End::HandleCancels | End::ChildTimesOut);
        assert_eq!(run.await.is_ok(), is_good, "{end:?}");
    }
    // `run` has waited for it.
    assert_eq!(log.take(), ONCE, "{end:?}");
    let from = if end == End::GroupIsCancelledBeforeItBegins {
        0
    } else {
        5
    };
    assert_eq!(start.elapsed(), ms(from + 10), "{end:?}");
}

#[test]
fn f1_finally_in_a_child() {
    let hook = Hook::install();
    for end in ENDS {
        explore(|| async {
            let log = Log::new();
            ends_once(end, log.clone(), finally(work(end), clean_up(&log))).await;
        });
    }
    hook.assert_silent();
}

#[test]
fn f1_with_cleanup_in_a_child() {
    let hook = Hook::install();
    for end in ENDS {
        explore(|| async {
            let log = Log::new();
            let child = with_cleanup(
                log.clone(),
                async move |_: &mut Log| work(end).await,
                |log| async move { clean_up(&log).await },
            );
            ends_once(end, log.clone(), child).await;
        });
    }
    hook.assert_silent();
}

#[test]
fn f1_finally_in_the_body() {
    explore(|| async {
        let (log, start) = (Log::new(), Instant::now());
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                group.spawn(async {
                    sleep(ms(5)).await;
                    Err::<(), _>("end")
                });
                finally(pending::<Result<(), _>>(), clean_up(&log)).await
            })
            .await;
        assert!(result.is_err());
        assert_eq!(log.take(), ONCE);
        assert_eq!(start.elapsed(), ms(15));
    });
}

#[test]
fn f1_a_clean_up_beside_those_who_go_on() {
    // It is waited for at the end only, and its child's place is free meanwhile.
    explore(|| async {
        let (log, start) = (Log::new(), Instant::now());
        let group = TaskGroup::infallible().limit(1);
        group
            .run_value(async {
                let slow = async { sleep(ms(100)).await };
                let child = group.spawn(finally(pending::<()>(), slow));
                sleep(ms(1)).await;
                child.cancel();
                let next = group.spawn_value(async { log.say("next") });
                next.await;
                assert_eq!(start.elapsed(), ms(1));
            })
            .await
            .unwrap();
        assert_eq!(start.elapsed(), ms(101));
        assert_eq!(log.take(), ["next"]);
    });
}

#[test]
fn f1_clean_ups_run_side_by_side() {
    explore(|| async {
        let (done, start) = (Counter::new(), Instant::now());
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                for _ in 0..100 {
                    let done = done.clone();
                    let clean_up = async move {
                        sleep(ms(10)).await;
                        done.add();
                    };
                    group.spawn(finally(pending::<()>(), clean_up));
                }
                sleep(ms(1)).await;
                Err::<(), _>("end")
            })
            .await;
        assert!(result.is_err());
        assert_eq!(start.elapsed(), ms(11));
        assert_eq!(done.get(), 100);
    });
}

#[test]
fn f1_the_clean_ups_of_an_inner_group_are_the_outers_when_that_ends_it() {
    explore(|| async {
        let (log, start) = (Log::new(), Instant::now());
        let outer = TaskGroup::<&str>::new();
        let result = outer
            .run(async {
                outer.spawn(async {
                    let inner = TaskGroup::<&str>::new();
                    let body = async {
                        inner.spawn(finally(pending::<()>(), clean_up(&log)));
                        pending::<Result<(), _>>().await
                    };
                    inner.run(body).await.map_err(|_| "inner")
                });
                sleep(ms(5)).await;
                Err::<(), _>("end")
            })
            .await;
        assert!(result.is_err());
        assert_eq!(log.take(), ONCE);
        assert_eq!(start.elapsed(), ms(15));
    });
}

#[test]
fn f1_a_clean_up_that_has_a_clean_up() {
    explore(|| async {
        let log = Log::new();
        let group = TaskGroup::infallible();
        let outer_log = log.clone();
        let twice = {
            let (first, second) = (clean_up(&log), clean_up(&log));
            async move {
                // It drops a `finally` while it runs, and that is for the group, too.
                timeout(ms(1), finally(pending::<()>(), second))
                    .await
                    .unwrap_err();
                first.await;
                outer_log.say("outer ends");
            }
        };
        group.spawn(finally(pending::<()>(), twice)).cancel();
        group.run_value(async {}).await.unwrap();
        let mut lines = log.take();
        lines.sort();
        let expected = [
            "clean-up begins",
            "clean-up begins",
            "clean-up ends",
            "clean-up ends",
            "outer ends",
        ];
        assert_eq!(lines, expected);
    });
}

#[test]
fn f1_at_the_end_of_the_run_of_the_loop() {
    let hook = Hook::install();
    for polls in 0..4 {
        let log = Log::new();
        let theirs = log.clone();
        smolio_test::run(async move {
            let child = finally(pending::<Result<(), &str>>(), clean_up(&theirs));
            let group = Box::pin(group_with_a_child(End::GroupIsCancelled, child));
            let mut group = Some(group);
            for _ in 0..polls {
                let polled = futures_lite::future::poll_once(group.as_mut().unwrap()).await;
                assert!(polled.is_none());
                sleep(ms(3)).await;
            }
            // The loop's main ends here, and the group with it.
            drop(group.take());
        });
        assert_eq!(log.take(), ONCE, "after {polls} polls");
    }
    hook.assert_silent();
}

#[test]
fn f1_where_no_loop_runs_a_dropped_run_tells_the_hook() {
    let hook = Hook::install();
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        group.spawn(finally(pending::<()>(), async {}));
        pending::<()>().await;
    }));
    run.poll_pending();
    drop(run);
    assert!(hook.take_one().message().starts_with("a clean-up"));
}

#[test]
fn a_task_that_a_child_wraps_is_gone_when_run_returns() {
    // On one thread: the task is dropped by the loop, some turns later.
    explore(|| async {
        let dropped = Counter::new();
        let group = TaskGroup::<&str>::new();
        let result = group
            .run(async {
                for _ in 0..5 {
                    let guard = dropped.guard();
                    let task = spawn(async {
                        let _guard = guard;
                        pending::<()>().await;
                    });
                    group.spawn(wrapped(task));
                }
                yields(3).await;
                Err::<(), _>("end")
            })
            .await;
        assert!(result.is_err());
        assert_eq!(dropped.get(), 5);
    });
}

/// Two layers that know nothing of each other.
async fn wrapped<T>(task: impl Future<Output = T>) -> T {
    let inner = async { CancelScope::new().run(task).await };
    timeout(Duration::from_secs(60), inner)
        .await
        .unwrap()
        .unwrap()
}

/// A gate for threads.
#[derive(Clone, Default)]
struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }

    fn block(&self) {
        let open = self.0.0.lock().unwrap();
        let limit = Duration::from_secs(20);
        let waited = self.0.1.wait_timeout_while(open, limit, |open| !*open);
        assert!(
            *waited.unwrap().0,
            "a latch was not opened within {limit:?}"
        );
    }
}

#[test]
fn t29_a_task_inside_a_poll_on_another_worker_is_waited_for() {
    let runner = Runner::builder().workers(2).build().unwrap();
    runner.run(async {
        let here = thread::current().id();
        let (in_poll, may_return) = (Latch::default(), Latch::default());
        let gone = Arc::new(AtomicBool::new(false));
        struct SaysGone(Arc<AtomicBool>);
        impl Drop for SaysGone {
            fn drop(&mut self) {
                self.0.store(true, SeqCst);
            }
        }

        let group = TaskGroup::<&str>::new();
        let ending = group.cancelled();
        let opener = {
            let may_return = may_return.clone();
            // Once the group is ending, the task comes out of its poll.
            thread::spawn(move || {
                futures_lite::future::block_on(ending);
                may_return.open();
            })
        };
        let result = group
            .run(async {
                let task = {
                    let (in_poll, may_return) = (in_poll.clone(), may_return.clone());
                    let says_gone = SaysGone(gone.clone());
                    spawn(async move {
                        let _says_gone = says_gone;
                        while thread::current().id() == here {
                            yield_now().await;
                        }
                        in_poll.open();
                        may_return.block();
                        pending::<()>().await;
                    })
                };
                group.spawn(wrapped(task));
                while !in_poll.is_open() {
                    yield_now().await;
                }
                group.spawn(async { Err::<(), _>("end") });
                pending::<Result<(), _>>().await
            })
            .await;
        assert!(gone.load(SeqCst), "`run` has not waited for the task");
        assert_eq!(result.unwrap_err().into_first(), Some("end"));
        opener.join().unwrap();
    });
}
