//! Virtual time: it passes in no time, exactly, and only when nothing else can happen.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, SystemTime},
};

use smolio_context::{Instant, VirtualClock};
use smolio_executor::{Task, finally, spawn, spawn_local, to_thread, yield_now};
use smolio_test::{Test, advance, run};
use smolio_timer::{sleep, sleep_until, timeout};

use crate::support::{Trace, is_child, panic_message, run_child};

const SECOND: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[test]
fn v1_sleeps_of_years_take_no_time() {
    let before = SystemTime::now();
    run(async {
        let start = Instant::now();
        let sleepers: Vec<_> = (1..=20).map(|years| spawn(sleep(years * YEAR))).collect();
        for sleeper in sleepers {
            sleeper.await;
        }
        assert_eq!(start.elapsed(), 20 * YEAR);
    });
    assert!(before.elapsed().unwrap() < SECOND);
}

#[test]
fn v1_a_sleep_takes_exactly_as_long_as_it_says() {
    run(async {
        for milliseconds in [5000, 1, 999, 1, 86_400_000, 3] {
            let duration = Duration::from_millis(milliseconds);
            let start = Instant::now();
            sleep(duration).await;
            assert_eq!(start.elapsed(), duration);
        }
    });
}

#[test]
fn time_stands_still_while_a_task_can_run() {
    run(async {
        let start = Instant::now();
        let _sleeper = spawn(sleep(Duration::from_millis(1)));
        for _ in 0..10_000 {
            yield_now().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn deadlines_are_met_in_their_order() {
    run(async {
        let trace = Trace::new();
        let tasks: Vec<_> = [3, 1, 2, 1]
            .into_iter()
            .enumerate()
            .map(|(number, seconds)| {
                let trace = trace.clone();
                spawn(async move {
                    sleep(seconds * SECOND).await;
                    trace.note(format!("task {number}"));
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        assert_eq!(
            trace.timed(),
            ["1s task 1", "1s task 3", "2s task 2", "3s task 0"]
        );
    });
}

#[test]
fn a_cancelled_timer_moves_no_clock() {
    run(async {
        let start = Instant::now();
        for _ in 0..100 {
            let answer = timeout(YEAR, yield_now()).await;
            assert!(answer.is_ok());
        }
        drop(spawn(sleep(YEAR)));
        sleep(SECOND).await;
        assert_eq!(start.elapsed(), SECOND);
    });
}

#[test]
fn v2_the_clock_stands_while_a_closure_runs_on_a_thread() {
    run(async {
        let start = Instant::now();
        // An hour would be jumped over at once, were it not for the closure.
        let answer = timeout(
            3600 * SECOND,
            to_thread(|| {
                // Real: the loop has gone idle by then.
                std::thread::sleep(Duration::from_millis(20));
                Instant::now()
            }),
        );
        let on_thread = answer.await.expect("no jump");
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(on_thread, start, "the closure is on the test's clock, too");
    });
}

#[test]
fn the_clock_goes_on_when_a_closure_was_abandoned_and_has_returned() {
    run(async {
        let (release, released) = mpsc::channel::<()>();
        let closure = begin_on_thread(move || {
            released.recv().ok();
        })
        .await;
        closure.cancel().await;
        drop(release);
        let start = Instant::now();
        sleep(SECOND).await;
        assert_eq!(start.elapsed(), SECOND);
    });
}

/// Starts a closure on a thread and waits until it has begun: before that it could still be taken back.
async fn begin_on_thread(f: impl FnOnce() + Send + 'static) -> Task<()> {
    let begun = Arc::new(AtomicBool::new(false));
    let begins = begun.clone();
    let closure = spawn(to_thread(move || {
        begins.store(true, Ordering::Release);
        f();
    }));
    while !begun.load(Ordering::Acquire) {
        yield_now().await;
    }
    closure
}

#[test]
fn in_a_child_a_thread_is_stuck() {
    if is_child() {
        run(async {
            let stuck = begin_on_thread(|| {
                loop {
                    std::thread::park();
                }
            });
            stuck.await.cancel().await;
        });
    }
}

#[test]
fn a_closure_that_never_returns_gets_its_grace_in_real_time() {
    let before = SystemTime::now();
    let output = run_child(
        "virtual_time::in_a_child_a_thread_is_stuck",
        &[("SMOLIO_GRACE_MS", "300")],
    );
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("given up"), "{stderr}");
    let waited = before.elapsed().unwrap();
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    assert!(waited < Duration::from_secs(4), "{waited:?}");
}

#[test]
fn a_closure_that_returns_in_time_is_not_given_up() {
    let returned = Arc::new(AtomicBool::new(false));
    let noted = returned.clone();
    run(async {
        let slow = begin_on_thread(move || {
            std::thread::sleep(Duration::from_millis(30));
            noted.store(true, Ordering::Release);
        });
        drop(slow.await);
    });
    assert!(returned.load(Ordering::Acquire));
}

#[test]
fn clean_ups_may_take_their_virtual_time() {
    let trace = Trace::new();
    run(async {
        let noted = trace.clone();
        let clean_up = async move {
            sleep(4 * SECOND).await;
            noted.note("cleaned up");
        };
        spawn(finally(std::future::pending::<()>(), clean_up)).detach();
        yield_now().await;
    });
    assert_eq!(trace.texts(), ["cleaned up"]);
}

#[test]
fn advance_stops_at_each_deadline_on_the_way() {
    run(async {
        let trace = Trace::new();
        let noted = trace.clone();
        let _task = spawn(async move {
            for _ in 0..4 {
                sleep(SECOND).await;
                noted.note("tick");
            }
        });
        advance(Duration::from_millis(2500)).await;
        trace.note("advanced");
        // What is due at the very end has happened when it returns, and what follows from that as well.
        advance(Duration::from_millis(500)).await;
        trace.note("advanced");
        let expected = [
            "1s tick",
            "2s tick",
            "2.5s advanced",
            "3s tick",
            "3s advanced",
        ];
        assert_eq!(trace.timed(), expected);
    });
}

#[test]
fn advance_is_exact_to_the_nanosecond() {
    run(async {
        let start = Instant::now();
        advance(Duration::from_nanos(1)).await;
        advance(Duration::from_micros(1500)).await;
        assert_eq!(start.elapsed(), Duration::from_nanos(1_500_001));
        // A timer is never early, and at most a tick of the wheel late.
        sleep(SECOND).await;
        let slept = start.elapsed() - Duration::from_nanos(1_500_001);
        assert!(
            slept >= SECOND && slept < SECOND + Duration::from_millis(1),
            "{slept:?}"
        );
    });
}

#[test]
fn several_can_advance_at_once() {
    run(async {
        let trace = Trace::new();
        let task = |seconds: u32, trace: Trace| async move {
            advance(seconds * SECOND).await;
            trace.note(format!("by {seconds}"));
        };
        let longer = spawn(task(5, trace.clone()));
        let shorter = spawn(task(2, trace.clone()));
        sleep_until(Instant::now() + 3 * SECOND).await;
        trace.note("slept");
        longer.await;
        shorter.await;
        assert_eq!(trace.timed(), ["2s by 2", "3s slept", "5s by 5"]);
    });
}

#[test]
fn an_advance_that_is_dropped_leaves_the_clock_where_it_is() {
    run(async {
        let start = Instant::now();
        let answer = timeout(SECOND, advance(YEAR)).await;
        assert!(answer.is_err());
        assert_eq!(start.elapsed(), SECOND);
        sleep(SECOND).await;
        assert_eq!(start.elapsed(), 2 * SECOND);
    });
}

#[test]
fn advance_is_for_virtual_time() {
    let expected =
        "advance() moves the clock of a test in virtual time, and none runs on this thread";
    let in_real_time = || Test::new().real_time().run(advance(SECOND));
    assert_eq!(panic_message(in_real_time), expected);
    let outside_of_tests = || futures_lite::future::block_on(advance(SECOND));
    assert_eq!(panic_message(outside_of_tests), expected);
}

#[test]
fn tasks_on_the_loop_need_not_be_send() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    run(async {
        let start = std::rc::Rc::new(Instant::now());
        let seen = seen.clone();
        spawn_local(async move {
            sleep(SECOND).await;
            seen.lock().unwrap().push(start.elapsed());
        })
        .await;
    });
    assert_eq!(*seen.lock().unwrap(), [SECOND]);
    assert!(VirtualClock::current().is_none());
}
