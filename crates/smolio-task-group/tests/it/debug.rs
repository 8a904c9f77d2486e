//! Debug mode: a child whose poll takes too long is named, and neither its group nor its siblings are blamed. And a group that
//! was never run.
//!
//! A thread that sleeps stands for one that is busy. The limit is so high that nobody reaches it by chance.

use std::{
    cell::RefCell,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::Duration,
};

use smolio_context::{collect, debug_mode};
use smolio_executor::{TaskBuilder, run, yield_now};
use smolio_task_group::{LocalTaskGroup, Supervisor, TaskGroup};

use crate::support::yields;

const LIMIT: Duration = Duration::from_millis(200);

fn be_busy() {
    thread::sleep(LIMIT + LIMIT / 4);
}

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = record.args().to_string();
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn flush(&self) {}
}

/// The names of those of whom this thread has logged that they kept it busy, since the last call.
fn take_names() -> Vec<String> {
    let lines = LINES.take().into_iter();
    let slow = lines.filter(|line| line.contains(" kept its thread busy for "));
    slow.map(|line| line.split_once(" (spawned at ").unwrap().0.to_string())
        .collect()
}

/// From now on, and no other test of debug mode meanwhile: plain `cargo test` runs them side by side.
fn listen() -> MutexGuard<'static, ()> {
    static SET: Once = Once::new();
    static TURN: Mutex<()> = Mutex::new(());
    SET.call_once(|| {
        log::set_logger(&Logger).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
    });
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `program` in a task of this name.
fn in_task<F: Future<Output = ()> + 'static>(program: F) {
    run(async { TaskBuilder::new().name("task").spawn_local(program).await });
}

#[test]
fn each_child_answers_for_its_own_polls() {
    let _turn = listen();
    let _debug = debug_mode(LIMIT);

    in_task(async {
        let group = TaskGroup::infallible();
        let body = async {
            group.spawn_named("fast", yields(3));
            group.spawn_named("slow", async {
                yield_now().await;
                be_busy();
                yield_now().await;
            });
            group.spawn_named("parent", async {
                let inner = TaskGroup::infallible();
                let body = async {
                    inner.spawn_named("grandchild", async { be_busy() });
                };
                inner.run_value(body).await.unwrap();
            });
        };
        group.run_value(body).await.unwrap();
    });
    assert_eq!(take_names(), ["grandchild", "slow"]);

    // All of them together are slow, and none of them is.
    in_task(async {
        let group = TaskGroup::infallible();
        let body = async {
            for _ in 0..8 {
                group.spawn(async { thread::sleep(LIMIT / 8) });
            }
        };
        group.run_value(body).await.unwrap();
    });
    assert_eq!(take_names(), [""; 0]);

    // The body is the task's own, and so is what it does beside a child that is slow as well.
    in_task(async {
        let group = TaskGroup::infallible();
        let body = async {
            group.spawn_named("child", async { be_busy() });
            be_busy();
        };
        group.run_value(body).await.unwrap();
    });
    assert_eq!(take_names(), ["child", "task"]);

    in_task(async {
        let supervisor = Supervisor::<&str>::new();
        let body = async {
            drop(supervisor.spawn_named("supervised", async { be_busy() }));
        };
        supervisor.run(body).await.unwrap();
    });
    assert_eq!(take_names(), ["supervised"]);
}

/// What this thread has logged of groups that were never run, since the last call.
fn take_never_run() -> Vec<String> {
    let lines = LINES.take().into_iter();
    let what = ", was spawned into a task group that was dropped without being run: ";
    lines.filter(|line| line.contains(what)).collect()
}

#[test]
fn a_group_that_was_never_run_is_reported() {
    let _turn = listen();
    let spawn_and_drop = || {
        let group = TaskGroup::infallible();
        for name in ["first", "second"] {
            group.spawn_named(name, async {});
        }
    };
    run(async { spawn_and_drop() });
    assert_eq!(take_never_run(), [""; 0], "debug mode is off");
    let _debug = debug_mode(LIMIT);
    run(async {
        // Once for the line.
        spawn_and_drop();
        spawn_and_drop();
        drop(LocalTaskGroup::infallible().spawn(async {}));
        let supervisor = Supervisor::<&str>::new();
        drop(supervisor.spawn_named("supervised", async {}));
    });
    let lines = take_never_run();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("first (spawned at "), "{lines:?}");
    assert!(lines[0].contains("tests/it/debug.rs:"), "{lines:?}");
    assert!(lines[1].starts_with("task-"), "{lines:?}");
    assert!(lines[2].starts_with("supervised (spawned at "), "{lines:?}");
    run(async {
        // Without children there is nothing to run; and these have been run, or were meant to end.
        drop(TaskGroup::<&str>::new());
        let group = TaskGroup::infallible();
        let child = group.spawn_value(async { 7 });
        assert_eq!(group.run_value(child).await.unwrap(), 7);
        let group = TaskGroup::infallible();
        group.spawn(async {});
        group.cancel();
        drop(group);
        let group = TaskGroup::infallible();
        group.spawn(async {});
        let (_, clean_ups) = collect(|| drop(group));
        assert!(clean_ups.is_empty());
    });
    assert_eq!(take_never_run(), [""; 0]);
}
