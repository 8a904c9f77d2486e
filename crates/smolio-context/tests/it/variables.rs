//! Context variables: inheritance, isolation, and values with lives of their own.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    thread,
};

use smolio_context::{ContextVar, OutsideTask, Scoped, TaskContext};

use crate::{panic_of, poll};

static USER: ContextVar<&'static str> = ContextVar::new(|| "nobody");
static NUMBER: ContextVar<u32> = ContextVar::new(|| 7);

#[test]
fn outside_of_tasks_there_are_only_defaults() {
    assert_eq!((USER.get(), NUMBER.get()), ("nobody", 7));
    let refused: OutsideTask<_> = USER.set("ada").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a context variable can be set only inside a task"
    );
    assert_eq!(format!("{refused:?}"), "OutsideTask");
    assert_eq!(refused.into_inner(), "ada");
    assert_eq!(USER.get(), "nobody");
}

#[test]
fn set_gives_the_value_before() {
    TaskContext::root().enter(|| {
        assert_eq!(USER.set("ada").unwrap(), "nobody");
        assert_eq!(USER.set("grace").unwrap(), "ada");
        assert_eq!((USER.get(), NUMBER.get()), ("grace", 7));
        NUMBER.set(8).unwrap();
        assert_eq!((USER.get(), NUMBER.get()), ("grace", 8));
    });
    assert_eq!(USER.get(), "nobody");
}

#[test]
fn a_context_keeps_its_values_from_poll_to_poll() {
    let (one, other) = (TaskContext::root(), TaskContext::root());
    one.enter(|| USER.set("one").unwrap());
    other.enter(|| USER.set("other").unwrap());
    for _ in 0..3 {
        one.enter(|| assert_eq!(USER.get(), "one"));
        other.enter(|| assert_eq!(USER.get(), "other"));
    }
}

#[test]
fn a_child_copies_when_it_is_made() {
    let parent = TaskContext::root();
    let (child, grandchild) = parent.enter(|| {
        USER.set("first").unwrap();
        let child = TaskContext::child(None);
        USER.set("second").unwrap();
        let grandchild = child.enter(|| {
            assert_eq!(USER.get(), "first");
            USER.set("the child's").unwrap();
            TaskContext::child(None)
        });
        // Back in the parent, in the middle of its poll.
        assert_eq!(USER.get(), "second");
        (child, grandchild)
    });
    child.enter(|| assert_eq!(USER.get(), "the child's"));
    grandchild.enter(|| assert_eq!(USER.get(), "the child's"));
    parent.enter(|| assert_eq!(USER.get(), "second"));
    // Made outside of tasks: nothing to copy.
    TaskContext::child(None).enter(|| assert_eq!(USER.get(), "nobody"));
}

#[test]
fn children_made_alike_do_not_see_each_other() {
    TaskContext::root().enter(|| {
        USER.set("shared").unwrap();
        let children: Vec<_> = (0..3).map(|_| TaskContext::child(None)).collect();
        for (number, child) in (10..).zip(&children) {
            child.enter(|| NUMBER.set(number).unwrap());
        }
        for (number, child) in (10..).zip(&children) {
            child.enter(|| assert_eq!((USER.get(), NUMBER.get()), ("shared", number)));
        }
        assert_eq!(NUMBER.get(), 7);
    });
}

#[test]
fn a_copy_for_another_thread() {
    assert!(TaskContext::copy_current().is_none());
    let task = TaskContext::root();
    task.enter(|| {
        USER.set("ada").unwrap();
        let copy = TaskContext::copy_current().unwrap();
        assert_eq!(copy.info().id(), task.info().id());
        thread::spawn(move || {
            copy.enter(|| {
                assert_eq!(USER.set("elsewhere").unwrap(), "ada");
            });
        })
        .join()
        .unwrap();
        assert_eq!(USER.get(), "ada");
    });
}

/// Two threads that use a new variable for the first time at the same moment agree on which one it is.
#[test]
fn first_use_on_several_threads() {
    static FRESH: [ContextVar<usize>; 50] = [const { ContextVar::new(|| 0) }; 50];
    let barrier = std::sync::Barrier::new(4);
    thread::scope(|scope| {
        for thread in 1..=4 {
            let barrier = &barrier;
            scope.spawn(move || {
                let context = TaskContext::root();
                for (index, variable) in FRESH.iter().enumerate() {
                    barrier.wait();
                    context.enter(|| variable.set(thread * 100 + index).unwrap());
                }
                for (index, variable) in FRESH.iter().enumerate() {
                    context.enter(|| assert_eq!(variable.get(), thread * 100 + index));
                }
            });
        }
    });
}

#[test]
fn what_was_current_is_back_after_a_panic() {
    let outer = TaskContext::root();
    outer.enter(|| {
        USER.set("outer").unwrap();
        let inner = TaskContext::child(None);
        let text = panic_of(|| {
            inner.enter(|| {
                USER.set("inner").unwrap();
                panic!("inside")
            })
        });
        assert_eq!(text, "inside");
        assert_eq!(USER.get(), "outer");
        inner.enter(|| assert_eq!(USER.get(), "inner"));
    });
    assert_eq!(USER.get(), "nobody");
}

/// A value whose clone and drop use context variables themselves.
#[derive(Clone)]
struct Meddler(Arc<Mutex<Vec<u32>>>);

impl Drop for Meddler {
    fn drop(&mut self) {
        let number = NUMBER.get();
        NUMBER.set(number + 1).ok();
        self.0.lock().unwrap().push(number);
    }
}

#[test]
fn a_value_may_use_variables_in_its_drop() {
    static MEDDLER: ContextVar<Option<Meddler>> = ContextVar::new(|| None);
    let log = Arc::new(Mutex::new(Vec::new()));
    let task = TaskContext::root();
    task.enter(|| {
        MEDDLER.set(Some(Meddler(log.clone()))).unwrap();
        // Replaced: dropped here, in this task. The clone that `set` gives back counts as well.
        drop(MEDDLER.set(None).unwrap());
        assert_eq!(*log.lock().unwrap(), [7, 8]);
        assert_eq!(NUMBER.get(), 9);
        MEDDLER.set(Some(Meddler(log.clone()))).unwrap();
    });
    // With the context itself: there is no task any more.
    drop(task);
    assert_eq!(*log.lock().unwrap(), [7, 8, 7]);
}

/// When a task has ended, its values are dropped, also if somebody still holds its context.
#[test]
fn values_can_be_forgotten() {
    static COUNTED: ContextVar<Arc<()>> = ContextVar::new(Arc::default);
    let value = Arc::new(());
    let task = TaskContext::root();
    let child = task.enter(|| {
        COUNTED.set(value.clone()).unwrap();
        TaskContext::child(None)
    });
    task.forget_variables();
    child.enter(|| assert!(Arc::ptr_eq(&COUNTED.get(), &value)));
    task.enter(|| assert!(!Arc::ptr_eq(&COUNTED.get(), &value)));
    drop(child);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_scoped_future_is_polled_and_dropped_in_its_context() {
    struct Look(Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Look {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(USER.get());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let context = |name| {
        let context = TaskContext::root();
        context.enter(|| USER.set(name).unwrap());
        context
    };
    let log = seen.clone();
    let ready = Scoped::new(context("ready"), async move { drop(Look(log)) });
    assert!(poll(pin!(ready)).is_ready());
    let look = Look(seen.clone());
    let waiting = poll_fn(move |_| {
        let _look = &look;
        Poll::<()>::Pending
    });
    let mut waiting = Box::pin(Scoped::new(context("dropped"), waiting));
    assert!(poll(waiting.as_mut()).is_pending());
    drop(waiting);
    let look = Look(seen.clone());
    let mut early = Box::pin(Scoped::new(
        context("dropped early"),
        async move { drop(look) },
    ));
    early.as_mut().drop_future();
    assert_eq!(*seen.lock().unwrap(), ["ready", "dropped", "dropped early"]);
    // And once only.
    early.as_mut().drop_future();
    assert_eq!(
        panic_of(|| poll(early.as_mut())),
        "polled after it was ready"
    );
    drop(early);
    assert_eq!(seen.lock().unwrap().len(), 3);
}
