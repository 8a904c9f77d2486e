//! Debug mode: a child whose poll takes too long is named, and neither its group nor its siblings are blamed.
//!
//! A thread that sleeps stands for one that is busy. The limit is so high that nobody reaches it by chance.

use std::{cell::RefCell, thread, time::Duration};

use smolio_context::debug_mode;
use smolio_executor::{TaskBuilder, run, yield_now};
use smolio_task_group::{Supervisor, TaskGroup};

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

/// Runs `program` in a task of this name.
fn in_task<F: Future<Output = ()> + 'static>(program: F) {
    run(async { TaskBuilder::new().name("task").spawn_local(program).await });
}

#[test]
fn each_child_answers_for_its_own_polls() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
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
