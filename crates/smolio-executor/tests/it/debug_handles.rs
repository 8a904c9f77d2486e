//! Debug mode: what has become of a task whose handle was dropped.

use std::{future::pending, time::Duration};

use smolio_context::collect;
use smolio_executor::{Runner, TaskBuilder, run, spawn, spawn_local, to_thread, yield_now};
use smolio_timer::timeout;

use crate::{
    debug::{ON, assert_reported, errors_of},
    support::{Latch, panic_of, until, yields},
};

#[test]
fn a_task_that_is_cancelled_by_drop_before_its_first_poll_is_reported() {
    let name = "debug_handles::a_task_that_is_cancelled_by_drop_before_its_first_poll_is_reported";
    let errors = errors_of(name, &ON, || {
        let never = || async { unreachable!("cancelled before") };
        run(async {
            // Once for each line, however often.
            for _ in 0..3 {
                drop(TaskBuilder::new().name("here").spawn_local(never()));
            }
            drop(TaskBuilder::new().name("anywhere").spawn(never()));
            drop(TaskBuilder::new().name("joined").spawn(never()).join());
        });
        // On one of two workers another kind might be polled by now.
        Runner::builder().workers(2).run(async {
            drop(TaskBuilder::new().name("on two").spawn_local(never()));
        });
        // Through the inbox.
        let runner = Runner::new();
        drop(runner.handle().spawn(never()).unwrap());
        runner.run(async {});
    });
    let Some(errors) = errors else { return };
    assert_reported(&errors[..4], &["here", "anywhere", "joined", "on two"]);
    assert_eq!(errors.len(), 5, "{errors:?}");
    for line in errors {
        assert!(line.contains("(spawned at "), "{line}");
        assert!(line.contains(", id "), "{line}");
        let end = " ago, was cancelled by drop before its first poll: `.await` its handle, or say `.detach()` or `.cancel()`";
        assert!(line.ends_with(end), "{line}");
    }
}

#[test]
fn other_handles_are_dropped_in_silence() {
    let name = "debug_handles::other_handles_are_dropped_in_silence";
    let errors = errors_of(name, &ON, || {
        let runner = Runner::new();
        let kept = runner.run(async {
            // Has run to its end.
            let ended = spawn(async {});
            yields(3).await;
            drop(ended);
            // Was waited for, and is dropped with the one who did.
            let waited = async { spawn(pending::<()>()).await };
            assert!(timeout(Duration::from_millis(1), waited).await.is_err());
            let waited = spawn(pending::<()>()).join();
            assert!(timeout(Duration::ZERO, waited).await.is_err());
            // Cancelled by that word, and let go.
            let _cancelled = spawn(pending::<()>()).cancel();
            drop(spawn_local(pending::<()>()).cancel());
            spawn(pending::<()>()).detach();
            // Cancelled by the loop.
            spawn(pending::<()>())
        });
        // By one who ends all that it has started, and by a panic.
        runner.run(async {
            let tasks = [spawn(pending::<()>()), spawn_local(pending::<()>())];
            let (_, clean_ups) = collect(|| drop(tasks));
            assert_eq!(clean_ups.len(), 2);
            for clean_up in clean_ups {
                clean_up.await;
            }
        });
        panic_of(|| {
            runner.run(async {
                let _task = spawn(pending::<()>());
                std::panic::resume_unwind(Box::new("quietly"));
            })
        });
        runner.close();
        drop(kept);
        // Refused by a loop that closes.
        struct Spawns;
        impl Drop for Spawns {
            fn drop(&mut self) {
                drop(spawn(async {}));
            }
        }
        run(async {
            let spawns = Spawns;
            spawn(async move {
                let _spawns = spawns;
                pending::<()>().await;
            })
            .detach();
            yield_now().await;
        });
    });
    if let Some(errors) = errors {
        assert_reported(&errors, &[]);
    }
}

#[test]
fn a_task_that_is_cancelled_by_drop_while_it_is_pending_is_reported() {
    let name = "debug_handles::a_task_that_is_cancelled_by_drop_while_it_is_pending_is_reported";
    let errors = errors_of(name, &ON, || {
        for workers in [1, 2] {
            Runner::builder().workers(workers).run(async {
                let name = if workers == 1 { "alone" } else { "anywhere" };
                let begun = Latch::new();
                let begins = begun.clone();
                let task = TaskBuilder::new().name(name).spawn(async move {
                    begins.open();
                    pending::<()>().await;
                });
                until("it has begun", || begun.is_open()).await;
                drop(task);
                for _ in 0..3 {
                    let task = TaskBuilder::new()
                        .name("local")
                        .spawn_local(pending::<()>());
                    yields(3).await;
                    drop(task);
                }
            });
        }
    });
    let Some(errors) = errors else { return };
    // Often on the same line is once, as long as debug mode lasts.
    assert_reported(&errors, &["alone", "local", "anywhere", "local"]);
    for line in errors {
        assert!(line.contains(", id "), "{line}");
        let end = " ago, was cancelled by drop while it was pending: `.await` its handle, or say `.detach()` or `.cancel()`";
        assert!(line.ends_with(end), "{line}");
    }
}

#[test]
fn a_result_that_nobody_reads_is_reported() {
    let name = "debug_handles::a_result_that_nobody_reads_is_reported";
    let errors = errors_of(name, &ON, || {
        run(async {
            let failing = || async { Err::<(), _>("disk full") };
            // Kept until it has ended, let go before, and after.
            let kept = TaskBuilder::new().name("kept").spawn(failing());
            TaskBuilder::new().name("let go").spawn(failing()).detach();
            let late = TaskBuilder::new().name("late").spawn_local(failing());
            yields(3).await;
            drop(kept);
            late.detach();
            // Read, or nothing that can be an error.
            assert!(spawn(failing()).await.is_err());
            assert!(spawn(failing()).join().await.unwrap().is_err());
            spawn(async { 7 }).detach();
            drop(to_thread(|| Err::<(), _>("never begun")));
            yields(3).await;
        });
        // Cancelled, there is none.
        run(async {
            spawn(pending::<Result<(), &str>>()).detach();
            yield_now().await;
        });
    });
    let Some(errors) = errors else { return };
    assert_reported(&errors, &["let go", "kept", "late"]);
    for line in errors {
        assert!(
            line.contains(" gave a `Result` that nobody read: "),
            "{line}"
        );
    }
}
