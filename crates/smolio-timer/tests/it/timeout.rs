//! Timeouts one at a time: rows O1, O4 and W1.

use std::{
    cell::Cell,
    error::Error,
    future::{pending, poll_fn, ready},
    io,
    pin::pin,
    task::Poll,
    time::Duration,
};

use smol::future::yield_now;
use smolio_context::{Instant, TaskContext, current_deadline, observe, waits_of};
use smolio_timer::{Elapsed, move_on_after, sleep, timeout, timeout_at, try_timeout};

use crate::harness::{Harness, Wakes, ms, seconds};

#[test]
fn o1_a_hundredth_against_ten_seconds() {
    let harness = Harness::new();
    let result = harness.run(timeout(ms(10), sleep(seconds(10))));
    let elapsed = result.unwrap_err();
    assert_eq!(harness.elapsed(), ms(10));
    assert_eq!(elapsed.limit(), Some(ms(10)));
    assert_eq!(elapsed.deadline(), harness.at(ms(10)));
    assert_eq!(elapsed.to_string(), "timed out after 10 ms");
    assert!(harness.driver.is_empty());
}

#[test]
fn o1_none_is_never() {
    let harness = Harness::new();
    assert_eq!(harness.run(timeout(None, sleep(seconds(10)))), Ok(()));
    assert_eq!(harness.run(timeout_at(None, sleep(seconds(10)))), Ok(()));
    assert_eq!(
        harness.run(move_on_after(None, sleep(seconds(10)))),
        Some(())
    );
    assert_eq!(harness.elapsed(), seconds(30));
}

#[test]
fn o1_zero_and_a_past_moment_poll_the_body_once() {
    let harness = Harness::new();
    let past = Instant::now() - seconds(1);
    let polls = Cell::new(0);
    // Would be ready at its second poll.
    let one_yield = || {
        let mut polled = false;
        let polls = &polls;
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            if polled {
                return Poll::Ready(());
            }
            polled = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    };
    assert!(harness.run(timeout(Duration::ZERO, one_yield())).is_err());
    assert_eq!(polls.replace(0), 1);
    let elapsed = harness.run(timeout_at(past, one_yield())).unwrap_err();
    assert_eq!(polls.replace(0), 1);
    assert_eq!(elapsed.limit(), None);
    assert_eq!(
        elapsed.to_string(),
        "timed out because its deadline has passed"
    );
    assert_eq!(harness.elapsed(), ms(0));
    assert!(harness.driver.is_empty());
}

#[test]
fn o4_the_error_of_a_body_that_fails_in_time() {
    let harness = Harness::new();
    let body = async {
        sleep(ms(10)).await;
        Err::<(), _>(io::Error::other("broken"))
    };
    let error = harness.run(try_timeout(ms(20), body)).unwrap_err();
    assert_eq!(error.to_string(), "broken");
    assert_eq!(harness.elapsed(), ms(10));
}

#[test]
fn o4_the_value_wins_if_both_are_ready_in_one_poll() {
    let harness = Harness::new();
    let body = async {
        sleep(ms(10)).await;
        7
    };
    assert_eq!(harness.run(timeout(ms(10), body)), Ok(7));
    // Also if the loop comes very late.
    let wakes = Wakes::new();
    let mut late = Box::pin(timeout(ms(10), sleep(ms(20))));
    wakes.poll_pending(&mut late);
    harness.advance(seconds(1));
    assert_eq!(wakes.poll_ready(&mut late), Ok(()));
    assert!(harness.driver.is_empty());
}

#[test]
fn w1_a_ready_value_with_no_time_at_all() {
    let harness = Harness::new();
    assert_eq!(harness.run(timeout(Duration::ZERO, ready(7))), Ok(7));
    assert_eq!(
        harness.run(move_on_after(Duration::ZERO, ready(7))),
        Some(7)
    );
    let fine = ready(io::Result::Ok(7));
    assert_eq!(harness.run(try_timeout(Duration::ZERO, fine)).unwrap(), 7);
}

#[test]
fn w1_one_that_would_block_with_no_time_at_all() {
    let harness = Harness::new();
    let never = pending::<()>;
    assert!(harness.run(timeout(Duration::ZERO, never())).is_err());
    assert_eq!(harness.run(move_on_after(Duration::ZERO, never())), None);
    let never = pending::<io::Result<()>>();
    let error = harness.run(try_timeout(Duration::ZERO, never)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn the_reasons_can_be_told_apart_behind_an_io_error() {
    let harness = Harness::new();
    let error = harness.run(try_timeout(ms(1500), pending::<io::Result<()>>()));
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "timed out after 1.5 s");
    assert!(error.get_ref().unwrap().is::<Elapsed>());
    let boxed: Result<(), Box<dyn Error + Send + Sync>> =
        harness.run(try_timeout(ms(1), pending()));
    assert!(boxed.unwrap_err().is::<Elapsed>());
}

#[test]
fn a_body_that_is_ready_at_once_arms_nothing() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let mut done = timeout(seconds(1), ready(()));
    assert_eq!(wakes.poll_ready(&mut done), Ok(()));
    assert!(harness.driver.is_empty());
}

#[test]
fn a_finished_one_that_is_kept_keeps_nothing_armed() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let mut kept = Box::pin(timeout(seconds(1), yield_now()));
    wakes.poll_pending(&mut kept);
    assert_eq!(harness.driver.len(), 1);
    assert_eq!(wakes.poll_ready(&mut kept), Ok(()));
    assert!(harness.driver.is_empty());
}

#[test]
fn a_body_that_is_never_out_of_work_is_ended_all_the_same() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let task = TaskContext::root();
    let mut busy = pin!(timeout(ms(10), async {
        loop {
            sleep(Duration::ZERO).await;
        }
    }));
    // Pending because the budget is used up.
    task.enter(|| wakes.poll_pending(&mut busy.as_mut()));
    assert_eq!(wakes.count(), 1);
    harness.advance(ms(10));
    assert!(task.enter(|| wakes.poll_ready(&mut busy.as_mut())).is_err());
}

#[test]
fn the_body_knows_its_deadline() {
    let harness = Harness::new();
    assert_eq!(current_deadline(), None);
    let (outer, inner) = harness
        .run(timeout(seconds(5), async {
            let inner = timeout(seconds(9), async { current_deadline() }).await;
            (current_deadline(), inner.unwrap())
        }))
        .unwrap();
    assert_eq!(outer, Some(harness.at(seconds(5))));
    assert_eq!(inner, outer);
    assert_eq!(current_deadline(), None);
}

#[test]
fn says_what_it_waits_for() {
    let _harness = Harness::new();
    let _observation = observe();
    let task = TaskContext::root();
    let id = task.info().id();
    let mut waiting = timeout(seconds(30), pending::<()>());
    task.enter(|| Wakes::new().poll_pending(&mut waiting));
    let waits: Vec<_> = waits_of(id)
        .into_iter()
        .map(|wait| wait.to_string())
        .collect();
    assert_eq!(waits, ["timeout, 30 s left"]);
}

#[test]
fn takes_what_can_be_turned_into_a_future() {
    struct Request;
    impl IntoFuture for Request {
        type Output = u8;
        type IntoFuture = std::future::Ready<u8>;
        fn into_future(self) -> Self::IntoFuture {
            ready(7)
        }
    }
    let harness = Harness::new();
    assert_eq!(harness.run(timeout(ms(1), Request)), Ok(7));
    assert_eq!(harness.run(move_on_after(ms(1), Request)), Some(7));
}
