//! Whoever looks on: what they are told of tasks, and that no lock of ours is held meanwhile.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use smolio_context::{
    Observer, TaskInfo, TaskState, all_waits, capture_call_graph, observe, register_observer,
};
use smolio_executor::{Runner, TaskBuilder, all_tasks, run, spawn, to_thread, yield_now};

use crate::support::yields;

/// Notes what becomes of the tasks with one of these names. It looks around in each call: with a lock of ours held it would
/// wait for itself.
struct Diary {
    names: &'static [&'static str],
    notes: Mutex<Vec<String>>,
}

impl Diary {
    fn of(names: &'static [&'static str]) -> Arc<Self> {
        let notes = Mutex::default();
        Arc::new(Self { names, notes })
    }

    fn note(&self, what: &str, task: &TaskInfo) {
        all_waits();
        if self.names.contains(&&*task.name()) {
            all_tasks();
            self.notes
                .lock()
                .unwrap()
                .push(format!("{what} {}", task.name()));
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes.lock().unwrap())
    }
}

impl Observer for Diary {
    fn spawned(&self, task: &TaskInfo) {
        self.note("spawned", task);
    }

    fn woken(&self, task: &TaskInfo) {
        self.note("woken", task);
    }

    fn polled(&self, task: &TaskInfo, _: Duration) {
        self.note("polled", task);
    }

    fn ended(&self, task: &TaskInfo) {
        self.note("ended", task);
    }
}

#[test]
fn each_step_of_a_task_is_told() {
    let diary = Diary::of(&["step"]);
    let _guard = register_observer(diary.clone());
    let steps = [
        "spawned step",
        "polled step",
        "woken step",
        "polled step",
        "ended step",
    ];
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        runner.run(async {
            TaskBuilder::new().name("step").spawn(yields(1)).await;
        });
        let mut told = diary.take();
        if workers == 2 {
            // A task that wakes itself is told of that before its poll is over.
            told.sort();
            let mut steps = steps;
            steps.sort_unstable();
            assert_eq!(told, steps);
            continue;
        }
        assert_eq!(told[0], "spawned step");
        assert_eq!(told[1..3], ["woken step", "polled step"]);
        assert_eq!(told[3..], ["polled step", "ended step"]);
    }
}

#[test]
fn of_main_too_and_of_closures_on_threads() {
    let diary = Diary::of(&["main", "to_thread"]);
    let _guard = register_observer(diary.clone());
    run(async {
        to_thread(|| ()).await;
    });
    let mut told = diary.take();
    told.retain(|note| !note.starts_with("polled") && !note.starts_with("woken"));
    let expected = [
        "spawned main",
        "spawned to_thread",
        "ended to_thread",
        "ended main",
    ];
    assert_eq!(told, expected);
}

#[test]
fn of_one_that_is_refused_and_of_one_that_is_cancelled() {
    let diary = Diary::of(&["cancelled"]);
    let _guard = register_observer(diary.clone());
    let _observation = observe();
    run(async {
        let task = TaskBuilder::new().name("cancelled").spawn(pending::<()>());
        task.cancel().await;
    });
    let told = diary.take();
    assert_eq!(told.first().unwrap(), "spawned cancelled");
    assert_eq!(told.last().unwrap(), "ended cancelled");
    let closed = Runner::new().handle();
    assert!(closed.spawn(async {}).is_err());
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        let handle = runner.handle();
        drop(runner);
        assert!(handle.spawn(async {}).is_err());
    }
    // Nothing is left of any of them.
    assert_eq!(capture_call_graph().tasks().count(), 0);
}

#[test]
fn those_who_have_not_run_are_in_the_call_graph() {
    let _observation = observe();
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        runner.run(async {
            let new = TaskBuilder::new().name("new").spawn_local(async {});
            let waits = spawn(pending::<()>());
            let waiting = waits.id();
            while all_waits()
                .iter()
                .all(|one| one.task.id() != waiting || one.state != TaskState::Waiting)
            {
                yield_now().await;
            }
            new.await;
            let new = TaskBuilder::new().name("new").spawn_local(async {});
            let states: Vec<_> = all_waits()
                .iter()
                .map(|one| (one.task.name().into_owned(), one.state))
                .collect();
            let state = |name: &str| states.iter().find(|(other, _)| other == name).unwrap().1;
            assert_eq!(state("main"), TaskState::Running);
            assert_eq!(state("new"), TaskState::NeverPolled);
            // What the loop has going for itself is nobody's task.
            assert_eq!(states.len(), 3, "{states:?}");
            new.await;
            waits.cancel().await;
        });
    }
}
