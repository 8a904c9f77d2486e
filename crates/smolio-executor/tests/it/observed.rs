//! Whoever looks on: what they are told of tasks, and that no lock of ours is held meanwhile.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use smolio_context::{
    Observer, TaskInfo, TaskState, all_waits, current_task, observe, register_observer,
};
use smolio_executor::{Runner, TaskBuilder, all_tasks, run, spawn, to_thread, yield_now};

use crate::support::yields;

/// Notes what becomes of tasks. It looks around in each call: with a lock of ours held it would wait for itself.
#[derive(Default)]
struct Diary(Mutex<Vec<(TaskInfo, &'static str)>>);

impl Diary {
    fn note(&self, what: &'static str, task: &TaskInfo) {
        all_waits();
        all_tasks();
        self.0.lock().unwrap().push((task.clone(), what));
    }

    /// What was noted of those for which `wanted` holds: other tests may run meanwhile.
    fn of(&self, wanted: impl Fn(&TaskInfo) -> bool) -> Vec<&'static str> {
        let notes = self.0.lock().unwrap();
        let wanted = notes.iter().filter(|(task, _)| wanted(task));
        wanted.map(|(_, what)| *what).collect()
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
    for workers in [1, 2] {
        let diary = Arc::new(Diary::default());
        let _guard = register_observer(diary.clone());
        let runner = Runner::builder().workers(workers).build().unwrap();
        let id = runner.run(async {
            let task = spawn(yields(1));
            let id = task.id();
            task.await;
            id
        });
        // It wakes itself, and is told so before its poll is over.
        let steps = ["spawned", "woken", "polled", "polled", "ended"];
        // On another worker the last of it may come after main.
        drop(runner);
        assert_eq!(diary.of(|task| task.id() == id), steps);
    }
}

#[test]
fn of_main_too_and_of_closures_on_threads() {
    let diary = Arc::new(Diary::default());
    let _guard = register_observer(diary.clone());
    let main = run(async {
        to_thread(|| ()).await;
        current_task().unwrap().id()
    });
    let of_main = diary.of(|task| task.id() == main);
    assert_eq!((of_main[0], *of_main.last().unwrap()), ("spawned", "ended"));
    let of_closure = diary.of(|task| task.parent() == Some(main));
    assert_eq!(of_closure, ["spawned", "polled", "ended"]);
}

#[test]
fn of_one_that_is_cancelled_and_of_one_that_is_refused() {
    let diary = Arc::new(Diary::default());
    let _guard = register_observer(diary.clone());
    let id = run(async {
        let task = spawn(pending::<()>());
        let id = task.id();
        task.cancel().await;
        id
    });
    let told = diary.of(|task| task.id() == id);
    assert_eq!((told[0], *told.last().unwrap()), ("spawned", "ended"));
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        let handle = runner.handle();
        drop(runner);
        let line = line!() + 1;
        assert!(handle.spawn(async {}).is_err());
        let is_refused =
            |task: &TaskInfo| (task.location().file(), task.location().line()) == (file!(), line);
        let told = diary.of(is_refused);
        let count = |what: &str| told.iter().filter(|note| **note == what).count();
        assert_eq!(count("spawned"), count("ended"));
        // Nothing is left of it.
        assert!(!all_waits().iter().any(|waiter| is_refused(&waiter.task)));
    }
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
            let main = current_task().unwrap().id();
            let mut ours = all_waits();
            ours.retain(|one| one.task.id() == main || one.task.parent() == Some(main));
            let states: Vec<_> = ours
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
