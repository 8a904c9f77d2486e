//! Seeds: the same one gives the same run, and a thousand find what one order of a hundred hides.

use std::{
    cell::{Cell, RefCell},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use smolio_executor::{spawn, yield_now};
use smolio_test::{Test, all_blocked, explore};
use smolio_timer::sleep;

use crate::support::{Trace, is_child, panic_message, run_child};

/// What a crowd of tasks does under `seed`: yields, sleeps, random numbers, quiet.
fn trace_of(seed: u64) -> Vec<String> {
    Test::new().seed(seed).run(async {
        let trace = Trace::new();
        let member = |number: u32, trace: Trace| async move {
            for round in 0..3 {
                yield_now().await;
                trace.note(format!("{number} yielded {round}"));
                sleep(Duration::from_millis(fastrand::u64(..3))).await;
                trace.note(format!("{number} slept {round}"));
            }
        };
        let crowd: Vec<_> = (0..10)
            .map(|number| spawn(member(number, trace.clone())))
            .collect();
        all_blocked().await;
        trace.note("quiet");
        for task in crowd {
            task.await;
        }
        trace.timed()
    })
}

#[test]
fn v4_one_seed_gives_the_same_run_twice() {
    for seed in 0..20 {
        assert_eq!(trace_of(seed), trace_of(seed));
    }
    assert_ne!(trace_of(0), trace_of(1));
}

#[test]
fn without_a_seed_those_run_first_that_were_ready_first() {
    let order = smolio_test::run(async {
        let trace = Trace::new();
        let note = |number: u32, trace: Trace| async move { trace.note(number.to_string()) };
        let tasks: Vec<_> = (0..5)
            .map(|number| spawn(note(number, trace.clone())))
            .collect();
        for task in tasks {
            task.await;
        }
        trace.texts()
    });
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
}

/// Adds one in two steps, so that another may be overwritten: if its tasks run in one order of the many, an update is lost.
async fn lost_update() {
    let counter = Arc::new(AtomicU32::new(0));
    let slow = |counter: Arc<AtomicU32>| async move {
        let before = counter.load(Relaxed);
        yield_now().await;
        counter.store(before + 1, Relaxed);
    };
    // First in first out lets the second begin when the first has ended.
    let first = spawn(slow(counter.clone()));
    let second = spawn({
        let counter = counter.clone();
        async move {
            yield_now().await;
            yield_now().await;
            slow(counter).await;
        }
    });
    first.await;
    second.await;
    assert_eq!(counter.load(Relaxed), 2, "an update was lost");
}

#[test]
fn the_usual_order_does_not_find_the_lost_update() {
    smolio_test::run(lost_update());
}

#[test]
fn in_a_child_a_thousand_seeds_find_the_lost_update() {
    if is_child() {
        explore(1000, lost_update);
    }
}

const IN_CHILD: &str = "exploration::in_a_child_a_thousand_seeds_find_the_lost_update";

/// The seed and the number of runs before it, from what a failed exploration printed.
fn announced(stderr: &str) -> (u64, u64) {
    let line = stderr
        .lines()
        .find_map(|line| line.strip_prefix("smolio: failed under seed "))
        .unwrap_or_else(|| panic!("no seed in {stderr}"));
    let (seed, rest) = line.split_once(", after ").unwrap();
    let (passed, rest) = rest.split_once(" others; ").unwrap();
    let repeats = format!("SMOLIO_TEST_SEED={seed} repeats this run alone");
    assert_eq!(rest, repeats);
    (seed.parse().unwrap(), passed.parse().unwrap())
}

#[test]
fn v4_a_thousand_seeds_find_a_lost_update_and_print_the_seed() {
    let output = run_child(IN_CHILD, &[]);
    assert!(!output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("an update was lost"), "{stderr}");
    let (seed, passed) = announced(&stderr);
    assert_eq!(seed, passed, "seeds count from 0");

    let again = run_child(IN_CHILD, &[("SMOLIO_TEST_SEED", &seed.to_string())]);
    assert!(!again.status.success(), "the seed repeats the failure");
    let stderr = String::from_utf8(again.stderr).unwrap();
    assert!(stderr.contains("an update was lost"), "{stderr}");
    assert!(
        !stderr.contains("smolio: failed under seed"),
        "one run needs no announcement"
    );
}

#[test]
fn a_seed_from_the_environment_is_the_only_run() {
    // Seed 0 is the order first tried, and it passes; else the other tests say so.
    let passing = (0..1000).find(|&seed| {
        std::panic::catch_unwind(|| Test::new().seed(seed).run(lost_update())).is_ok()
    });
    let passing = passing.expect("some order loses nothing").to_string();
    let output = run_child(IN_CHILD, &[("SMOLIO_TEST_SEED", &passing)]);
    assert!(output.status.success());
}

#[test]
fn what_is_no_seed_is_refused() {
    let output = run_child(IN_CHILD, &[("SMOLIO_TEST_SEED", "seven")]);
    assert!(!output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let expected = r#"SMOLIO_TEST_SEED is a number from 0 on, not "seven""#;
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn the_panic_of_the_run_goes_on() {
    let runs = Cell::new(0);
    let exploration = || {
        explore(10, || async {
            runs.set(runs.get() + 1);
            assert!(runs.get() < 4, "the fourth");
        });
    };
    assert_eq!(panic_message(exploration), "the fourth");
    assert_eq!(runs.get(), 4);
}

#[test]
fn an_error_ends_the_search_and_is_returned() {
    let runs = Cell::new(0);
    let outcome = explore(10, || async {
        runs.set(runs.get() + 1);
        if runs.get() == 3 {
            Err("the third")
        } else {
            Ok(())
        }
    });
    assert_eq!(outcome, Err("the third"));
    assert_eq!(runs.get(), 3);
}

#[test]
fn a_deadlock_under_one_seed_is_a_failure_as_well() {
    let runs = Cell::new(0);
    let exploration = || {
        explore(10, || async {
            runs.set(runs.get() + 1);
            if runs.get() == 2 {
                std::future::pending::<()>().await;
            }
        });
    };
    assert!(panic_message(exploration).contains("all tasks are blocked"));
    assert_eq!(runs.get(), 2);
}

#[test]
fn the_value_of_the_last_run_is_returned() {
    let runs = Cell::new(0);
    let outcome: Result<u32, ()> = explore(7, || async {
        runs.set(runs.get() + 1);
        Ok(runs.get())
    });
    assert_eq!(outcome, Ok(7));
}

#[test]
fn seeds_are_counted_from_the_one_that_is_given() {
    let traces = RefCell::new(Vec::new());
    Test::new().seed(40).explore(3).run(|| async {
        traces.borrow_mut().push(fastrand::get_seed());
    });
    assert_eq!(*traces.borrow(), [40, 41, 42]);
    // There is no last seed.
    Test::new().seed(u64::MAX).explore(2).run(|| async {
        traces.borrow_mut().push(fastrand::get_seed());
    });
    assert_eq!(traces.borrow()[3..], [u64::MAX, 0]);
}

#[test]
fn no_runs_are_no_test() {
    let expected = "an exploration of no runs tests nothing";
    assert_eq!(panic_message(|| explore(0, || async {})), expected);
}
