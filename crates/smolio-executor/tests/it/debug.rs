//! Debug mode, as a program sees it: in a process of its own, on standard error.
//!
//! A thread that sleeps stands for one that is busy.

use std::{future::pending, pin::pin, thread, time::Duration};

use smolio_context::{Scoped, TaskContext, debug_mode, is_debug};
use smolio_executor::{Runner, TaskBuilder, run, spawn, to_thread, yield_now};
use smolio_timer::sleep;

use crate::support::{Child, is_child, yields};

const LIMIT: Duration = Duration::from_millis(200);

pub(crate) fn be_busy() {
    thread::sleep(LIMIT + LIMIT / 4);
}

/// Runs `program` in a process of its own, with debug mode on, and gives what it said on standard error. In the child: `None`.
pub(crate) fn errors_of(
    test: &str,
    variables: &[(&str, &str)],
    program: impl FnOnce(),
) -> Option<Vec<String>> {
    if is_child(test) {
        program();
        return None;
    }
    let (status, output, errors) = Child::start(test, variables).wait();
    assert!(status.success(), "{output}{errors}");
    Some(errors.lines().map(str::to_string).collect())
}

pub(crate) const ON: [(&str, &str); 2] = [("SMOLIO_DEBUG", "1"), ("SMOLIO_SLOW_POLL_MS", "200")];

#[track_caller]
pub(crate) fn assert_reported(errors: &[String], names: &[&str]) {
    let seen: Vec<_> = errors
        .iter()
        .map(|line| line.split_once(" (spawned at ").unwrap_or((line, "")).0)
        .collect();
    let expected: Vec<_> = names.iter().map(|name| format!("smolio: {name}")).collect();
    assert_eq!(seen, expected, "{errors:?}");
}

#[test]
fn tasks_children_and_main_are_reported() {
    let errors = errors_of("debug::tasks_children_and_main_are_reported", &ON, || {
        run(async {
            spawn(async {}).await;
            let busy = async { be_busy() };
            TaskBuilder::new().name("here").spawn_local(busy).await;
            let busy = async {
                yields(3).await;
                be_busy();
                sleep(Duration::from_millis(1)).await;
            };
            TaskBuilder::new().name("anywhere").spawn(busy).await;
            let child = TaskContext::child(Some("child"));
            let mut child = pin!(Scoped::new(child, async { be_busy() }));
            std::future::poll_fn(|cx| child.as_mut().poll_child(cx)).await;
            yield_now().await;
            be_busy();
        });
    });
    let Some(errors) = errors else { return };
    assert_reported(&errors, &["here", "anywhere", "child", "main"]);
    for line in errors {
        assert!(line.contains("tests/it/debug.rs"), "{line}");
        assert!(line.contains(" kept its thread busy for "), "{line}");
        assert!(line.ends_with("yield_now().await now and then"), "{line}");
    }
}

#[test]
fn on_the_workers_too() {
    let errors = errors_of("debug::on_the_workers_too", &ON, || {
        let runner = Runner::builder().workers(2).build().unwrap();
        runner.run(async {
            let busy = || async { be_busy() };
            let one = TaskBuilder::new().name("busy").spawn(busy());
            let other = TaskBuilder::new().name("busy").spawn(busy());
            one.await;
            other.await;
        });
        runner.close();
    });
    if let Some(errors) = errors {
        // And nobody else: neither those who poll them nor those who wait.
        assert_reported(&errors, &["busy", "busy"]);
    }
}

#[test]
fn closures_on_threads_may_block() {
    let errors = errors_of("debug::closures_on_threads_may_block", &ON, || {
        run(async {
            to_thread(be_busy).await;
            // A loop in there is one as any other.
            to_thread(|| {
                run(async {
                    let busy = async { be_busy() };
                    TaskBuilder::new().name("inside").spawn(busy).await;
                });
            })
            .await;
        });
    });
    if let Some(errors) = errors {
        assert_reported(&errors, &["inside"]);
    }
}

/// Neither a wait nor a loop that closes is a poll.
#[test]
fn those_who_wait_are_not_busy() {
    let errors = errors_of("debug::those_who_wait_are_not_busy", &ON, || {
        run(async {
            sleep(LIMIT + LIMIT / 4).await;
            spawn(pending::<()>()).detach();
            yield_now().await;
        });
    });
    if let Some(errors) = errors {
        assert_reported(&errors, &[]);
    }
}

#[test]
fn off_it_is_silent() {
    let name = "debug::off_it_is_silent";
    let program = || {
        run(async {
            be_busy();
            drop(spawn(async {}));
        });
        // What the program says goes first.
        Runner::builder().debug(false).run(async {
            assert!(!is_debug());
            be_busy();
        });
    };
    for variables in [&[][..], &[("SMOLIO_DEBUG", "0")], &[ON[1]]] {
        match errors_of(name, variables, program) {
            Some(errors) => assert_reported(&errors, &[]),
            None => return,
        }
    }
}

#[test]
fn what_the_program_says_goes_first() {
    let name = "debug::what_the_program_says_goes_first";
    let program = || {
        let busy = async { be_busy() };
        Runner::builder().debug(true).run(busy);
        assert!(!is_debug());
        Runner::builder().debug(false).run(async { be_busy() });
    };
    match errors_of(name, &[("SMOLIO_DEBUG", "0")], program) {
        // 100 ms, where nothing is said about it.
        Some(errors) => assert_reported(&errors, &["main"]),
        None => return,
    }
    let Some(errors) = errors_of(name, &[("SMOLIO_SLOW_POLL_MS", "20000")], program) else {
        unreachable!("the parent");
    };
    assert_reported(&errors, &[]);
}

/// As long as the runner, to the end of its close.
#[test]
fn it_lasts_as_long_as_the_runner() {
    let name = "debug::it_lasts_as_long_as_the_runner";
    let errors = errors_of(name, &[], || {
        struct Slow;
        impl Drop for Slow {
            fn drop(&mut self) {
                be_busy();
            }
        }
        let runner = Runner::builder().debug(true).build().unwrap();
        assert!(is_debug());
        runner.run(async {
            let slow = Slow;
            let waiting = async move {
                let _slow = slow;
                pending::<()>().await;
            };
            TaskBuilder::new().name("closing").spawn(waiting).detach();
            yield_now().await;
        });
        runner.close();
        assert!(!is_debug());
    });
    if let Some(errors) = errors {
        assert_reported(&errors, &["closing"]);
    }
}

/// Whoever looks after a loop by hand has it too.
#[test]
fn it_can_be_had_without_a_runner_that_asks_for_it() {
    let name = "debug::it_can_be_had_without_a_runner_that_asks_for_it";
    let errors = errors_of(name, &[], || {
        run(async {
            let debug = debug_mode(LIMIT);
            let busy = async { be_busy() };
            TaskBuilder::new().name("busy").spawn(busy).await;
            drop(debug);
            let busy = async { be_busy() };
            TaskBuilder::new().name("after").spawn(busy).await;
        });
    });
    if let Some(errors) = errors {
        assert_reported(&errors, &["busy"]);
    }
}
