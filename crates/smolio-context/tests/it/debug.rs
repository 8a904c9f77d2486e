//! Debug mode: polls that take too long, and who is blamed for them.
//!
//! A thread that sleeps stands for one that is busy. The limit is so high that nobody reaches it by chance.

use std::{
    cell::RefCell,
    future::Future,
    pin::pin,
    sync::{MutexGuard, Once},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use smolio_context::{
    Scoped, TaskContext, VirtualClock, allow_slow_poll, budget_left, debug_mode, is_debug,
    is_observed, observe, spend_budget, unconstrained, warn_in_debug,
};

use crate::{child, panic_of, take_turn};

const LIMIT: Duration = Duration::from_millis(200);

fn be_busy() {
    thread::sleep(LIMIT + LIMIT / 4);
}

// ---- what was logged ---------------------------------------------------------------------------------------------------

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args().to_string();
        assert!(!text.contains("bad luck"), "the logger");
        let line = format!("{} {} {text}", record.level(), record.target());
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn flush(&self) {}
}

/// What this thread logs, while no other test is in debug mode.
pub(crate) struct Log(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Log {
    pub(crate) fn begin() -> Self {
        static SET: Once = Once::new();
        let turn = take_turn();
        SET.call_once(|| {
            log::set_logger(&Logger).unwrap();
            log::set_max_level(log::LevelFilter::Warn);
        });
        Self(turn)
    }

    pub(crate) fn take(&self) -> Vec<String> {
        LINES.take()
    }

    /// The names of those who were reported since the last call.
    fn take_names(&self) -> Vec<String> {
        let lines = self.take().into_iter();
        let name = |line: String| {
            let text = line.strip_prefix("WARN smolio ").unwrap();
            text.split_once(" (spawned at ").unwrap().0.to_string()
        };
        lines.map(name).collect()
    }
}

fn named(name: &str) -> TaskContext {
    TaskContext::child(Some(name))
}

// ---- slow polls --------------------------------------------------------------------------------------------------------

#[test]
fn a_slow_poll_is_reported_with_what_to_do_about_it() {
    let log = Log::begin();
    let _debug = debug_mode(LIMIT);
    let line = line!() + 1;
    let task = TaskContext::child(Some("resize"));
    task.enter(be_busy);
    let lines = log.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let (file, id) = (file!(), task.info().id());
    let begin = format!(
        "WARN smolio resize (spawned at {file}:{line}:16), id {id}, kept its thread busy for "
    );
    let end = " in one poll: blocking call? move it to to_thread; long computation? yield_now().await now and then";
    assert!(lines[0].starts_with(&begin), "{lines:?}");
    assert!(lines[0].ends_with(end), "{lines:?}");
    let took = &lines[0][begin.len()..lines[0].len() - end.len()];
    let milliseconds: f64 = match took.strip_suffix("ms") {
        Some(milliseconds) => milliseconds.parse().unwrap(),
        None => 1000.0 * took.strip_suffix('s').unwrap().parse::<f64>().unwrap(),
    };
    assert!(milliseconds >= 250.0, "{took}");
}

#[test]
fn once_for_each_such_poll_and_never_for_a_fast_one() {
    let log = Log::begin();
    let _debug = debug_mode(LIMIT);
    let task = named("resize");
    for times in 0..3 {
        assert_eq!(log.take_names(), vec!["resize"; times.min(1)]);
        (0..100).for_each(|_| task.enter(|| ()));
        assert!(log.take().is_empty());
        task.enter(be_busy);
    }
}

#[test]
fn off_it_is_silent() {
    let log = Log::begin();
    let task = named("resize");
    assert!(!is_debug());
    task.enter(be_busy);
    let (one, other) = (debug_mode(LIMIT), debug_mode(LIMIT));
    drop(one);
    // It observes, too.
    assert!(is_debug() && is_observed());
    drop(other);
    assert!(!is_debug() && !is_observed());
    task.enter(be_busy);
    // Those who observe do not ask for it.
    let _observation = observe();
    assert!(is_observed() && !is_debug());
    task.enter(be_busy);
    assert!(log.take().is_empty());
}

#[test]
fn each_answers_for_itself_only() {
    let log = Log::begin();
    let _debug = debug_mode(LIMIT);
    let (task, child, grandchild) = (named("task"), named("child"), named("grandchild"));
    let cases: [(bool, bool, bool, &[&str]); 5] = [
        (false, false, true, &["grandchild"]),
        (false, true, false, &["child"]),
        (true, false, false, &["task"]),
        (true, false, true, &["grandchild", "task"]),
        (true, true, true, &["grandchild", "child", "task"]),
    ];
    for (in_task, in_child, in_grandchild, expected) in cases {
        let busy = |yes: bool| yes.then(be_busy);
        task.enter(|| {
            child.enter_child(|| {
                grandchild.enter_child(|| busy(in_grandchild));
                busy(in_child);
            });
            // A second one that has nothing to do.
            child.enter_child(|| ());
            busy(in_task);
        });
        assert_eq!(log.take_names(), expected);
    }
    // A task that is polled by another, not by a loop: a clean-up of a group for instance.
    task.enter(|| child.enter(be_busy));
    assert_eq!(log.take_names(), ["child"]);
}

/// All that is slow together is not one that is slow.
#[test]
fn many_children_are_not_their_parent() {
    let log = Log::begin();
    let _debug = debug_mode(LIMIT);
    let (task, child) = (named("task"), named("child"));
    task.enter(|| {
        for _ in 0..8 {
            child.enter_child(|| thread::sleep(LIMIT / 8));
        }
    });
    assert!(log.take().is_empty());
}

#[test]
fn with_a_limit_of_nothing_each_poll_is_reported() {
    let log = Log::begin();
    let _debug = debug_mode(Duration::ZERO);
    let (task, child) = (named("task"), named("child"));
    task.enter(|| child.enter_child(|| ()));
    child.enter_child(|| ());
    assert_eq!(log.take_names(), ["child", "task", "child"]);
}

#[test]
fn a_slow_drop_counts_and_so_does_a_poll_that_panics() {
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            be_busy();
        }
    }
    let log = Log::begin();
    let _debug = debug_mode(LIMIT);
    let slow = Slow;
    drop(Scoped::new(named("dropped"), async move { drop(slow) }));
    assert_eq!(log.take_names(), ["dropped"]);
    let panics = named("panics");
    let text = panic_of(|| {
        panics.enter(|| {
            be_busy();
            panic!("in the poll")
        })
    });
    assert_eq!(text, "in the poll");
    assert_eq!(log.take_names(), ["panics"]);
    // What was going on then is over.
    panics.enter(|| named("fast").enter_child(|| ()));
    assert!(log.take().is_empty());
}

/// Its thread is there to be blocked. What runs on it besides answers for itself.
#[test]
fn one_poll_may_be_slow() {
    let log = Log::begin();
    let debug = debug_mode(LIMIT);
    let (closure, task) = (named("to_thread"), named("task"));
    allow_slow_poll();
    closure.enter(|| {
        be_busy();
        task.enter(be_busy);
    });
    assert_eq!(log.take_names(), ["task"]);
    closure.enter(be_busy);
    assert_eq!(log.take_names(), ["to_thread"]);
    // Within another poll it is that one's time.
    task.enter(|| {
        allow_slow_poll();
        closure.enter(be_busy);
    });
    assert_eq!(log.take_names(), ["task"]);
    drop(debug);
    // Said while nobody measures, it is not kept for later.
    allow_slow_poll();
    let _debug = debug_mode(LIMIT);
    closure.enter(be_busy);
    assert_eq!(log.take_names(), ["to_thread"]);
}

#[test]
fn the_virtual_clock_has_no_part_in_it() {
    let log = Log::begin();
    let _debug = debug_mode(LIMIT);
    let clock = VirtualClock::new();
    let _guard = clock.install();
    named("fast").enter(|| clock.advance(100 * LIMIT));
    assert!(log.take().is_empty());
    named("slow").enter(be_busy);
    assert_eq!(log.take_names(), ["slow"]);
}

// ---- at the edges ------------------------------------------------------------------------------------------------------

#[test]
fn debug_mode_may_begin_and_end_within_a_poll() {
    let log = Log::begin();
    let (task, child) = (named("task"), named("child"));
    // Begins: the child is measured, the task is not.
    let debug = task.enter(|| {
        let debug = debug_mode(LIMIT);
        child.enter_child(be_busy);
        be_busy();
        debug
    });
    assert_eq!(log.take_names(), ["child"]);
    // Ends, and begins anew.
    task.enter(|| {
        be_busy();
        drop(debug);
    });
    assert!(log.take().is_empty());
    let debug = task.enter(|| debug_mode(LIMIT));
    assert!(log.take().is_empty());
    task.enter(|| child.enter_child(be_busy));
    assert_eq!(log.take_names(), ["child"]);
    task.enter(be_busy);
    assert_eq!(log.take_names(), ["task"]);
    // A second one, with another limit: that is asked for at the end.
    let second = task.enter(|| child.enter_child(|| debug_mode(Duration::ZERO)));
    assert_eq!(log.take_names(), ["child", "task"]);
    drop(debug);
    task.enter(|| child.enter_child(|| ()));
    assert_eq!(log.take_names(), ["child", "task"]);
    drop(second);
    task.enter(be_busy);
    assert!(log.take().is_empty());
}

/// What is noted of a measured poll is noted beside the budget.
#[test]
fn budgets_are_as_they_were() {
    let _log = Log::begin();
    let _debug = debug_mode(LIMIT);
    assert_eq!(budget_left(), None);
    named("task").enter(|| {
        spend_budget();
        let before = budget_left();
        assert!(before.is_some());
        named("child").enter_child(|| assert!(budget_left() > before));
        assert_eq!(budget_left(), before);
        let mut lifted = pin!(unconstrained(async {
            named("child").enter_child(|| ());
            budget_left()
        }));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(lifted.as_mut().poll(&mut cx), Poll::Ready(None));
        assert_eq!(budget_left(), before);
    });
    assert_eq!(budget_left(), None);
}

#[test]
fn a_logger_that_panics_takes_nothing_with_it() {
    let log = Log::begin();
    let _debug = debug_mode(Duration::ZERO);
    let unlucky = named("bad luck");
    assert_eq!(unlucky.enter(|| 7), 7);
    let text = panic_of(|| unlucky.enter(|| panic!("in the poll")));
    assert_eq!(text, "in the poll");
    assert!(log.take().is_empty());
    named("task").enter(|| ());
    assert_eq!(log.take_names(), ["task"]);
}

#[test]
fn warnings_are_made_in_debug_mode_only() {
    let log = Log::begin();
    warn_in_debug(|| unreachable!("the text is not even made"));
    let _debug = debug_mode(LIMIT);
    warn_in_debug(|| "a group was never run".to_string());
    warn_in_debug(|| "bad luck".to_string());
    assert_eq!(log.take(), ["WARN smolio a group was never run"]);
}

#[test]
fn without_a_logger_it_goes_to_standard_error_too() {
    match child("debug::without_a_logger_it_goes_to_standard_error_too") {
        None => {
            let _debug = debug_mode(Duration::ZERO);
            let mut task = pin!(Scoped::new(named("task"), async {}));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(task.as_mut().poll(&mut cx).is_ready());
        }
        Some(errors) => {
            assert_eq!(errors.lines().count(), 1, "{errors}");
            assert!(errors.starts_with("smolio: task (spawned at "), "{errors}");
        }
    }
}
