//! Trying again: how often, when, and what is told of it.

use std::{cell::RefCell, error::Error, future::pending, io, rc::Rc, time::Duration};

use smolio_timer::{Backoff, RetryError, retry, sleep, timeout};

use crate::harness::{Harness, ms, seconds};

fn exact(times: u32) -> Backoff {
    Backoff::new(times).jitter(false)
}

/// Fails with the number of the call until there have been so many; notes when each was.
struct Service<'h> {
    harness: &'h Harness,
    calls: RefCell<Vec<Duration>>,
    failures: usize,
}

impl<'h> Service<'h> {
    fn new(harness: &'h Harness, failures: usize) -> Self {
        let calls = RefCell::default();
        Self {
            harness,
            calls,
            failures,
        }
    }

    async fn call(&self) -> Result<&'static str, usize> {
        self.calls.borrow_mut().push(self.harness.elapsed());
        let number = self.calls.borrow().len();
        sleep(ms(10)).await;
        if number <= self.failures {
            Err(number)
        } else {
            Ok("value")
        }
    }

    fn calls(&self) -> Vec<Duration> {
        self.calls.borrow().clone()
    }
}

#[test]
fn a_value_ends_it() {
    let harness = Harness::new();
    let service = Service::new(&harness, 2);
    let value = harness.run(retry(exact(5), || service.call(), |_| true));
    assert_eq!(value, Ok("value"));
    assert_eq!(service.calls(), [0, 110, 320].map(ms));
}

#[test]
fn the_last_error_comes_out_when_there_is_no_further_pause() {
    let harness = Harness::new();
    let service = Service::new(&harness, usize::MAX);
    let error = harness
        .run(retry(exact(3), || service.call(), |_| true))
        .unwrap_err();
    assert_eq!((*error.error(), error.attempts()), (4, 4));
    assert_eq!(error.to_string(), "gave up after 4 attempts: 4");
    assert_eq!(error.into_inner(), 4);
    // And there is no pause after the last attempt.
    assert_eq!(harness.elapsed(), ms(100 + 200 + 400 + 4 * 10));
}

#[test]
fn an_error_that_is_not_transient_ends_it_at_once() {
    let harness = Harness::new();
    let service = Service::new(&harness, usize::MAX);
    let mut seen = Vec::new();
    let is_transient = |error: &usize| {
        seen.push(*error);
        *error < 2
    };
    let error = harness
        .run(retry(exact(9), || service.call(), is_transient))
        .unwrap_err();
    assert_eq!((*error.error(), error.attempts()), (2, 2));
    assert_eq!(seen, [1, 2]);
}

#[test]
fn without_pauses_there_is_one_attempt() {
    let harness = Harness::new();
    let service = Service::new(&harness, usize::MAX);
    let error = harness
        .run(retry(exact(0), || service.call(), |_| true))
        .unwrap_err();
    assert_eq!(error.to_string(), "gave up after 1 attempt: 1");
    // Any durations will do.
    let service = Service::new(&harness, 1);
    let value = harness.run(retry([seconds(1); 3], || service.call(), |_| true));
    assert_eq!(value, Ok("value"));
}

#[test]
fn a_timeout_covers_all_attempts_or_each() {
    let harness = Harness::new();
    let service = Service::new(&harness, usize::MAX);
    let all = timeout(ms(250), retry(exact(9), || service.call(), |_| true));
    assert!(harness.run(all).is_err());
    assert_eq!(service.calls(), [0, 110].map(ms));
    assert_eq!(harness.elapsed(), ms(250));

    let each = || timeout(ms(5), pending::<()>());
    let error = harness.run(retry([ms(1)], each, |_| true)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "gave up after 2 attempts: timed out after 5 ms"
    );
    assert_eq!(harness.elapsed(), ms(250 + 11));
}

#[test]
fn the_error_is_dropped_before_the_pause() {
    let harness = Harness::new();
    let alive = Rc::new(());
    let attempt = || {
        assert_eq!(Rc::strong_count(&alive), 1);
        let error = alive.clone();
        async move { Err::<(), _>(error) }
    };
    let error = harness.run(retry(exact(3), attempt, |_| true)).unwrap_err();
    assert_eq!((error.attempts(), Rc::strong_count(&alive)), (4, 2));
}

/// An error that need not be `Send` does not keep the loop around it from being so.
#[test]
fn can_be_sent_whatever_the_error_is() {
    fn send<T: Send>(_: &T) {}
    let future = retry(
        exact(1),
        || async { Err::<(), _>("no `Rc` across the pause") },
        |_| true,
    );
    send(&future);
}

#[test]
fn errors_go_where_errors_go() {
    fn error<T: Error + Send + Sync + 'static>() {}
    error::<RetryError<io::Error>>();
    error::<RetryError<String>>();
}
