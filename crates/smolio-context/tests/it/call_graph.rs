//! The call graph: who waits for whom, as text and as a tree. Tasks are entered by hand, in virtual time.

use std::{thread, time::Duration};

use smolio_context::{
    CallGraph, ClockGuard, ObservationGuard, Resource, TaskContext, TaskState, VirtualClock,
    all_waits, capture_call_graph, format_call_graph, observe, waiting_for, waiting_for_children,
    waiting_for_task, waiting_on, waiting_until,
};

use crate::{poll, take_turn};

/// A stage on which time stands still until it is told to move.
pub(crate) struct Stage {
    pub(crate) clock: VirtualClock,
    _clock: ClockGuard,
    _observation: ObservationGuard,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::new();
        Self {
            _clock: clock.install(),
            clock,
            _observation: observe(),
        }
    }

    fn wait(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
    }
}

#[track_caller]
pub(crate) fn named(name: &str) -> TaskContext {
    TaskContext::child(Some(name))
}

/// What is drawn of `task`: its name, and what is said below. Places are of no interest here.
pub(crate) fn drawn(graph: &CallGraph) -> String {
    let mut text = String::new();
    for line in graph.to_string().lines() {
        let line = line
            .split_once(" (spawned at ")
            .map_or(line, |(who, _)| who);
        text.push_str(line);
        text.push('\n');
    }
    text
}

pub(crate) fn wait_on(task: &TaskContext, lock: &Resource) {
    task.enter(|| waiting_on(lock, || lock.to_string()));
}

#[test]
fn while_nobody_looks_it_says_how_to_switch_it_on() {
    let _turn = take_turn();
    TaskContext::root().enter(|| waiting_for(|| unreachable!("nobody looks")));
    let text = format_call_graph();
    assert!(text.contains("SMOLIO_DEBUG=1"), "{text}");
    assert!(text.contains("`observe()`"), "{text}");
    let _observation = observe();
    let text = format_call_graph();
    assert!(text.starts_with("no task is known"), "{text}");
}

#[test]
fn each_task_has_its_state_and_what_it_waits_for() {
    let _turn = take_turn();
    let stage = Stage::new();
    let start = stage.clock.now();
    let line = line!() + 1;
    let main = named("main");
    main.spawned();
    stage.wait(500);
    let id = main.info().id();
    let place = format!("(spawned at {}:{line}:16)", file!());
    assert_eq!(
        format_call_graph(),
        format!("main, id {id}, never polled for 500 ms {place}\n")
    );
    main.enter(|| {
        stage.wait(1500);
        assert_eq!(
            format_call_graph(),
            format!("main, id {id}, running for 1.5 s {place}\n")
        );
        waiting_until(start + Duration::from_secs(9), || "sleep".to_string());
    });
    stage.wait(3800);
    let waiting =
        format!("main, id {id}, waiting {place}\n    waits for sleep, 3.2 s left (for 3.8 s)\n");
    assert_eq!(format_call_graph(), waiting);
    main.woken();
    stage.wait(100);
    assert_eq!(
        format_call_graph(),
        format!("main, id {id}, ready for 100 ms {place}\n")
    );
    // Woken while it runs: ready at the end.
    main.enter(|| main.woken());
    assert_eq!(all_waits()[0].state, TaskState::Ready);
    // A poll for which nobody has woken it.
    main.enter(|| ());
    stage.wait(100);
    let mute = "    waits for something that does not say what it is (for 100 ms)\n";
    assert!(
        format_call_graph().ends_with(mute),
        "{}",
        format_call_graph()
    );
    main.ended();
    assert!(format_call_graph().starts_with("no task is known"));
}

#[test]
fn a_task_without_a_name_is_named_by_its_id() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let task = TaskContext::child(None);
    task.spawned();
    let name = format!("task-{}, never polled", task.info().id());
    assert!(format_call_graph().starts_with(&name));
}

#[test]
fn children_and_those_who_are_awaited_stand_below() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let (main, other) = (named("main"), named("other"));
    let (child, grandchild, task) = (named("child"), named("grandchild"), named("task"));
    let id = |task: &TaskContext| task.info().id();
    task.enter(|| waiting_for(|| "Queue::get".to_string()));
    other.enter(|| waiting_for_task(id(&task), || unreachable_words(&task)));
    main.enter(|| {
        child.enter_child(|| {
            grandchild.enter_child(|| waiting_for(|| "a cancellation".to_string()));
            waiting_for_children(|| "TaskGroup: 1 child".to_string());
        });
        waiting_for_task(id(&child), || "the child".to_string());
        waiting_for_children(|| "TaskGroup: 1 child".to_string());
        waiting_for_task(id(&task), || unreachable_words(&task));
    });
    let [main, other, child, grandchild, task] =
        [&main, &other, &child, &grandchild, &task].map(|task| task.info().with_id());
    let expected = format!(
        "\
{main}, waiting
    waits for the end of {child} (for 0 s)
    waits for TaskGroup: 1 child (for 0 s)
    waits for the end of {task} (for 0 s)
    {child}, waiting
        waits for TaskGroup: 1 child (for 0 s)
        {grandchild}, waiting
            waits for a cancellation (for 0 s)
    {task}, waiting
        waits for Queue::get (for 0 s)
{other}, waiting
    waits for the end of {task} (for 0 s)
"
    );
    // Each once, though two wait for the task.
    assert_eq!(drawn(&capture_call_graph()), expected);
}

/// Those of whoever said so: the graph knows the task, and has its own.
fn unreachable_words(task: &TaskContext) -> String {
    format!("what was {}", task.info())
}

#[test]
fn one_that_has_ended_is_named_as_the_waiter_knew_it() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let (main, task) = (named("main"), named("task"));
    main.enter(|| waiting_for_task(task.info().id(), || "the end of a task".to_string()));
    let expected = "    waits for the end of a task (for 0 s)\n";
    assert!(drawn(&capture_call_graph()).ends_with(expected));
}

// ---- who holds what ----------------------------------------------------------------------------------------------------

#[test]
fn the_holder_is_the_one_of_now() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let lock = Resource::new("Lock").named("accounts");
    let (main, next, third) = (named("main"), named("next"), named("third"));
    let held = || {
        let text = format_call_graph();
        let line = text.lines().find(|line| line.contains("waits for"));
        let (_, held) = line.unwrap().split_once("Lock \"accounts\", ").unwrap();
        held.trim_end_matches(" (for 0 s)").to_string()
    };
    let id = |task: &TaskContext| task.info().id();
    // Taken before anybody looked, for all that is known.
    wait_on(&main, &lock);
    assert_eq!(
        held(),
        "held by nobody who is known, or since before anybody looked"
    );
    // The wait was said before; the holder is looked up.
    next.enter(|| lock.taken());
    assert_eq!(held(), format!("held by next, id {}", id(&next)));
    lock.taken();
    main.enter(|| lock.taken());
    wait_on(&main, &lock);
    let all = format!(
        "held by next, id {} and by somebody outside of tasks and by itself",
        id(&next)
    );
    assert_eq!(held(), all);
    third.enter(|| lock.taken());
    assert_eq!(held(), format!("{all} and 1 more"));
    // Its own.
    main.enter(|| lock.released());
    third.enter(|| lock.released());
    // By one who holds none, as by a guard that has moved: on behalf of the one who has held it longest.
    third.enter(|| lock.released());
    wait_on(&main, &lock);
    wait_on(&third, &lock);
    assert_eq!(held(), "held by somebody outside of tasks, 2 waiters");
    lock.released();
    // Once more than it was taken.
    lock.released();
    assert!(held().starts_with("held by nobody who is known"));
}

#[test]
fn nobody_holds_a_signal_but_its_waiters_are_counted() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let queue = Resource::signal("Queue");
    let tasks = ["one", "two", "three"].map(named);
    for task in &tasks {
        task.enter(|| waiting_on(&queue, || "Queue::get (0 items)".to_string()));
    }
    let text = format_call_graph();
    let expected = "waits for Queue::get (0 items), 3 waiters (for 0 s)";
    assert_eq!(text.matches(expected).count(), 3, "{text}");
}

#[test]
fn a_resource_that_is_gone_is_forgotten_and_so_are_all_when_nobody_looks() {
    let _turn = take_turn();
    let lock = Resource::new("Lock").named("accounts");
    let holder = named("holder");
    {
        let _stage = Stage::new();
        holder.enter(|| lock.taken());
    }
    let _stage = Stage::new();
    wait_on(&named("main"), &lock);
    assert!(format_call_graph().contains("nobody who is known"));
    holder.enter(|| lock.taken());
    assert!(format_call_graph().contains("held by holder"));
    drop(lock);
    assert!(!format_call_graph().contains("held by holder"));
}

// ---- large ones --------------------------------------------------------------------------------------------------------

#[test]
fn many_that_are_alike_are_counted() {
    let _turn = take_turn();
    let stage = Stage::new();
    let deadline = stage.clock.now() + Duration::from_secs(3);
    let main = named("main");
    let children: Vec<_> = (0..100).map(|_| TaskContext::child(None)).collect();
    let poll_all = |which: &[TaskContext]| {
        for child in which {
            child.enter_child(|| waiting_until(deadline, || "sleep".to_string()));
        }
    };
    main.enter(|| poll_all(&children));
    let text = drawn(&capture_call_graph());
    assert_eq!(text.matches("    task-").count(), 3, "{text}");
    assert!(text.ends_with("\n    ... and 97 more like it\n"), "{text}");
    // One that is not like the others is seen wherever it stands.
    main.enter(|| children[50].enter_child(|| waiting_for(|| "a socket".to_string())));
    let text = drawn(&capture_call_graph());
    assert!(text.contains("waits for a socket"), "{text}");
    assert!(text.contains("\n    ... and 96 more like it\n"), "{text}");
    // So are those in a circle.
    let lock = Resource::new("Lock");
    main.enter(|| lock.taken());
    main.enter(|| {
        children[70].enter_child(|| waiting_on(&lock, || lock.to_string()));
        waiting_for_children(|| "TaskGroup".to_string());
    });
    let text = drawn(&capture_call_graph());
    assert_eq!(
        text.matches(&children[70].info().with_id()).count(),
        2,
        "{text}"
    );
    // A few more than three are no crowd.
    for child in &children[5..] {
        child.ended();
    }
    let text = drawn(&capture_call_graph());
    assert_eq!(text.matches("    task-").count(), 5, "{text}");
    assert!(!text.contains("more like it"), "{text}");
}

/// Only so far as there is room for text: with a thousand it would be two megabytes of blanks.
#[test]
fn deep_ones_are_indented_so_far_and_no_further() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let tasks: Vec<_> = (0..1000).map(|number| named(&number.to_string())).collect();
    for pair in tasks.windows(2) {
        pair[0].enter(|| waiting_for_task(pair[1].info().id(), || "the next".to_string()));
    }
    tasks[999].enter(|| ());
    let text = drawn(&capture_call_graph());
    for (number, task) in tasks.iter().enumerate() {
        let line = format!(
            "{}{}, waiting\n",
            "    ".repeat(number.min(8)),
            task.info().with_id()
        );
        assert!(text.contains(&line), "{number}");
    }
}

// ---- parts, and other threads ------------------------------------------------------------------------------------------

#[test]
fn a_part_of_it_has_those_tasks_and_their_children() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let (ours, theirs, unknown) = (named("ours"), named("theirs"), named("unknown"));
    let child = named("child");
    ours.enter(|| child.enter_child(|| ()));
    theirs.enter(|| ());
    let tasks = [&ours, &unknown].map(|task| task.info().clone());
    let graph = capture_call_graph().of(&tasks);
    let names: Vec<_> = graph.tasks().map(|waiter| waiter.task.name()).collect();
    assert_eq!(names, ["ours", "unknown", "child"]);
    let below = format!("\n    {}, waiting\n", child.info().with_id());
    assert!(drawn(&graph).contains(&below), "{graph}");
}

#[test]
fn another_thread_may_ask_while_this_one_is_busy() {
    let _turn = take_turn();
    let _observation = observe();
    let main = named("main");
    let text = main.enter(|| thread::spawn(format_call_graph).join().unwrap());
    assert!(text.contains(", running for "), "{text}");
}

/// Neither a clean-up, which bears the name of its task, nor what an executor does for itself.
#[test]
fn what_is_no_task_is_not_seen() {
    let _turn = take_turn();
    let _stage = Stage::new();
    let internal = TaskContext::unlisted("internal");
    internal.spawned();
    internal.enter(|| waiting_for(|| "work".to_string()));
    assert!(format_call_graph().starts_with("no task is known"));
    let mut scoped = Box::pin(smolio_context::Scoped::new(
        internal,
        std::future::pending::<()>(),
    ));
    assert!(poll(scoped.as_mut()).is_pending());
    drop(scoped);
    assert!(format_call_graph().starts_with("no task is known"));
}
