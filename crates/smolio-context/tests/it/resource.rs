//! Things that tasks hold and wait for, while somebody looks.

use std::time::Duration;

use smolio_context::{
    Resource, TaskContext, VirtualClock, WaitTarget, observe, waiting_for_children,
    waiting_for_members, waiting_for_task, waiting_on, waiting_until, waits_of,
};

use crate::take_turn;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn its_words_say_what_it_is() {
    let _turn = take_turn();
    assert_eq!(Resource::new("Lock").to_string(), "Lock");
    let named = Resource::permits("Semaphore").named("connections");
    assert_eq!(named.to_string(), "Semaphore \"connections\"");
    static NAMELESS: Resource = Resource::new("Lock");
    let _observation = observe();
    NAMELESS.taken();
    let number = NAMELESS.to_string();
    assert!(number.starts_with("Lock #"), "{number}");
    NAMELESS.released();
    assert_eq!(NAMELESS.to_string(), number);
    let debug = format!("{named:?}");
    assert!(debug.contains("connections"), "{debug}");
}

#[test]
fn nothing_is_recorded_while_nobody_looks() {
    let _turn = take_turn();
    let lock = Resource::new("Lock");
    let task = TaskContext::root();
    task.enter(|| {
        lock.taken();
        waiting_on(&lock, || unreachable!("the text is not even made"));
        waiting_until(smolio_context::Instant::now(), || unreachable!("nor this"));
        waiting_for_task(task.info().id(), || unreachable!("nor this"));
        waiting_for_children(|| unreachable!("nor this"));
        waiting_for_members(|| unreachable!("nor this"));
        lock.released();
    });
    // It has not even got a number.
    assert_eq!(lock.to_string(), "Lock");
}

#[test]
fn a_wait_says_what_it_is_about() {
    let _turn = take_turn();
    let _observation = observe();
    let clock = VirtualClock::new();
    let _clock = clock.install();
    let (lock, other) = (Resource::new("Lock"), TaskContext::root());
    let task = TaskContext::root();
    let deadline = clock.now() + 5 * SECOND;
    let poll = |children: usize| {
        task.enter(|| {
            waiting_on(&lock, || lock.to_string());
            waiting_until(deadline, || "sleep".to_string());
            waiting_for_task(other.info().id(), || format!("the other of {children}"));
            waiting_for_children(|| format!("{children} children"));
            waiting_for_members(|| format!("gather ({children} futures)"));
        });
    };
    poll(2);
    let start = clock.now();
    clock.advance(2 * SECOND);
    // The words of some change: they are the same wait nevertheless.
    poll(1);
    let waits = waits_of(task.info().id());
    let texts: Vec<_> = waits.iter().map(ToString::to_string).collect();
    let lock = lock.to_string();
    let expected = [
        &*lock,
        "sleep, 3 s left",
        "the other of 1",
        "1 children",
        "gather (1 futures)",
    ];
    assert_eq!(texts, expected);
    let since: Vec<_> = waits.iter().map(|wait| wait.since() - start).collect();
    assert_eq!(since, [0, 0, 0, 0, 2].map(|seconds| seconds * SECOND));
    assert!(matches!(waits[0].target(), WaitTarget::Resource(_)));
    assert_eq!(waits[1].target(), WaitTarget::Time(deadline));
    assert_eq!(waits[2].target(), WaitTarget::Task(other.info().id()));
    assert_eq!(waits[3].target(), WaitTarget::Children);
    assert_eq!(waits[4].target(), WaitTarget::Members);
}
