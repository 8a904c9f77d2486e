//! A test in which nothing can happen any more fails, and says why.

use std::{
    collections::BTreeMap,
    future::{Future, pending, poll_fn},
    pin::pin,
    time::{Duration, SystemTime},
};

use futures_lite::future::zip;
use smolio_context::{Scoped, TaskContext, collect};
use smolio_executor::{TaskBuilder, finally, spawn_local, yield_now};
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
    // Not after the time of the test, nor that of a limit; a busy machine may take its own.
    assert!(before.elapsed().unwrap() < 10 * SECOND);
    let (file, main, alpha, beta) = (file!(), first_line + 2, first_line + 5, first_line + 12);
    let ids = ids(&report);
    let [main_id, alpha_id, beta_id] = ["main", "alpha", "beta"].map(|name| ids[name]);
    let expected = format!(
        "all tasks are blocked, and no timer is left to wake one (2.5s into the test)

these 2 wait for each other, and will for ever:
    alpha, id {alpha_id}, waits for Lock \"b\", held by beta, id {beta_id}
    beta, id {beta_id}, waits for Lock \"a\", held by alpha, id {alpha_id}

main, id {main_id}, waiting (spawned at {file}:{main}:14)
    waits for Lock \"end\", held by alpha, id {alpha_id} (for 2.5 s)
alpha, id {alpha_id}, waiting (spawned at {file}:{alpha}:59)
    waits for Lock \"b\", held by beta, id {beta_id} (for 1.5 s)
beta, id {beta_id}, waiting (spawned at {file}:{beta}:57)
    waits for Lock \"a\", held by alpha, id {alpha_id} (for 0 s)

If it waits for a socket, a file, a process or a thread of its own, tell the test: `io`."
    );
    assert_eq!(report, expected);
}

/// The ids of those who are listed by a name of their own.
fn ids(report: &str) -> BTreeMap<&str, u64> {
    let listed = report.lines().filter(|line| line.contains(" (spawned at "));
    let named = listed.filter_map(|line| line.trim_start().split_once(", id "));
    let id = |text: &str| text.split_once(',').unwrap().0.parse().unwrap();
    named.map(|(name, rest)| (name, id(rest))).collect()
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
    let main = format!(
        "\n\nmain, id {}, waiting (spawned at {}:",
        ids(&report)["main"],
        file!()
    );
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
        report.contains("\n    waits for Lock \"a\", held by itself (for 0 s)\n"),
        "{report}"
    );
    assert!(
        report.contains("\n    waits for Lock \"b\", held by itself (for 0 s)\n"),
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
    let main = ids(&report)["main"];
    let held = format!("held by main, id {main} (for 3 s)");
    assert!(report.contains(&held), "{report}");
}

/// Polls `future` as a group polls its children.
async fn as_child<F: Future>(context: TaskContext, future: F) -> F::Output {
    let mut child = pin!(Scoped::new(context, future));
    poll_fn(|cx| child.as_mut().poll_child(cx)).await
}

#[test]
fn children_of_a_group_are_listed_below_their_task() {
    let first_line = line!();
    let report = panic_message(|| {
        run(async {
            let lock = Lock::new("a");
            lock.acquire().await;
            let fetch = TaskContext::child(Some("fetch"));
            let store = TaskContext::child(Some("store"));
            sleep(SECOND).await;
            let inner = async {
                let part = TaskContext::child(Some("part"));
                as_child(part, lock.acquire()).await;
            };
            let done = as_child(TaskContext::child(Some("done")), async {});
            zip(
                done,
                zip(as_child(store, pending::<()>()), as_child(fetch, inner)),
            )
            .await;
        });
    });
    let file = file!();
    let [main, fetch, store, part] = [2, 5, 6, 9].map(|line| first_line + line);
    let ids = ids(&report);
    let [main_id, fetch_id, store_id, part_id] =
        ["main", "fetch", "store", "part"].map(|name| ids[name]);
    let expected = format!(
        "all tasks are blocked, and no timer is left to wake one (1s into the test)

main, id {main_id}, waiting (spawned at {file}:{main}:9)
    waits for something that does not say what it is (for 0 s)
    fetch, id {fetch_id}, waiting (spawned at {file}:{fetch}:25)
        waits for something that does not say what it is (for 0 s)
        part, id {part_id}, waiting (spawned at {file}:{part}:28)
            waits for Lock \"a\", held by main, id {main_id} (for 0 s)
    store, id {store_id}, waiting (spawned at {file}:{store}:25)
        waits for something that does not say what it is (for 0 s)

If it waits for a socket, a file, a process or a thread of its own, tell the test: `io`."
    );
    assert_eq!(report, expected);
}

/// Its sibling has ended since; and each child is below its own task.
#[test]
fn a_child_whose_parent_has_ended_is_listed_too() {
    let report = panic_message(|| {
        run(async {
            let task = TaskBuilder::new().name("task").spawn_local(async {
                let second = as_child(TaskContext::child(Some("first")), async {
                    TaskContext::child(Some("second"))
                });
                as_child(second.await, pending::<()>()).await;
            });
            as_child(TaskContext::child(Some("third")), pending::<()>()).await;
            task.await;
        });
    });
    let names: Vec<_> = report
        .lines()
        .filter(|line| line.contains(" (spawned at "))
        .map(|line| line.split_once(", id ").unwrap().0)
        .collect();
    assert_eq!(
        names,
        ["main", "    third", "task", "    second"],
        "{report}"
    );
}

#[test]
fn a_clean_up_that_a_group_waits_for_is_named() {
    let report = panic_message(|| {
        run(async {
            let child = TaskContext::child(Some("child"));
            let (_, clean_ups) =
                child.enter(|| collect(|| drop(finally(pending::<()>(), pending()))));
            for clean_up in clean_ups {
                clean_up.await;
            }
        });
    });
    let expected = format!(
        "waits for a clean-up, left by child (spawned at {}:",
        file!()
    );
    assert!(report.contains(&expected), "{report}");
    assert!(report.ends_with("`io`."), "{report}");
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
