//! The supervisor: nobody's failure is another's end, and none of them is lost.

use std::{
    future::{pending, ready},
    panic::resume_unwind,
};

use smolio_context::{Instant, UnhandledKind};
use smolio_executor::{finally, yield_now};
use smolio_task_group::{ChildError, SupervisedError, Supervisor, gather};
use smolio_timer::sleep;

use crate::support::{Counter, Hook, Log, Manual, explore, ms, panic_in, yields};

/// Ends with a value, an error or a panic, as its number says.
async fn work(number: usize, done: &Counter, failed: &Counter) -> Result<usize, String> {
    yield_now().await;
    if number % 10 != 7 {
        done.add();
        return Ok(number);
    }
    failed.add();
    if number % 20 == 7 {
        // As `panic!`, but without a word on standard error: there are thousands of these.
        resume_unwind(Box::new(format!("{number} panics")));
    }
    Err(format!("{number} fails"))
}

#[test]
fn t28_a_thousand_failures_that_nobody_reads() {
    let hook = Hook::install();
    smolio_test::run(async {
        let (done, failed) = (Counter::new(), Counter::new());
        let supervisor = Supervisor::<String>::new();
        supervisor
            .run(async {
                for number in 0..10_000 {
                    drop(supervisor.spawn(work(number, &done, &failed)));
                }
                sleep(ms(1)).await;
                // 64 are kept; the hook was told of the rest as they came.
                assert_eq!(hook.take().len(), 1000 - 64);
                let stats = supervisor.stats();
                assert_eq!(
                    (stats.alive, stats.spawned, stats.failed),
                    (0, 10_000, 1000)
                );
            })
            .await
            .unwrap();
        assert_eq!((done.get(), failed.get()), (9000, 1000));
    });
    let rest = hook.take();
    assert_eq!(rest.len(), 64);
    let texts = Vec::from_iter(rest.iter().map(|one| one.message().to_string()));
    assert_eq!(&texts[..2], ["panicked: 7 panics", "17 fails"]);
    assert!(rest.iter().all(|one| one.kind() == UnhandledKind::Error));
}

#[test]
fn t28_the_same_under_seeds() {
    let hook = Hook::install();
    explore(|| async {
        let (done, failed) = (Counter::new(), Counter::new());
        let supervisor = Supervisor::<String>::new();
        supervisor
            .run(async {
                for number in 0..1000 {
                    drop(supervisor.spawn(work(number, &done, &failed)));
                }
            })
            .await
            .unwrap();
        assert_eq!((done.get(), failed.get()), (900, 100));
        assert_eq!(hook.take().len(), 100);
    });
}

#[test]
fn failures_are_read_in_the_order_of_time() {
    smolio_test::run(async {
        let supervisor = Supervisor::<u64>::new();
        let read = supervisor
            .run(async {
                for number in [30, 10, 20] {
                    drop(
                        supervisor.spawn_named(&format!("after {number}"), async move {
                            sleep(ms(number)).await;
                            Err::<(), _>(number)
                        }),
                    );
                }
                let mut read = Vec::new();
                while let Some(failure) = supervisor.next_failure().await {
                    assert_eq!(failure.location.file(), file!());
                    assert!(failure.id.is_some());
                    read.push(failure.to_string());
                }
                read
            })
            .await
            .unwrap();
        let names = Vec::from_iter(read.iter().map(|text| text.split(" (").next().unwrap()));
        assert_eq!(names, ["after 10", "after 20", "after 30"]);
        assert!(read[0].ends_with("): 10"));
    });
}

#[test]
fn those_who_read_them_all_leave_nothing_to_the_hook() {
    let hook = Hook::install();
    explore(|| async {
        let (done, failed) = (Counter::new(), Counter::new());
        let supervisor = Supervisor::<String>::new();
        let read = supervisor
            .run(async {
                let mut read = 0;
                for round in 0..10 {
                    for number in 0..100 {
                        drop(supervisor.spawn(work(round * 100 + number, &done, &failed)));
                    }
                    while let Some(failure) = supervisor.next_failure().await {
                        assert!(matches!(
                            failure.error,
                            SupervisedError::Failed(_) | SupervisedError::Panicked(_)
                        ));
                        read += 1;
                    }
                    assert_eq!(supervisor.stats().alive, 0);
                }
                read
            })
            .await;
        assert_eq!(read, Ok(100));
    });
    hook.assert_silent();
}

#[test]
fn a_handle_tells_how_its_child_ended() {
    explore(|| async {
        let supervisor = Supervisor::<&str>::new();
        supervisor
            .run(async {
                let value = supervisor.spawn(async { Ok(1) });
                let nothing = supervisor.spawn(yields(2));
                let failed = supervisor.spawn(async { Err::<u8, _>("error") });
                let panicked = supervisor.spawn(async {
                    if true {
                        panic!("panic");
                    }
                });
                let cancelled = supervisor.spawn(pending::<()>());
                cancelled.cancel();
                assert_eq!(value.await, Ok(1));
                assert_eq!(nothing.await, Ok(()));
                assert_eq!(failed.await, Err(ChildError::Failed));
                assert_eq!(panicked.await, Err(ChildError::Panicked));
                assert_eq!(cancelled.await, Err(ChildError::Cancelled));
                // One that is cancelled has not failed.
                assert_eq!(supervisor.stats().failed, 2);
                while supervisor.next_failure().await.is_some() {}
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_panic_can_be_raised_again() {
    smolio_test::run(async {
        let supervisor = Supervisor::<&str>::new();
        let run = supervisor.run(async {
            drop(supervisor.spawn(async {
                if true {
                    std::panic::panic_any(7_u32);
                }
            }));
            match supervisor.next_failure().await.unwrap().error {
                SupervisedError::Panicked(panic) => {
                    assert_eq!(panic.message(), "a panic whose payload is not a text");
                    assert_eq!(*panic.into_payload().downcast::<u32>().unwrap(), 7);
                }
                SupervisedError::Failed(error) => panic!("{error}"),
            }
            drop(supervisor.spawn(async {
                if true {
                    panic!("again");
                }
            }));
            match supervisor.next_failure().await.unwrap().error {
                SupervisedError::Panicked(panic) => panic.resume(),
                SupervisedError::Failed(error) => panic!("{error}"),
            }
        });
        assert_eq!(panic_in(run).await, "again");
    });
}

#[test]
fn a_body_that_panics_ends_it() {
    explore(|| async {
        let dropped = Counter::new();
        let supervisor = Supervisor::<&str>::new();
        let run = supervisor.run(async {
            let guard = dropped.guard();
            drop(supervisor.spawn(async {
                let _guard = guard;
                pending::<()>().await;
            }));
            sleep(ms(1)).await;
            panic!("the body");
        });
        assert_eq!(panic_in(run).await, "the body");
        assert_eq!(dropped.get(), 1);
    });
}

#[test]
fn cancelled_it_drops_all_and_reports_what_is_unread() {
    let hook = Hook::install();
    explore(|| async {
        let log = Log::new();
        let supervisor = Supervisor::<&str>::new();
        let run = supervisor.run(async {
            let guard = log.on_drop("child");
            drop(supervisor.spawn(async {
                let _guard = guard;
                pending::<()>().await;
            }));
            drop(supervisor.spawn(async { Err::<(), _>("unread") }));
            let _guard = log.on_drop("body");
            sleep(ms(1)).await;
            assert!(!supervisor.cancelled().is_cancelled());
            supervisor.cancel();
            pending::<()>().await;
        });
        let error = run.await.unwrap_err();
        assert!(!error.is_already_run());
        assert!(supervisor.cancelled().is_cancelled());
        assert_eq!(log.take(), ["body", "child"]);
        assert_eq!(hook.take_one().message(), "unread");
        assert!(
            supervisor
                .run(ready(()))
                .await
                .unwrap_err()
                .is_already_run()
        );
    });
}

#[test]
fn a_grace_for_the_supervised() {
    explore(|| async {
        let start = Instant::now();
        let supervisor = Supervisor::<&str>::new();
        let result = supervisor
            .run(async {
                let token = supervisor.cancelled();
                let polite = supervisor.spawn(async {
                    token.await;
                    sleep(ms(5)).await;
                    // A failure in the grace is one like any other.
                    Err::<(), _>("could not say goodbye")
                });
                supervisor.cancel_with_grace(sleep(ms(10)));
                assert_eq!(polite.await, Err(ChildError::Failed));
                supervisor.next_failure().await.unwrap().error.to_string()
            })
            .await;
        assert_eq!(result.unwrap(), "could not say goodbye");
        assert_eq!(start.elapsed(), ms(5));
    });
}

#[test]
fn readers_share_and_a_dropped_reader_takes_nothing_along() {
    // Whoever of three readers goes, and whether it was woken before: the two failures reach the other two.
    for gone in 0..3 {
        for before in [true, false] {
            let hook = Hook::install();
            let supervisor = Supervisor::<u32>::new();
            let mut run = Manual::new(supervisor.run(pending::<()>()));
            drop(supervisor.spawn(pending::<()>()));
            run.poll_pending();
            let mut readers =
                Vec::from_iter((0..3).map(|_| Some(Manual::new(supervisor.next_failure()))));
            for reader in readers.iter_mut().flatten() {
                reader.poll_pending();
            }
            if before {
                readers[gone] = None;
            }
            for number in 0..2 {
                drop(supervisor.spawn(async move { Err::<(), _>(number) }));
            }
            run.poll_pending();
            readers[gone] = None;
            let mut read = Vec::new();
            for reader in readers.iter_mut().flatten() {
                assert_eq!(reader.wakes.count(), 1, "reader {gone}, before: {before}");
                match reader.poll_ready().unwrap().error {
                    SupervisedError::Failed(number) => read.push(number),
                    SupervisedError::Panicked(panic) => panic!("{panic}"),
                }
                assert_eq!(reader.wakes.clones(), 0);
            }
            assert_eq!(read, [0, 1]);
            drop(run);
            hook.assert_silent();
        }
    }
}

#[test]
fn all_who_wait_for_a_failure_hear_when_there_is_none_to_come() {
    explore(|| async {
        let supervisor = Supervisor::<&str>::new();
        let ended = Counter::new();
        let readers = async {
            let (one, other) =
                futures_lite::future::zip(supervisor.next_failure(), supervisor.next_failure())
                    .await;
            assert!(one.is_none() && other.is_none());
            ended.add();
        };
        supervisor
            .run(async {
                drop(supervisor.spawn(sleep(ms(1))));
                readers.await;
                assert!(supervisor.next_failure().await.is_none());
            })
            .await
            .unwrap();
        assert_eq!(ended.get(), 1);
    });
}

#[test]
fn a_reader_hears_of_the_end_of_children_that_were_never_polled() {
    smolio_test::run(async {
        let supervisor = Supervisor::<&str>::new();
        drop(supervisor.spawn(pending::<()>()));
        let run = supervisor.run(async {
            supervisor.cancel();
            pending::<()>().await;
        });
        // The reader comes first, and so waits while that child is on its way in.
        let (failure, ended) = gather((supervisor.next_failure(), run)).await;
        assert!(failure.is_none() && ended.is_err());
    });
    // Likewise when the run is dropped.
    let supervisor = Supervisor::<&str>::new();
    let mut run = Manual::new(supervisor.run(pending::<()>()));
    run.poll_pending();
    drop(supervisor.spawn(pending::<()>()));
    let mut reader = Manual::new(supervisor.next_failure());
    reader.poll_pending();
    drop(run);
    assert_eq!(reader.wakes.count(), 1);
    assert!(reader.poll_ready().is_none());
}

#[test]
fn a_dropped_run_reports_what_nobody_has_read() {
    let hook = Hook::install();
    let supervisor = Supervisor::<&str>::new();
    let mut run = Manual::new(supervisor.run(pending::<()>()));
    drop(supervisor.spawn(async { Err::<(), _>("unread") }));
    run.poll_pending();
    hook.assert_silent();
    drop(run);
    assert_eq!(hook.take_one().message(), "unread");
}

#[test]
fn a_limit_for_the_supervised() {
    explore(|| async {
        let start = Instant::now();
        let (alive, most) = (Counter::new(), std::sync::Mutex::new(0));
        let done = Counter::new();
        let supervisor = Supervisor::<&str>::new().limit(3);
        supervisor
            .run(async {
                for number in 0..12 {
                    supervisor.ready().await;
                    let (alive, done, most) = (&alive, &done, &most);
                    drop(supervisor.spawn(async move {
                        alive.add();
                        let now = alive.get() - done.get();
                        let mut most = {
                            sleep(ms(10)).await;
                            most.lock().unwrap()
                        };
                        *most = now.max(*most);
                        done.add();
                        if number % 2 == 0 { Err("even") } else { Ok(()) }
                    }));
                    assert!(supervisor.stats().alive <= 3);
                }
                let mut failures = 0;
                while supervisor.next_failure().await.is_some() {
                    failures += 1;
                }
                assert_eq!(failures, 6);
            })
            .await
            .unwrap();
        assert_eq!(*most.lock().unwrap(), 3);
        assert_eq!(start.elapsed(), ms(40));
    });
}

#[test]
fn clean_ups_of_the_supervised_are_waited_for() {
    explore(|| async {
        let cleaned = Counter::new();
        let supervisor = Supervisor::<&str>::new();
        let start = Instant::now();
        supervisor
            .run(async {
                let cleaned = cleaned.clone();
                let clean_up = async move {
                    sleep(ms(10)).await;
                    cleaned.add();
                };
                supervisor
                    .spawn(finally(pending::<()>(), clean_up))
                    .cancel();
            })
            .await
            .unwrap();
        // It had not begun, but its clean-up is owed.
        assert_eq!(cleaned.get(), 1);
        assert_eq!(start.elapsed(), ms(10));
    });
}
