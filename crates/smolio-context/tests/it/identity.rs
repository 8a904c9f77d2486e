//! Who is running: ids, names, places, parents.

use std::{collections::HashSet, pin::pin, thread};

use smolio_context::{Scoped, TaskContext, TaskId, current_task, enclosing_task};

use crate::poll;

#[test]
fn ids_are_never_used_twice() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                // More than one block of them.
                let make = |_| TaskContext::root().info().id();
                (0..3000).map(make).collect::<Vec<TaskId>>()
            })
        })
        .collect();
    let mut all = HashSet::new();
    for thread in threads {
        let ids = thread.join().unwrap();
        assert!(ids.is_sorted(), "on one thread, in the order of creation");
        all.extend(ids);
    }
    assert_eq!(all.len(), 4 * 3000);
}

#[test]
fn names_and_places() {
    let root = TaskContext::root();
    assert_eq!(root.info().name(), "main");
    let line = line!() + 1;
    let unnamed = TaskContext::child(None);
    let id = unnamed.info().id();
    assert_eq!(unnamed.info().name(), format!("task-{id}"));
    assert_eq!(id.to_string(), id.get().to_string());
    assert_eq!(unnamed.info().location().file(), file!());
    assert_eq!(unnamed.info().location().line(), line);
    let named = TaskContext::child(Some("fetch"));
    assert_eq!(named.info().name(), "fetch");
    let text = named.info().to_string();
    assert!(
        text.starts_with("fetch (spawned at crates/smolio-context/tests/it/identity.rs:"),
        "{text}"
    );
    let text = format!("{:?}", named.info());
    assert!(
        text.contains("name: \"fetch\"") && text.contains("parent: None"),
        "{text}"
    );
    assert!(format!("{named:?}").starts_with("TaskContext("));
    assert!(format!("{:?}", Scoped::new(named, ())).starts_with("Scoped("));
}

#[test]
fn parents() {
    assert!(current_task().is_none() && enclosing_task().is_none());
    let root = TaskContext::root();
    assert_eq!(root.info().parent(), None);
    root.enter(|| {
        let child = TaskContext::child(None);
        assert_eq!(child.info().parent(), Some(root.info().id()));
        child.enter(|| {
            assert_eq!(current_task().unwrap().id(), child.info().id());
            let grandchild = TaskContext::child(None);
            assert_eq!(grandchild.info().parent(), Some(child.info().id()));
            // A root has none, wherever it is made.
            assert_eq!(TaskContext::root().info().parent(), None);
        });
        assert_eq!(current_task().unwrap().id(), root.info().id());
    });
    assert!(current_task().is_none() && enclosing_task().is_none());
}

/// A child of a group is the current one inside of the task that polls it.
#[test]
fn the_enclosing_task_of_a_child() {
    let task = TaskContext::root();
    let id = task.info().id();
    task.enter(|| {
        let context = TaskContext::child(Some("child"));
        let child = context.info().id();
        let scoped = Scoped::new(context, async move {
            assert_eq!(current_task().unwrap().id(), child);
            assert_eq!(enclosing_task().unwrap().id(), id);
        });
        assert!(
            pin!(scoped)
                .poll_child(&mut std::task::Context::from_waker(std::task::Waker::noop()))
                .is_ready()
        );
        // Polled as a task of its own, it is both.
        let context = TaskContext::child(Some("task"));
        let own = context.info().id();
        let scoped = Scoped::new(context, async move {
            assert_eq!(enclosing_task().unwrap().id(), own);
        });
        assert!(poll(pin!(scoped)).is_ready());
        assert_eq!(enclosing_task().unwrap().id(), id);
    });
}

/// Whoever holds a context can ask who it is, also while it is being polled and from another thread.
#[test]
fn a_context_can_be_asked_at_any_time() {
    let context = TaskContext::root();
    let id = context.info().id();
    context.enter(|| {
        assert_eq!(context.info().id(), id);
        thread::scope(|scope| {
            let asked = scope.spawn(|| context.info().id());
            assert_eq!(asked.join().unwrap(), id);
        });
    });
}
