//! The drop collector: who gets what a drop leaves.

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    sync::{Arc, Mutex},
};

use smolio_context::{
    CleanUp, CleanUpSink, ContextVar, TaskContext, Unhandled, UnhandledKind, clean_up_later,
    collect, current_task, install_sink, is_collecting, panic_message, set_unhandled_hook,
};

use crate::{poll, take_turn};

/// Leaves a clean-up that notes the name.
struct Leaves(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Drop for Leaves {
    fn drop(&mut self) {
        let (name, log) = (self.0, self.1.clone());
        clean_up_later(CleanUp::new("a note", async move {
            log.lock().unwrap().push(name);
        }));
    }
}

/// Takes clean-ups, until it is full.
struct Sink {
    taken: RefCell<Vec<CleanUp>>,
    room: Cell<usize>,
}

impl Sink {
    fn new(room: usize) -> Rc<Self> {
        Rc::new(Self {
            taken: RefCell::default(),
            room: Cell::new(room),
        })
    }
}

impl CleanUpSink for Sink {
    fn accept(&self, clean_up: CleanUp) -> Result<(), CleanUp> {
        if self.taken.borrow().len() == self.room.get() {
            return Err(clean_up);
        }
        self.taken.borrow_mut().push(clean_up);
        Ok(())
    }
}

fn log() -> Arc<Mutex<Vec<&'static str>>> {
    Arc::default()
}

#[test]
fn the_innermost_collector_gets_it() {
    let log = log();
    assert!(!is_collecting());
    let (outer, outer_left) = collect(|| {
        assert!(is_collecting());
        drop(Leaves("before", log.clone()));
        let (inner, left) = collect(|| drop(Leaves("inner", log.clone())));
        inner.unwrap();
        drop(Leaves("after", log.clone()));
        left
    });
    assert!(!is_collecting());
    let inner_left = outer.unwrap();
    assert_eq!((inner_left.len(), outer_left.len()), (1, 2));
    // Nothing ran by itself.
    assert!(log.lock().unwrap().is_empty());
    for clean_up in outer_left.into_iter().chain(inner_left) {
        assert!(poll(pin!(clean_up)).is_ready());
    }
    assert_eq!(*log.lock().unwrap(), ["before", "after", "inner"]);
}

#[test]
fn a_panic_loses_nothing() {
    let log = log();
    let (outer, outer_left) = collect(|| {
        drop(Leaves("outer", log.clone()));
        let (inner, inner_left) = collect(|| {
            let _unwound = Leaves("unwound", log.clone());
            drop(Leaves("dropped", log.clone()));
            panic!("in the drop");
        });
        assert_eq!(panic_message(&*inner.unwrap_err()), "in the drop");
        // The outer one is back.
        drop(Leaves("outer again", log.clone()));
        inner_left.len()
    });
    assert_eq!((outer.unwrap(), outer_left.len()), (2, 2));
    assert!(!is_collecting());
}

#[test]
fn a_collector_goes_before_the_sink() {
    let (log, sink) = (log(), Sink::new(10));
    let guard = install_sink(sink.clone());
    drop(Leaves("to the sink", log.clone()));
    let ((), left) = {
        let (result, left) = collect(|| drop(Leaves("collected", log.clone())));
        (result.unwrap(), left)
    };
    assert_eq!((left.len(), sink.taken.borrow().len()), (1, 1));
    // Sinks nest like loops.
    let inner = Sink::new(10);
    {
        let _guard = install_sink(inner.clone());
        drop(Leaves("to the inner one", log.clone()));
    }
    drop(Leaves("to the sink again", log.clone()));
    assert_eq!(
        (inner.taken.borrow().len(), sink.taken.borrow().len()),
        (1, 2)
    );
    drop(guard);
}

#[test]
fn what_nobody_takes_is_told() {
    let _turn = take_turn();
    let told = Arc::new(Mutex::new(Vec::<Unhandled>::new()));
    let seen = told.clone();
    let former = set_unhandled_hook(Some(Arc::new(move |unhandled: &Unhandled| {
        seen.lock().unwrap().push(unhandled.clone());
    })));
    let log = log();
    drop(Leaves("without a loop", log.clone()));
    let guard = install_sink(Sink::new(0));
    TaskContext::root().enter(|| drop(Leaves("refused", log.clone())));
    drop(guard);
    CleanUp::new("a clean-up", async {}).give_up("that took too long");
    set_unhandled_hook(former);
    let told = told.lock().unwrap();
    let messages: Vec<_> = told.iter().map(Unhandled::message).collect();
    assert_eq!(
        messages,
        [
            "a note that was dropped where no loop runs",
            "a note that was dropped where no loop runs",
            "a clean-up that took too long",
        ]
    );
    assert!(told.iter().all(|one| one.kind() == UnhandledKind::GivenUp));
    assert!(told[0].task().is_none());
    assert_eq!(told[1].task().unwrap().name(), "main");
    assert!(log.lock().unwrap().is_empty());
}

/// Whoever polls it, a clean-up runs as the task that it cleans up for, with the variables as they were.
#[test]
fn a_clean_up_belongs_to_the_task_that_left_it() {
    static REQUEST: ContextVar<u32> = ContextVar::new(|| 0);
    let task = TaskContext::root();
    let (result, left) = task.enter(|| {
        REQUEST.set(7).unwrap();
        let left = collect(|| {
            clean_up_later(CleanUp::new("a look", async {
                assert_eq!(current_task().unwrap().name(), "main");
                assert_eq!(REQUEST.get(), 7);
            }));
        });
        REQUEST.set(8).unwrap();
        left
    });
    result.unwrap();
    for clean_up in left {
        assert!(format!("{clean_up:?}").contains("a look"));
        TaskContext::child(Some("somebody else"))
            .enter(|| assert!(poll(pin!(clean_up)).is_ready()));
    }
}
