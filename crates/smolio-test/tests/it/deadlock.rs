//! A test in which nothing can happen any more fails, and says why.

use std::{
    future::pending,
    time::{Duration, SystemTime},
};

use smolio_executor::{TaskBuilder, spawn_local, yield_now};
use smolio_test::{Test, all_blocked, run};
use smolio_timer::sleep;

use crate::support::{Lock, panic_message};

const SECOND: Duration = Duration::from_secs(1);

/// Two tasks, each of which waits for a lock that the other holds, and a third that waits for one of them. Gives the report,
/// and the first line of it all.
fn each_waits_for_the_other(test: Test) -> (String, u32) {
    let first_line = line!();
    let message = panic_message(|| {
        test.run(async {
            let locks = ["a", "b", "end"].map(Lock::new);
            let [a, b, end] = locks.clone();
            let _alpha = TaskBuilder::new().name("alpha").spawn(async move {
                a.acquire().await;
                end.acquire().await;
                sleep(SECOND).await;
                b.acquire().await;
            });
            let [a, b, end] = locks;
            let _beta = TaskBuilder::new().name("beta").spawn(async move {
                b.acquire().await;
                sleep(SECOND * 5 / 2).await;
                a.acquire().await;
            });
            yield_now().await;
            end.acquire().await;
        });
    });
    (message, first_line)
}

#[test]
fn v3_a_deadlock_is_reported_at_once() {
    let before = SystemTime::now();
    let (report, first_line) = each_waits_for_the_other(Test::new());
    assert!(before.elapsed().unwrap() < SECOND);
    let (file, main, alpha, beta) = (file!(), first_line + 2, first_line + 5, first_line + 12);
    let expected = format!(
        "all tasks are blocked, and no timer is left to wake one (2.5s into the test)

main (spawned at {file}:{main}:14)
    waits for Lock \"end\", held by alpha (since 0ns)

alpha (spawned at {file}:{alpha}:59)
    waits for Lock \"b\", held by beta (since 1s)

beta (spawned at {file}:{beta}:57)
    waits for Lock \"a\", held by alpha (since 2.5s)

If it waits for a socket, a file, a process or a thread of its own, tell the test: `io`."
    );
    assert_eq!(report, expected);
}

#[test]
fn with_io_there_is_hope_for_five_seconds() {
    let before = SystemTime::now();
    let (report, _) = each_waits_for_the_other(Test::new().io());
    let waited = before.elapsed().unwrap();
    assert!(waited >= 5 * SECOND && waited < 8 * SECOND, "{waited:?}");
    assert!(report.starts_with("all tasks are blocked"), "{report}");
    let end = "5 s of real time have brought no event. If what the test waits for takes longer, run it in real time.";
    assert!(report.ends_with(end), "{report}");
}

#[test]
fn one_who_does_not_say_what_it_waits_for_is_named_all_the_same() {
    let report = panic_message(|| {
        run(async {
            let mute = spawn_local(pending::<()>());
            let name = mute.info().name().into_owned();
            // In the report there is what is waited for now, not what was waited for before.
            sleep(SECOND).await;
            all_blocked().await;
            pending::<()>().await;
            drop((mute, name));
        });
    });
    let mute = "    waits for something that does not say what it is";
    let main = format!("\n\nmain (spawned at {}:", file!());
    assert!(report.contains(&main), "{report}");
    assert_eq!(report.matches(mute).count(), 2, "{report}");
    assert!(report.contains("(1s into the test)"), "{report}");
    assert!(!report.contains("sleep"), "{report}");
}

#[test]
fn one_that_waits_for_several_things_names_them_all() {
    let report = panic_message(|| {
        run(async {
            let (a, b) = (Lock::new("a"), Lock::new("b"));
            a.acquire().await;
            b.acquire().await;
            futures_lite::future::or(a.acquire(), b.acquire()).await;
        });
    });
    assert!(
        report.contains("\n    waits for Lock \"a\", held by main (since 0ns)\n"),
        "{report}"
    );
    assert!(
        report.contains("\n    waits for Lock \"b\", held by main (since 0ns)\n"),
        "{report}"
    );
}

#[test]
fn a_wait_keeps_its_beginning_through_polls_for_nothing() {
    let report = panic_message(|| {
        run(async {
            let lock = Lock::new("a");
            lock.acquire().await;
            sleep(SECOND).await;
            let second_in_line = TaskBuilder::new().name("second").spawn(lock.acquire());
            for _ in 0..3 {
                sleep(SECOND).await;
                // All who wait try again, and find it taken.
                lock.release();
                lock.acquire().await;
            }
            second_in_line.await;
        });
    });
    assert!(report.contains("held by main (since 1s)"), "{report}");
}

#[test]
fn a_lock_that_is_released_is_no_deadlock() {
    run(async {
        let lock = Lock::new("a");
        lock.acquire().await;
        let next = spawn_local({
            let lock = lock.clone();
            async move {
                lock.acquire().await;
                lock.release();
            }
        });
        for _ in 0..3 {
            yield_now().await;
            all_blocked().await;
        }
        lock.release();
        next.await;
    });
}
