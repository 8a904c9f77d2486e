//! Nested timeouts around shielded scopes: which of them reports, and that none waits for ever.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    task::{Poll, Waker},
    time::Duration,
};

use smol::future::zip;
use smolio_timer::{TimeoutScope, sleep, timeout, timeout_at};

use crate::harness::{Harness, Wakes, as_child, ms, seconds, shield, shield_and_more};

#[test]
fn o2_of_two_that_wait_for_the_shield_the_outer_reports() {
    let harness = Harness::new();
    for (outer, inner) in [(10, 10), (20, 10), (10, 20)] {
        for child in [false, true] {
            let start = harness.elapsed();
            let reported = Cell::new(false);
            let body = async {
                let result = timeout(ms(inner), shield_and_more()).await;
                reported.set(true);
                result
            };
            let result = match child {
                false => harness.run(timeout(ms(outer), body)),
                true => harness.run(timeout(ms(outer), as_child(body))),
            };
            assert_eq!(result.unwrap_err().limit(), Some(ms(outer)));
            assert!(!reported.get());
            assert_eq!(harness.elapsed() - start, ms(30));
            assert!(harness.driver.is_empty());
        }
    }
}

#[test]
fn o2_an_inner_one_that_has_no_shield_reports_while_the_outer_has_time() {
    let harness = Harness::new();
    let inner = async {
        let result = timeout(ms(10), pending::<()>()).await;
        (harness.elapsed(), result.is_err())
    };
    let body = zip(shield(sleep(ms(30))), inner);
    let ((), inner) = harness.run(timeout(ms(20), body)).unwrap();
    assert_eq!(inner, (ms(10), true));
}

/// The outer one cannot report before the shield closes, and that one waits for what comes after the inner one.
#[test]
fn an_inner_one_does_not_wait_for_ever_for_an_outer_one_that_a_shield_holds_up() {
    let harness = Harness::new();
    for (outer, inner) in [(5, 10), (10, 10), (0, 5)] {
        for child in [false, true] {
            let start = harness.elapsed();
            let (told, tell) = (Cell::new(false), RefCell::new(None::<Waker>));
            let waits_for_the_other = shield(poll_fn(|cx| {
                *tell.borrow_mut() = Some(cx.waker().clone());
                if told.get() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
            let gives_up = async {
                let result = timeout(ms(inner), pending::<()>()).await;
                told.set(true);
                tell.take().unwrap().wake();
                result.is_err()
            };
            let result = match child {
                false => harness.run(timeout(ms(outer), zip(waits_for_the_other, gives_up))),
                true => {
                    let gives_up = as_child(gives_up);
                    harness.run(timeout(ms(outer), zip(waits_for_the_other, gives_up)))
                }
            };
            assert_eq!(result, Ok(((), true)));
            // It has looked again twice.
            assert_eq!(harness.elapsed() - start, ms(inner + 4));
            assert!(harness.driver.is_empty());
        }
    }
}

/// The outer one has passed, but its timer has not fired; then the loop is busy, and in the same poll both are looked at.
#[test]
fn o2_an_inner_one_that_looks_again_late_still_leaves_it_to_the_outer() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let reported = Cell::new(false);
    let outer = harness.at(ms(10)) + Duration::from_micros(200);
    let mut waiting = Box::pin(timeout_at(outer, async {
        timeout(ms(10), pending::<()>()).await.unwrap_err();
        reported.set(true);
        pending::<()>().await;
    }));
    wakes.poll_pending(&mut waiting);
    harness.clock.advance(Duration::from_micros(10_500));
    assert_eq!(harness.driver.fire(harness.clock.now()), 1);
    wakes.poll_pending(&mut waiting);
    // Both timers, that of the outer one and the pause of the inner one.
    assert_eq!(harness.advance(seconds(1)), 2);
    assert!(wakes.poll_ready(&mut waiting).is_err());
    assert!(!reported.get());
    drop(waiting);
    assert!(harness.driver.is_empty());
}

#[test]
fn an_inner_one_that_has_looked_again_once_reports_when_the_outer_is_moved() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(ms(10));
    let handle = scope.handle();
    let body = async {
        let inner = async {
            let result = timeout(ms(10), pending::<()>()).await;
            (result.unwrap_err().limit(), harness.elapsed())
        };
        let mover = async {
            shield(sleep(ms(13))).await;
            handle.reschedule(None).unwrap();
        };
        zip(inner, mover).await.0
    };
    assert_eq!(harness.run(scope.run(body)), Ok((Some(ms(10)), ms(13))));
}
