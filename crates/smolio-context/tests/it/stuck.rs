//! What a watchdog finds: polls that do not end, locks that are held. A thread that sleeps stands for one that is busy.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use smolio_context::{
    Resource, TaskContext, allow_slow_poll, debug_mode, report_stuck, waiting_on,
};

use crate::debug::Log;

const NEVER: Duration = Duration::from_secs(3600);

fn named(name: &str) -> TaskContext {
    TaskContext::child(Some(name))
}

/// A thread that stays in what it does until it is let go.
struct Busy {
    let_go: Sender<()>,
    thread: JoinHandle<()>,
}

impl Busy {
    /// `work` is given what to call when it has got to the point.
    fn begin(work: impl FnOnce(&dyn Fn()) + Send + 'static) -> Self {
        let (begun, began) = channel();
        let (let_go, released): (Sender<()>, Receiver<()>) = channel();
        let thread = thread::Builder::new()
            .name("busy".to_string())
            .spawn(move || {
                work(&|| {
                    begun.send(()).unwrap();
                    released.recv().unwrap();
                });
            });
        began.recv().unwrap();
        Self {
            let_go,
            thread: thread.unwrap(),
        }
    }

    fn end(self) {
        self.let_go.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

fn a_second_passes() {
    thread::sleep(Duration::from_millis(1010));
}

#[test]
fn a_poll_that_does_not_end_is_reported_once() {
    let log = Log::begin();
    // It is not said once more when it ends.
    let _debug = debug_mode(Duration::from_millis(500));
    let busy = Busy::begin(|stay| {
        let (task, child) = (named("task"), named("child"));
        task.enter(|| child.enter_child(stay));
    });
    report_stuck();
    assert_eq!(log.take(), [""; 0]);
    a_second_passes();
    report_stuck();
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    let begin = "WARN smolio the loop of thread \"busy\" has not turned for 1.";
    assert!(line.starts_with(begin), "{line}");
    assert!(line.contains(": child (spawned at "), "{line}");
    assert!(line.contains("tests/it/stuck.rs"), "{line}");
    assert!(line.contains(", id "), "{line}");
    assert!(line.contains("move it to to_thread"), "{line}");
    if cfg!(target_os = "linux") {
        assert!(line.contains("holds it, in a system call"), "{line}");
        let gdb = format!("gdb -p {} ", std::process::id());
        assert!(line.contains(&gdb), "{line}");
    }
    a_second_passes();
    report_stuck();
    busy.end();
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn threads_that_may_be_blocked_are_left_alone_but_not_the_loops_on_them() {
    let log = Log::begin();
    let _debug = debug_mode(NEVER);
    let closure = Busy::begin(|stay| {
        allow_slow_poll();
        named("closure").enter(stay);
    });
    let inside = Busy::begin(|stay| {
        allow_slow_poll();
        named("closure").enter(|| named("task").enter(stay));
    });
    a_second_passes();
    report_stuck();
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(": task (spawned at "), "{lines:?}");
    closure.end();
    inside.end();
}

#[test]
fn a_lock_that_is_held_for_long_while_others_wait_is_reported_once_for_each_holding() {
    let log = Log::begin();
    let _debug = debug_mode(NEVER);
    let (holder, waiter) = (named("holder"), named("waiter"));
    let lock = Resource::new("Lock").named("accounts");
    let permits = Resource::permits("Semaphore");
    let wait = || {
        waiter.enter(|| {
            waiting_on(&lock, || lock.to_string());
            waiting_on(&permits, || permits.to_string());
        });
    };
    holder.enter(|| {
        lock.taken();
        permits.taken();
    });
    a_second_passes();
    // Nobody minds.
    report_stuck();
    assert_eq!(log.take(), [""; 0]);
    wait();
    for expected in [1, 0] {
        report_stuck();
        let lines = log.take();
        assert_eq!(lines.len(), expected, "{lines:?}");
        for line in lines {
            let begin = "WARN smolio holder (spawned at ";
            assert!(line.starts_with(begin), "{line}");
            let held = format!(
                ", id {}, has held Lock \"accounts\" for 1.",
                holder.info().id()
            );
            assert!(line.contains(&held), "{line}");
            let waits = ", while waiter (spawned at ";
            assert!(line.contains(waits), "{line}");
            assert!(line.contains(", waits for it: hold it for less"), "{line}");
        }
    }
    // The next one to hold it.
    holder.enter(|| lock.released());
    holder.enter(|| lock.taken());
    wait();
    report_stuck();
    assert_eq!(log.take(), [""; 0]);
    a_second_passes();
    report_stuck();
    assert_eq!(log.take().len(), 1);
}

#[test]
fn off_it_is_silent() {
    let log = Log::begin();
    let busy = Busy::begin(|stay| named("task").enter(stay));
    let _observation = smolio_context::observe();
    a_second_passes();
    report_stuck();
    assert_eq!(log.take(), [""; 0]);
    busy.end();
}
