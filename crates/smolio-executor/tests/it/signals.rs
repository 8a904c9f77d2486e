//! SIGINT and SIGTERM, each in a child process.

use std::{future::pending, os::unix::process::ExitStatusExt, process::ExitStatus};

use rustix::process::Signal;
use smolio_executor::{
    Builder, Interrupted, Runner, ctrl_c, finally, run, shutdown_signal, spawn, yield_now,
};

use crate::support::{Child, Counter, Gate, Latch, is_child, until, yields};

const BOTH: [Signal; 2] = [Signal::INT, Signal::TERM];

/// The child says that it got so far.
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn say(line: &str) {
    println!("{line}");
}

fn handling() -> Builder {
    Runner::builder().workers(1).handle_signals(true)
}

fn assert_died_of(signal: Signal, (status, output, errors): (ExitStatus, String, String)) {
    assert_eq!(
        status.signal(),
        Some(signal.as_raw()),
        "{status}: {output}{errors}"
    );
}

#[test]
fn r2_once() {
    const NAME: &str = "signals::r2_once";
    if is_child(NAME) {
        handling().run(async {
            let task = finally(pending::<()>(), async {
                yields(5).await;
                say("the task's clean-up ran");
            });
            spawn(task).detach();
            finally(
                async {
                    yields(3).await;
                    say("ready");
                    pending::<()>().await;
                },
                async {
                    yields(5).await;
                    say("main's clean-up ran");
                },
            )
            .await;
        });
        unreachable!("the signal ends the process");
    }
    for signal in BOTH {
        let mut child = Child::start(NAME, &[]);
        child.expect("ready");
        child.signal(signal);
        let end = child.wait();
        assert!(end.1.contains("main's clean-up ran"), "{}{}", end.1, end.2);
        assert!(
            end.1.contains("the task's clean-up ran"),
            "{}{}",
            end.1,
            end.2
        );
        assert_died_of(signal, end);
    }
}

#[test]
fn r2_twice() {
    const NAME: &str = "signals::r2_twice";
    if is_child(NAME) {
        handling().run(async {
            let clean_up = async {
                say("cleaning up");
                pending::<()>().await;
            };
            finally(
                async {
                    yields(1).await;
                    say("ready");
                    pending::<()>().await;
                },
                clean_up,
            )
            .await;
        });
        unreachable!("the signal ends the process");
    }
    // Any two of them: the second is the last.
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        // The default grace of 5 s is not waited for.
        let mut child = Child::start(NAME, &[("SMOLIO_GRACE_MS", "600000")]);
        child.expect("ready");
        child.signal(BOTH[first]);
        child.expect("cleaning up");
        child.signal(BOTH[second]);
        assert_died_of(BOTH[second], child.wait());
    }
}

/// A main that does not let go of the thread cannot be dropped; the second signal still ends the process.
#[test]
fn r2_twice_while_a_poll_is_stuck() {
    const NAME: &str = "signals::r2_twice_while_a_poll_is_stuck";
    if is_child(NAME) {
        handling().run(async {
            yields(3).await;
            say("ready");
            // Longer than the test takes, but not for ever.
            Latch::new().block();
        });
        unreachable!("the signal ends the process");
    }
    for signal in BOTH {
        let mut child = Child::start(NAME, &[]);
        child.expect("ready");
        child.signal(signal);
        // Two pending signals of one kind are merged by the kernel; nothing tells us when the first has been delivered. So we
        // knock until somebody hears: one signal more than the first is always enough.
        while child.is_running() {
            child.signal(signal);
            std::thread::yield_now();
        }
        assert_died_of(signal, child.wait());
    }
}

#[test]
fn r2_while_ctrl_c_is_awaited() {
    const NAME: &str = "signals::r2_while_ctrl_c_is_awaited";
    if is_child(NAME) {
        let code = handling().run(async {
            let mut signal = Box::pin(ctrl_c());
            assert!(futures_lite::future::poll_once(&mut signal).await.is_none());
            say("ready");
            signal.await.unwrap();
            // Main is left alone: it goes on, with awaits of all kinds.
            yields(100).await;
            smolio_timer::sleep(std::time::Duration::from_millis(20)).await;
            say("main ends by itself");
            7
        });
        std::process::exit(code);
    }
    for _ in 0..3 {
        let mut child = Child::start(NAME, &[]);
        child.expect("ready");
        child.signal(Signal::INT);
        let (status, output, errors) = child.wait();
        assert!(
            output.contains("main ends by itself"),
            "{status}: {output}{errors}"
        );
        assert_eq!(status.code(), Some(7), "{output}{errors}");
    }
}

/// The future may be awaited by a task, and dropped by it as soon as it is ready.
#[test]
fn r2_while_a_task_awaits_the_signal() {
    const NAME: &str = "signals::r2_while_a_task_awaits_the_signal";
    if is_child(NAME) {
        let code = handling().run(async {
            let (polled, stopping) = (Gate::new(), Gate::new());
            let (ready, stop) = (polled.clone(), stopping.clone());
            spawn(async move {
                let mut signal = Box::pin(shutdown_signal());
                assert!(futures_lite::future::poll_once(&mut signal).await.is_none());
                ready.open();
                let interrupted = signal.await.unwrap();
                say(&format!("{interrupted}"));
                stop.open();
            })
            .detach();
            polled.wait().await;
            say("ready");
            stopping.wait().await;
            yields(100).await;
            smolio_timer::sleep(std::time::Duration::from_millis(20)).await;
            7
        });
        std::process::exit(code);
    }
    for (signal, text) in [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM")] {
        let mut child = Child::start(NAME, &[]);
        child.expect("ready");
        child.signal(signal);
        let (status, output, errors) = child.wait();
        assert!(
            output.contains(&format!("interrupted by {text}")),
            "{status}: {output}{errors}"
        );
        assert_eq!(status.code(), Some(7), "{output}{errors}");
    }
}

/// The program has handled one itself; the next is not its business any more, and ends main as usual.
#[test]
fn r2_after_ctrl_c_was_awaited() {
    const NAME: &str = "signals::r2_after_ctrl_c_was_awaited";
    if is_child(NAME) {
        handling().run(async {
            let mut signal = Box::pin(ctrl_c());
            assert!(futures_lite::future::poll_once(&mut signal).await.is_none());
            say("ready");
            signal.await.unwrap();
            finally(
                async {
                    yields(100).await;
                    say("once more");
                    pending::<()>().await;
                },
                async { say("main's clean-up ran") },
            )
            .await;
        });
        unreachable!("the signal ends the process");
    }
    let mut child = Child::start(NAME, &[]);
    child.expect("ready");
    child.signal(Signal::INT);
    child.expect("once more");
    child.signal(Signal::INT);
    let end = child.wait();
    assert!(end.1.contains("main's clean-up ran"), "{}{}", end.1, end.2);
    assert_died_of(Signal::INT, end);
}

/// Without `handle_signals`, `ctrl_c` takes the signal for as long as it lives, and then the system's default is back.
#[test]
fn r2_after_ctrl_c_was_dropped_the_default_is_back() {
    const NAME: &str = "signals::r2_after_ctrl_c_was_dropped_the_default_is_back";
    if is_child(NAME) {
        run(async {
            let mut signal = Box::pin(ctrl_c());
            assert!(futures_lite::future::poll_once(&mut signal).await.is_none());
            say("first");
            (&mut signal).await.unwrap();
            say("second");
            // Polled again it waits for the next one.
            signal.await.unwrap();
            say("third");
            pending::<()>().await;
        });
        unreachable!("the signal ends the process");
    }
    let mut child = Child::start(NAME, &[]);
    for line in ["first", "second", "third"] {
        child.expect(line);
        child.signal(Signal::INT);
    }
    assert_died_of(Signal::INT, child.wait());

    // The other signal was never taken.
    let mut child = Child::start(NAME, &[]);
    child.expect("first");
    child.signal(Signal::TERM);
    assert_died_of(Signal::TERM, child.wait());
}

/// Several wait for the same signal: all of them get it.
#[test]
fn r2_several_wait_for_one_signal() {
    const NAME: &str = "signals::r2_several_wait_for_one_signal";
    if is_child(NAME) {
        run(async {
            let waiting = Counter::new();
            let tasks: Vec<_> = (0..3)
                .map(|_| {
                    let waiting = waiting.clone();
                    spawn(async move {
                        let mut signal = Box::pin(ctrl_c());
                        assert!(futures_lite::future::poll_once(&mut signal).await.is_none());
                        waiting.add();
                        signal.await.unwrap();
                    })
                })
                .collect();
            until("all wait", || waiting.get() == 3).await;
            say("ready");
            for task in tasks {
                task.await;
            }
        });
        std::process::exit(7);
    }
    let mut child = Child::start(NAME, &[]);
    child.expect("ready");
    child.signal(Signal::INT);
    let (status, output, errors) = child.wait();
    assert_eq!(status.code(), Some(7), "{output}{errors}");
}

/// `try_run` leaves the decision to the program.
#[test]
fn r2_try_run_gives_interrupted() {
    const NAME: &str = "signals::r2_try_run_gives_interrupted";
    if is_child(NAME) {
        let runner = handling().build().unwrap();
        let cleaned = Counter::new();
        let counter = cleaned.clone();
        let main = finally(
            async {
                yield_now().await;
                say("ready");
                pending::<()>().await;
            },
            async move {
                yields(5).await;
                counter.add();
            },
        );
        let interrupted: Interrupted = runner.try_run(main).unwrap_err();
        // The clean-ups of main have run by now.
        assert_eq!(cleaned.get(), 1);
        say(&format!("{interrupted}, {}", interrupted.signal()));
        // The loop is open still.
        assert_eq!(runner.try_run(async { spawn(async { 42 }).await }), Ok(42));
        runner.close();
        std::process::exit(7);
    }
    for (signal, text) in BOTH.into_iter().zip(["SIGINT, 2", "SIGTERM, 15"]) {
        let mut child = Child::start(NAME, &[]);
        child.expect("ready");
        child.signal(signal);
        let (status, output, errors) = child.wait();
        assert!(
            output.contains(&format!("interrupted by {text}")),
            "{output}{errors}"
        );
        assert_eq!(status.code(), Some(7), "{output}{errors}");
    }
}

/// Nobody asked for signals: they do what they always did.
#[test]
fn r2_signals_are_left_alone_unless_asked_for() {
    const NAME: &str = "signals::r2_signals_are_left_alone_unless_asked_for";
    if is_child(NAME) {
        // Made, but never polled.
        let _unpolled = (ctrl_c(), shutdown_signal());
        run(async {
            let clean_up = async { say("a clean-up ran") };
            finally(
                async {
                    yields(2).await;
                    say("ready");
                    pending::<()>().await;
                },
                clean_up,
            )
            .await;
        });
        unreachable!("the signal ends the process");
    }
    for signal in BOTH {
        let mut child = Child::start(NAME, &[]);
        child.expect("ready");
        child.signal(signal);
        let end = child.wait();
        assert!(!end.1.contains("a clean-up ran"), "{}", end.1);
        assert_died_of(signal, end);
    }
}
