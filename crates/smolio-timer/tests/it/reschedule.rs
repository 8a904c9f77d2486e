//! Deadlines that move: row O6.

use std::{
    future::{pending, ready},
    thread,
};

use smolio_context::{Instant, current_deadline};
use smolio_timer::{RescheduleError, TimeoutScope, sleep};

use crate::harness::{Harness, Wakes, ms, seconds};

#[test]
fn o6_earlier() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(seconds(10));
    let handle = scope.handle();
    let body = async {
        sleep(ms(5)).await;
        handle.reschedule(harness.at(ms(7))).unwrap();
        pending::<()>().await;
    };
    let elapsed = harness.run(scope.run(body)).unwrap_err();
    assert_eq!(harness.elapsed(), ms(7));
    assert_eq!(elapsed.deadline(), harness.at(ms(7)));
    assert_eq!(elapsed.limit(), None);
    assert!(harness.driver.is_empty());
}

#[test]
fn o6_later() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(ms(10));
    let handle = scope.handle();
    let body = async {
        sleep(ms(5)).await;
        handle.reschedule(harness.at(seconds(10))).unwrap();
        // It holds at once, not only at the next poll.
        sleep(seconds(20)).await;
    };
    assert!(harness.run(scope.run(body)).is_err());
    assert_eq!(harness.elapsed(), seconds(10));
}

#[test]
fn o6_to_never_and_back() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(ms(10));
    let handle = scope.handle();
    let body = async {
        handle.reschedule(None).unwrap();
        assert_eq!(handle.deadline(), None);
        sleep(seconds(10)).await;
        assert_eq!(current_deadline(), None);
        handle.reschedule(Instant::now() + ms(1)).unwrap();
        sleep(seconds(10)).await;
    };
    assert!(harness.run(scope.run(body)).is_err());
    assert_eq!(harness.elapsed(), seconds(10) + ms(1));
}

#[test]
fn o6_after_expiry() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(ms(10));
    let handle = scope.handle();
    assert!(!handle.is_expired());
    let elapsed = harness.run(scope.run(pending::<()>())).unwrap_err();
    assert_eq!(elapsed.to_string(), "timed out after 10 ms");
    assert!(handle.is_expired());
    let error = handle.reschedule(None).unwrap_err();
    assert_eq!(error, RescheduleError::Expired);
    assert_eq!(
        error.to_string(),
        "cannot reschedule a timeout that has expired"
    );
}

#[test]
fn o6_after_the_end() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(ms(10));
    let handle = scope.handle();
    // The future is kept: it is the value that ends the scope.
    let mut future = scope.run(ready(7));
    assert_eq!(Wakes::new().poll_ready(&mut future), Ok(7));
    assert_eq!(handle.reschedule(None), Err(RescheduleError::Ended));
    assert!(!handle.is_expired());

    // Dropped, before and after it was run.
    let scope = TimeoutScope::after(ms(10));
    let handle = scope.handle();
    drop(scope);
    assert_eq!(handle.reschedule(None), Err(RescheduleError::Ended));
    let scope = TimeoutScope::at(None);
    let handle = scope.handle();
    drop(scope.run(pending::<()>()));
    assert_eq!(handle.reschedule(None), Err(RescheduleError::Ended));
    assert!(harness.driver.is_empty());
}

#[test]
fn into_the_past_ends_it_at_its_next_poll() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let scope = TimeoutScope::after(seconds(10));
    let handle = scope.handle();
    let mut future = scope.run(pending::<()>());
    wakes.poll_pending(&mut future);
    handle.reschedule(Instant::now()).unwrap();
    assert_eq!(wakes.count(), 1);
    assert!(wakes.poll_ready(&mut future).is_err());
    assert_eq!(harness.elapsed(), ms(0));
}

#[test]
fn from_outside_wakes_the_task_once() {
    let harness = Harness::new();
    let (first, second) = (Wakes::new(), Wakes::new());
    let scope = TimeoutScope::after(seconds(10));
    let handle = scope.handle();
    let mut future = scope.run(pending::<()>());
    first.poll_pending(&mut future);
    second.poll_pending(&mut future);
    // From another thread, and before the task has had a turn once more.
    let other = handle.clone();
    let deadline = harness.at(ms(20));
    thread::spawn(move || other.reschedule(deadline).unwrap())
        .join()
        .unwrap();
    handle.reschedule(harness.at(ms(10))).unwrap();
    assert_eq!((first.count(), second.count()), (0, 1));
    second.poll_pending(&mut future);
    harness.advance(ms(10));
    assert_eq!(second.count(), 2);
    assert!(second.poll_ready(&mut future).is_err());
    // Nothing keeps the wakers.
    drop(future);
    assert_eq!((first.clones(), second.clones()), (0, 0));
}

#[test]
fn before_the_first_poll() {
    let harness = Harness::new();
    let scope = TimeoutScope::after(seconds(10));
    scope.handle().reschedule(harness.at(ms(10))).unwrap();
    assert!(harness.run(scope.run(pending::<()>())).is_err());
    assert_eq!(harness.elapsed(), ms(10));
}

#[test]
fn can_be_shown() {
    let _harness = Harness::new();
    let scope = TimeoutScope::at(None);
    let expected = "{ deadline: None, phase: Running }";
    assert_eq!(
        format!("{:?}", scope.handle()),
        format!("TimeoutHandle {expected}")
    );
    assert_eq!(format!("{scope:?}"), format!("TimeoutScope {expected}"));
    let future = scope.run(pending::<()>());
    assert_eq!(format!("{future:?}"), format!("ScopedTimeout {expected}"));
}
