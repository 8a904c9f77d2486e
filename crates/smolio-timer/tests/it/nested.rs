//! Timeouts inside of timeouts: row O2.

use std::{
    cell::{Cell, RefCell},
    future::pending,
};

use smol::future::zip;
use smolio_timer::{Elapsed, TimeoutScope, move_on_after, sleep, timeout, timeout_at};

use crate::harness::{Harness, as_child, as_task, ms, seconds};

/// A timeout that never has a value, and says so if it reports.
async fn inner(limit: std::time::Duration, reported: &Cell<bool>) -> Result<(), Elapsed> {
    let result = timeout(limit, pending::<()>()).await;
    reported.set(true);
    result
}

#[test]
fn o2_of_two_with_the_same_deadline_only_the_outer_reports() {
    let harness = Harness::new();
    let reported = Cell::new(false);
    let result = harness.run(timeout(ms(10), inner(ms(10), &reported)));
    assert_eq!(result.unwrap_err().limit(), Some(ms(10)));
    assert!(!reported.get());
    assert_eq!(harness.elapsed(), ms(10));
}

#[test]
fn o2_also_if_the_outer_was_later_but_has_passed() {
    let harness = Harness::new();
    let reported = Cell::new(false);
    // The loop is busy for a second, so both are due when it looks.
    let body = zip(inner(ms(10), &reported), async {
        smol::future::yield_now().await;
        harness.clock.advance(seconds(1));
    });
    assert!(harness.run(timeout(ms(20), body)).is_err());
    assert!(!reported.get());
}

#[test]
fn o2_an_earlier_inner_one_reports_itself() {
    let harness = Harness::new();
    let reported = Cell::new(false);
    let result = harness.run(timeout(ms(20), inner(ms(10), &reported)));
    assert!(matches!(result, Ok(Err(_))));
    assert_eq!(harness.elapsed(), ms(10));
}

#[test]
fn o2_three_deep_and_with_other_kinds_in_between() {
    let harness = Harness::new();
    let reported = Cell::new(false);
    let deadline = harness.at(ms(10));
    let middle = async {
        let result = move_on_after(ms(10), inner(ms(5), &reported)).await;
        // The innermost reported at 5; now there is nothing but to wait.
        assert!(matches!(result, Some(Err(_))));
        TimeoutScope::at(deadline).run(pending::<()>()).await
    };
    assert!(harness.run(timeout_at(deadline, middle)).is_err());
    assert_eq!(harness.elapsed(), ms(10));
}

#[test]
fn o2_deadlines_reach_the_children_of_a_group() {
    let harness = Harness::new();
    let reported = Cell::new(false);
    let result = harness.run(timeout(ms(10), as_child(inner(ms(10), &reported))));
    assert!(result.is_err());
    assert!(!reported.get());
}

#[test]
fn o2_deadlines_do_not_reach_spawned_tasks() {
    let harness = Harness::new();
    let reported = Cell::new(false);
    let result = harness.run(timeout(ms(10), as_task(inner(ms(10), &reported))));
    // The task has its own result in time, in the very poll in which the outer one would have given up.
    assert!(matches!(result, Ok(Err(_))));
    assert!(reported.get());
}

#[test]
fn an_inner_one_that_stayed_silent_reports_when_the_outer_is_moved() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(ms(10));
    let handle = scope.handle();
    let events = RefCell::new(Vec::new());
    let body = async {
        let silent = async {
            let result = timeout(ms(10), pending::<()>()).await;
            events.borrow_mut().push(("inner", result.is_err()));
        };
        let mover = async {
            sleep(ms(10)).await;
            handle.reschedule(None).unwrap();
            events.borrow_mut().push(("moved", true));
        };
        // In this order the inner one is polled, and stays silent, before the deadline is moved.
        zip(silent, mover).await;
    };
    assert_eq!(harness.run(scope.run(body)), Ok(()));
    assert_eq!(*events.borrow(), [("moved", true), ("inner", true)]);
    assert_eq!(harness.elapsed(), ms(10));
}
