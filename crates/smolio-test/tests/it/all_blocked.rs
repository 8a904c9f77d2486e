//! `all_blocked`: before any jump of the clock, and for all who wait for it.

use std::{future::pending, time::Duration};

use smolio_context::Instant;
use smolio_executor::{spawn, to_thread, yield_now};
use smolio_test::{Test, all_blocked, run};
use smolio_timer::{sleep, timeout};

use crate::support::{Trace, panic_message};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn v1_all_blocked_comes_before_the_clock_jumps() {
    run(async {
        let trace = Trace::new();
        let sleeper = spawn({
            let trace = trace.clone();
            async move {
                sleep(100 * SECOND).await;
                trace.note("yawn");
            }
        });
        let waiter = spawn({
            let trace = trace.clone();
            async move {
                all_blocked().await;
                trace.note("waiter woke");
                sleep(1000 * SECOND).await;
                trace.note("waiter done");
            }
        });
        sleeper.await;
        waiter.await;
        assert_eq!(
            trace.timed(),
            ["0ns waiter woke", "100s yawn", "1000s waiter done"]
        );
    });
}

#[test]
fn waits_until_the_busy_are_done() {
    for test in [
        Test::new(),
        Test::new().seed(3),
        Test::new().io(),
        Test::new().real_time(),
    ] {
        test.run(async {
            let trace = Trace::new();
            let noted = trace.clone();
            let busy = spawn(async move {
                for _ in 0..10 {
                    yield_now().await;
                }
                noted.note("exhausted");
                pending::<()>().await;
            });
            all_blocked().await;
            trace.note("quiet at last");
            assert_eq!(trace.texts(), ["exhausted", "quiet at last"]);
            busy.cancel().await;
        });
    }
}

#[test]
fn wakes_all_who_wait_and_can_be_asked_again() {
    run(async {
        let trace = Trace::new();
        let waiter = |name: &'static str, trace: Trace| async move {
            all_blocked().await;
            trace.note(format!("{name}, first"));
            all_blocked().await;
            trace.note(format!("{name}, second"));
        };
        let one = spawn(waiter("one", trace.clone()));
        let two = spawn(waiter("two", trace.clone()));
        one.await;
        two.await;
        let expected = ["one, first", "two, first", "one, second", "two, second"];
        assert_eq!(trace.texts(), expected);
    });
}

#[test]
fn is_over_at_once_where_nobody_else_is() {
    run(async {
        let start = Instant::now();
        all_blocked().await;
        all_blocked().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn one_who_waits_for_a_thread_is_blocked() {
    run(async {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let closure = spawn(to_thread(move || released.recv().is_ok()));
        all_blocked().await;
        assert!(!closure.is_finished());
        release.send(()).unwrap();
        assert!(closure.await);
    });
}

#[test]
fn can_be_dropped() {
    run(async {
        let start = Instant::now();
        // Ready in its first poll, while the other has begun to wait.
        futures_lite::future::or(
            async {
                all_blocked().await;
                unreachable!("the other is ready");
            },
            std::future::ready(()),
        )
        .await;
        sleep(SECOND).await;
        let answer = timeout(SECOND, async {
            for _ in 0..100 {
                all_blocked().await;
                sleep(SECOND / 4).await;
            }
        })
        .await;
        assert!(answer.is_err());
        assert_eq!(start.elapsed(), 2 * SECOND);
    });
}

#[test]
fn is_for_tests() {
    let outside_of_tests = || futures_lite::future::block_on(all_blocked());
    let expected = "all_blocked() asks the test that runs on this thread, and none does";
    assert_eq!(panic_message(outside_of_tests), expected);
}
