//! Debug mode: what is seen from outside of the loop, while it is stuck, and what the program says when it is asked.
//!
//! A thread that sleeps stands for one that is busy.

use std::{future::pending, thread, time::Duration};

use smolio_context::Resource;
use smolio_executor::{Runner, TaskBuilder, run, spawn, to_thread, yield_now};
use smolio_timer::sleep;

use crate::{
    debug::{ON, assert_reported, be_busy, errors_of},
    support::yields,
};

const LONG: Duration = Duration::from_millis(1800);

#[test]
fn a_loop_that_does_not_turn_is_reported_while_it_lasts() {
    let name = "watchdog::a_loop_that_does_not_turn_is_reported_while_it_lasts";
    let errors = errors_of(name, &ON, || {
        run(async {
            let stuck = async { thread::sleep(LONG) };
            TaskBuilder::new().name("stuck").spawn(stuck).await;
            // Those who wait, and threads that may be blocked, hold no loop.
            sleep(LONG).await;
            to_thread(|| thread::sleep(LONG)).await;
        });
    });
    let Some(errors) = errors else { return };
    // Once, and not again when the poll has ended.
    assert_eq!(errors.len(), 1, "{errors:?}");
    let line = &errors[0];
    assert!(line.contains(" has not turned for 1."), "{line}");
    assert!(line.contains(": stuck (spawned at "), "{line}");
    assert!(line.contains("tests/it/watchdog.rs"), "{line}");
}

#[test]
fn so_is_that_of_a_worker() {
    let name = "watchdog::so_is_that_of_a_worker";
    let errors = errors_of(name, &ON, || {
        Runner::builder().workers(2).run(async {
            let busy = || {
                TaskBuilder::new()
                    .name("stuck")
                    .spawn(async { thread::sleep(LONG) })
            };
            let both = [busy(), busy()];
            for task in both {
                task.await;
            }
        });
    });
    let Some(errors) = errors else { return };
    assert_eq!(errors.len(), 2, "{errors:?}");
    for line in errors {
        assert!(line.contains(": stuck (spawned at "), "{line}");
    }
}

#[test]
fn a_lock_that_is_held_for_long_is_reported() {
    let name = "watchdog::a_lock_that_is_held_for_long_is_reported";
    let errors = errors_of(name, &ON, || {
        static LOCK: Resource = Resource::new("Lock");
        run(async {
            let holder = TaskBuilder::new().name("holder").spawn(async {
                LOCK.taken();
                sleep(LONG).await;
                LOCK.released();
            });
            let mut holder = std::pin::pin!(holder);
            std::future::poll_fn(|cx| {
                smolio_context::waiting_on(&LOCK, || LOCK.to_string());
                holder.as_mut().poll(cx)
            })
            .await;
        });
    });
    let Some(errors) = errors else { return };
    assert_reported(&errors, &["holder"]);
    assert!(errors[0].contains(" has held Lock #1 for 1."), "{errors:?}");
}

#[test]
fn work_for_the_processor_on_a_single_loop_is_reported_once() {
    let name = "watchdog::work_for_the_processor_on_a_single_loop_is_reported_once";
    let errors = errors_of(name, &ON, || {
        let program = async || {
            for number in 0..5 {
                let name = format!("busy {number}");
                TaskBuilder::new()
                    .name(&name)
                    .spawn(async { be_busy() })
                    .await;
            }
            to_thread(be_busy).await;
        };
        // With two workers there is another thread.
        Runner::builder().workers(2).run(program());
        run(program());
        run(program());
    });
    let Some(errors) = errors else { return };
    let advice: Vec<_> = errors
        .iter()
        .filter(|line| line.contains("workers(n)"))
        .collect();
    assert_eq!(advice.len(), 1, "{errors:?}");
    let begin = "smolio: what is spawned at crates/smolio-executor/tests/it/watchdog.rs:";
    assert!(advice[0].starts_with(begin), "{advice:?}");
    assert!(
        advice[0].contains("busy 3 times, the last was busy 2, id "),
        "{advice:?}"
    );
}

/// It comes and goes with the runners that want it.
#[test]
fn there_is_one_watchdog_as_long_as_somebody_wants_one() {
    let name = "watchdog::there_is_one_watchdog_as_long_as_somebody_wants_one";
    let errors = errors_of(name, &[ON[1]], || {
        let debug = || Runner::builder().debug(true).build().unwrap();
        let (one, other) = (debug(), debug());
        drop(one);
        let stuck = || async { thread::sleep(LONG) };
        other.run(stuck());
        drop(other);
        run(stuck());
        debug().run(stuck());
    });
    let Some(errors) = errors else { return };
    assert_eq!(errors.len(), 2, "{errors:?}");
}

#[cfg(unix)]
#[expect(
    clippy::print_stdout,
    reason = "a child tells its parent how far it is"
)]
mod call_graph {
    use super::*;
    use crate::support::{Child, is_child};
    use rustix::process::Signal;

    #[test]
    fn a_signal_asks_for_it() {
        let name = "watchdog::call_graph::a_signal_asks_for_it";
        if is_child(name) {
            run(async {
                let task = TaskBuilder::new()
                    .name("waits")
                    .spawn(sleep(Duration::from_secs(3600)));
                spawn(pending::<()>()).detach();
                yields(3).await;
                println!("ready");
                task.await;
            });
            return;
        }
        let mut child = Child::start(name, &ON);
        child.expect("ready");
        for _ in 0..2 {
            child.signal(Signal::USR1);
            let graph = child.expect_error("something that does not say what it is");
            let (main, waits) = (
                graph.find("main, id 1, waiting"),
                graph.find("    waits, id "),
            );
            assert!(main < waits, "{graph}");
            assert!(graph.contains("        waits for sleep, 3"), "{graph}");
        }
    }

    #[test]
    fn also_while_the_loop_is_stuck() {
        let name = "watchdog::call_graph::also_while_the_loop_is_stuck";
        if is_child(name) {
            run(async {
                spawn(async {
                    yield_now().await;
                    println!("ready");
                    // Until somebody ends the process.
                    loop {
                        thread::park();
                    }
                })
                .await;
            });
            return;
        }
        let mut child = Child::start(name, &ON);
        child.expect("ready");
        child.signal(Signal::USR1);
        let graph = child.expect_error(", running for ");
        assert!(graph.contains("waits for the end of task-"), "{graph}");
    }

    /// It has not been asked for: the signal does what it does to every program.
    #[test]
    fn not_without_debug_mode() {
        let name = "watchdog::call_graph::not_without_debug_mode";
        if is_child(name) {
            run(async {
                println!("ready");
                pending::<()>().await;
            });
            return;
        }
        let mut child = Child::start(name, &[]);
        child.expect("ready");
        child.signal(Signal::USR1);
        let (status, _, errors) = child.wait();
        assert!(!status.success() && errors.is_empty(), "{errors}");
    }
}
