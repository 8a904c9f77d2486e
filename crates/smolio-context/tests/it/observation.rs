//! What tasks wait for, while somebody looks.

use std::time::Duration;

use smolio_context::{
    TaskContext, VirtualClock, Wait, forget_waits, is_observed, observe, waiting_for, waits_of,
};

use crate::take_turn;

const SECOND: Duration = Duration::from_secs(1);

fn wait_for(what: &'static str) {
    waiting_for(|| what.to_string());
}

fn whats(task: &TaskContext) -> Vec<String> {
    waits_of(task.info().id())
        .into_iter()
        .map(|wait| wait.what)
        .collect()
}

#[test]
fn nothing_is_recorded_while_nobody_looks() {
    let _turn = take_turn();
    let task = TaskContext::root();
    task.enter(|| waiting_for(|| unreachable!("the text is not even made")));
    assert!(!is_observed());
    assert!(waits_of(task.info().id()).is_empty());
    // Outside of tasks nobody waits.
    let _observing = observe();
    waiting_for(|| unreachable!("there is no task"));
}

#[test]
fn observers_nest_and_the_last_one_clears() {
    let _turn = take_turn();
    let task = TaskContext::root();
    let (one, other) = (observe(), observe());
    task.enter(|| wait_for("a lock"));
    drop(one);
    assert!(is_observed());
    assert_eq!(whats(&task), ["a lock"]);
    drop(other);
    assert!(!is_observed());
    let _again = observe();
    assert!(whats(&task).is_empty());
}

/// Each poll says anew what the task waits for; a wait that goes on keeps its beginning.
#[test]
fn since_is_kept_from_poll_to_poll() {
    let _turn = take_turn();
    let _observing = observe();
    let clock = VirtualClock::new();
    let _clock = clock.install();
    let start = clock.now();
    let task = TaskContext::root();
    let wait = |what: &str, seconds: u32| Wait {
        what: what.to_string(),
        since: start + seconds * SECOND,
    };
    let waits = || waits_of(task.info().id());

    task.enter(|| wait_for("a lock"));
    clock.advance(SECOND);
    task.enter(|| {
        wait_for("a queue");
        wait_for("a lock");
    });
    assert_eq!(waits(), [wait("a queue", 1), wait("a lock", 0)]);
    clock.advance(SECOND);
    task.enter(|| wait_for("a queue"));
    assert_eq!(waits(), [wait("a queue", 1)]);
    // Given up for one poll, it begins again.
    clock.advance(SECOND);
    task.enter(|| wait_for("a lock"));
    assert_eq!(waits(), [wait("a lock", 3)]);
    // Said twice in one poll, it began once.
    clock.advance(SECOND);
    task.enter(|| {
        wait_for("a timer");
        clock.advance(SECOND);
        wait_for("a timer");
    });
    assert_eq!(waits(), [wait("a timer", 4), wait("a timer", 4)]);
    // A poll that waits for nothing.
    task.enter(|| ());
    assert!(waits().is_empty());
}

#[test]
fn each_task_has_its_own() {
    let _turn = take_turn();
    let _observing = observe();
    let (one, other) = (TaskContext::root(), TaskContext::root());
    one.enter(|| {
        wait_for("one's");
        // A child, polled in the middle of its parent's poll.
        other.enter_child(|| wait_for("the other's"));
        wait_for("one's second");
    });
    assert_eq!(whats(&one), ["one's", "one's second"]);
    assert_eq!(whats(&other), ["the other's"]);
    other.enter(|| ());
    assert_eq!(whats(&one), ["one's", "one's second"]);
}

#[test]
fn forgotten_at_the_end() {
    let _turn = take_turn();
    let _observing = observe();
    let task = TaskContext::root();
    task.enter(|| wait_for("a lock"));
    forget_waits(task.info().id());
    assert!(whats(&task).is_empty());
    // For one who waits for nothing: nothing.
    forget_waits(TaskContext::root().info().id());
}

/// A text that is made by looking at the waits, or that panics, does no harm to the others.
#[test]
fn the_text_is_made_outside_of_the_table() {
    let _turn = take_turn();
    let _observing = observe();
    let task = TaskContext::root();
    let id = task.info().id();
    task.enter(|| {
        wait_for("first");
        waiting_for(|| format!("second of {}", 1 + waits_of(id).len()));
        crate::panic_of(|| waiting_for(|| panic!("the text")));
    });
    assert_eq!(whats(&task), ["first", "second of 2"]);
}
