//! The call graph: those who wait for each other, and those who only seem to.

use smolio_context::{
    Resource, TaskContext, capture_call_graph, waiting_for, waiting_for_children,
    waiting_for_members, waiting_for_task, waiting_on, waiting_until,
};

use crate::{
    call_graph::{Stage, drawn, named, wait_on},
    take_turn,
};

/// Two tasks of which each holds what the other waits for.
struct Deadlock {
    tasks: [TaskContext; 2],
    locks: [Resource; 2],
}

impl Deadlock {
    fn new() -> Self {
        let deadlock = Self {
            tasks: ["transfer", "audit"].map(named),
            locks: ["current", "savings"].map(|name| Resource::new("Lock").named(name)),
        };
        let Self {
            tasks: [transfer, audit],
            locks: [current, savings],
        } = &deadlock;
        transfer.enter(|| current.taken());
        audit.enter(|| savings.taken());
        wait_on(transfer, savings);
        wait_on(audit, current);
        deadlock
    }
}

#[test]
fn tasks_that_wait_for_each_other_are_the_headline() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let deadlock = Deadlock::new();
    let [transfer, audit] = deadlock.tasks.each_ref().map(|task| task.info().id());
    let graph = capture_call_graph();
    assert_eq!(graph.circles(), [[transfer, audit]]);
    let expected = format!(
        "\
these 2 wait for each other, and will for ever:
    transfer, id {transfer}, waits for Lock \"savings\", held by audit, id {audit}
    audit, id {audit}, waits for Lock \"current\", held by transfer, id {transfer}

transfer, id {transfer}, waiting
    waits for Lock \"savings\", held by audit, id {audit} (for 0 s)
audit, id {audit}, waiting
    waits for Lock \"current\", held by transfer, id {transfer} (for 0 s)
"
    );
    assert_eq!(drawn(&graph), expected);
}

#[test]
fn whoever_has_a_way_out_is_in_no_circle() {
    let _turn = take_turn();
    let stage = Stage::new();
    let deadlock = Deadlock::new();
    let [transfer, audit] = &deadlock.tasks;
    let [current, savings] = &deadlock.locks;
    let circles = || capture_call_graph().circles().len();
    let waits_for_savings_and = |more: &dyn Fn()| {
        transfer.enter(|| {
            waiting_on(savings, || savings.to_string());
            more();
        });
    };
    assert_eq!(circles(), 1);
    // A timeout around it.
    let deadline = stage.clock.now();
    waits_for_savings_and(&|| waiting_until(deadline, || "timeout".to_string()));
    assert_eq!(circles(), 0);
    waits_for_savings_and(&|| waiting_for(|| "a socket".to_string()));
    assert_eq!(circles(), 0);
    // That is not a way out of its own.
    waits_for_savings_and(&|| waiting_for_members(|| "race (2 futures)".to_string()));
    assert_eq!(circles(), 1);
    // Woken, or running.
    transfer.woken();
    assert_eq!(circles(), 0);
    waits_for_savings_and(&|| assert_eq!(circles(), 0));
    assert_eq!(circles(), 1);
    // A second holder, who may let it go.
    let reader = named("reader");
    reader.enter(|| savings.taken());
    assert_eq!(circles(), 0);
    wait_on(&reader, current);
    assert_eq!(circles(), 1);
    // It is given up.
    audit.enter(|| savings.released());
    reader.enter(|| savings.released());
    assert_eq!(circles(), 0);
}

#[test]
fn of_a_circle_through_a_group_and_a_task() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let lock = Resource::new("Lock").named("accounts");
    let (main, task, child) = (named("main"), named("task"), named("child"));
    // main holds the lock and awaits the task, whose group waits for a child, which waits for the lock.
    main.enter(|| {
        lock.taken();
        waiting_for_task(task.info().id(), || "the task".to_string());
    });
    task.enter(|| {
        child.enter_child(|| waiting_on(&lock, || lock.to_string()));
        waiting_for_children(|| "TaskGroup: 1 child".to_string());
    });
    let graph = capture_call_graph();
    let [main, task, child] = [&main, &task, &child].map(|task| task.info().id());
    assert_eq!(graph.circles(), [[main, task, child]]);
    let text = drawn(&graph);
    let headline = format!(
        "\
these 3 wait for each other, and will for ever:
    main, id {main}, waits for the end of task, id {task}
    task, id {task}, waits for TaskGroup: 1 child
    child, id {child}, waits for Lock \"accounts\", held by main, id {main}

main, id {main}, waiting
"
    );
    assert!(text.starts_with(&headline), "{text}");
}

#[test]
fn one_that_waits_for_itself() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let lock = Resource::new("Lock").named("accounts");
    let main = named("main");
    main.enter(|| lock.taken());
    wait_on(&main, &lock);
    // One who waits for somebody in a circle is in none.
    let other = named("other");
    wait_on(&other, &lock);
    let graph = capture_call_graph();
    assert_eq!(graph.circles(), [[main.info().id()]]);
    let headline = "this one waits for itself, and will for ever:\n";
    assert!(graph.to_string().starts_with(headline), "{graph}");
    assert!(
        graph
            .to_string()
            .contains(", held by itself, 2 waiters\n\n"),
        "{graph}"
    );
}

#[test]
fn those_who_await_each_other_are_drawn_all_the_same() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let (one, other) = (named("one"), named("other"));
    one.enter(|| waiting_for_task(other.info().id(), || "the other".to_string()));
    other.enter(|| waiting_for_task(one.info().id(), || "the one".to_string()));
    let graph = capture_call_graph();
    assert_eq!(graph.circles(), [[one.info().id(), other.info().id()]]);
    let text = drawn(&graph);
    assert_eq!(text.matches(", waiting\n").count(), 2, "{text}");
}
