//! What a runner can be told, by the program and by the environment, and what it refuses.

use std::{
    rc::Rc,
    sync::{Arc, Barrier},
    time::Duration,
};

use smolio_executor::{Builder, Runner, ThreadLimit, run, spawn, to_thread, yield_now};

use crate::support::{Child, Counter, Jump, Latch, is_child, panic_of};

/// The child says what it found.
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn say(line: &str) {
    println!("{line}");
}

#[test]
fn no_workers_is_an_error() {
    let error = Runner::builder().workers(0).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a loop with 0 workers would never run anything"
    );
    assert!(std::error::Error::source(&error).is_none());
    let text = panic_of(|| Runner::builder().workers(0).run(async {}));
    assert_eq!(text, "a loop with 0 workers would never run anything");
}

#[test]
fn a_policy_with_workers_is_an_error() {
    let (policy, _clock) = Jump::install();
    let error = Runner::builder()
        .workers(3)
        .idle_policy(policy)
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("a test clock needs a single worker, not 3"),
        "{text}"
    );
}

#[test]
fn runners_and_builders_can_be_shown() {
    let (policy, _clock) = Jump::install();
    let builder: Builder = Runner::builder().workers(1).idle_policy(policy as Rc<_>);
    assert!(
        format!("{builder:?}").contains("workers: Some(1)"),
        "{builder:?}"
    );
    let runner = builder.grace(Duration::from_secs(9)).build().unwrap();
    assert!(format!("{runner:?}").contains("grace: 9s"), "{runner:?}");
}

/// Runs this test again with an environment in which the settings are refused.
#[test]
fn an_environment_that_makes_no_sense_is_an_error() {
    const NAME: &str = "settings::an_environment_that_makes_no_sense_is_an_error";
    if is_child(NAME) {
        let error = Runner::builder().build().unwrap_err();
        say(&format!("error: {error}"));
        let text = panic_of(|| run(async {}));
        assert_eq!(text, error.to_string());
        assert_eq!(panic_of(Runner::new), error.to_string());
        return;
    }
    let cases = [
        ("SMOLIO_WORKERS", "0", "a number of at least 1"),
        ("SMOLIO_WORKERS", "two", "a number of at least 1"),
        ("SMOLIO_WORKERS", "-1", "a number of at least 1"),
        ("SMOLIO_WORKERS", "", "a number of at least 1"),
        ("SMOLIO_GRACE_MS", "1 s", "a number of milliseconds"),
        ("SMOLIO_GRACE_MS", "-1", "a number of milliseconds"),
        ("SMOLIO_THREADS", "0", "a number of at least 1"),
        ("SMOLIO_THREADS", "1.5", "a number of at least 1"),
        ("SMOLIO_DEBUG", "yes", "0 or 1"),
        ("SMOLIO_DEBUG", "", "0 or 1"),
        ("SMOLIO_SLOW_POLL_MS", "0.1", "a number of milliseconds"),
    ];
    for (variable, value, expected) in cases {
        let (status, output, errors) = Child::start(NAME, &[(variable, value)]).wait();
        assert!(status.success(), "{output}{errors}");
        let line =
            format!("error: the environment variable {variable} is {value:?}, not {expected}");
        assert!(output.contains(&line), "{output}");
    }
}

#[test]
fn the_environment_is_heard() {
    const NAME: &str = "settings::the_environment_is_heard";
    if is_child(NAME) {
        let runner = Runner::new();
        assert!(format!("{runner:?}").contains("grace: 250ms"), "{runner:?}");
        // Three workers: three tasks meet, each on a thread of its own.
        runner.run(async {
            let meeting = Arc::new(Barrier::new(3));
            let tasks: Vec<_> = (0..3)
                .map(|_| {
                    let meeting = meeting.clone();
                    spawn(async move { meeting.wait() })
                })
                .collect();
            for task in tasks {
                task.await;
            }
        });
        // Two closures at a time, in the whole process.
        runner.run(async {
            let (running, most) = (Counter::new(), Counter::new());
            let (full, go_on) = (Latch::new(), Latch::new());
            let calls: Vec<_> = (0..3)
                .map(|_| {
                    let (running, most) = (running.clone(), most.clone());
                    let (full, go_on) = (full.clone(), go_on.clone());
                    spawn(to_thread(move || {
                        most.add();
                        let _running = running.guard();
                        if most.get() == 2 {
                            full.open();
                        }
                        go_on.block();
                    }))
                })
                .collect();
            while !full.is_open() {
                yield_now().await;
            }
            assert_eq!(most.get(), 2);
            go_on.open();
            for call in calls {
                call.await;
            }
            assert_eq!(most.get(), 3);
        });
        // What the program says goes first.
        let runner = Runner::builder()
            .workers(1)
            .grace(Duration::from_secs(7))
            .build()
            .unwrap();
        assert!(format!("{runner:?}").contains("grace: 7s"), "{runner:?}");
        return;
    }
    let variables = [
        ("SMOLIO_WORKERS", "3"),
        ("SMOLIO_GRACE_MS", " 250 "),
        ("SMOLIO_THREADS", "2"),
    ];
    let (status, output, errors) = Child::start(NAME, &variables).wait();
    assert!(status.success(), "{output}{errors}");
}

#[test]
fn a_limit_of_nothing_counts_as_one() {
    let limit = ThreadLimit::new(0);
    let value = run(async { smolio_executor::to_thread_with(&limit, || 42).await });
    assert_eq!(value, 42);
}
