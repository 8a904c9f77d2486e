//! What several tests need: a trace, a lock that says who holds it, a panic's text, and this test program run again as a
//! child.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Command, Output},
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    time::Duration,
};

use smolio_context::{Instant, Resource, waiting_on};

/// Notes in the order in which they were made, each with the time since the trace was begun.
#[derive(Clone)]
pub(crate) struct Trace {
    start: Instant,
    notes: Arc<Mutex<Vec<(Duration, String)>>>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            notes: Arc::default(),
        }
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        let note = (self.start.elapsed(), text.into());
        self.notes.lock().unwrap().push(note);
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let notes = self.notes.lock().unwrap();
        notes.iter().map(|(_, text)| text.clone()).collect()
    }

    /// `1s text`, one for each note.
    pub(crate) fn timed(&self) -> Vec<String> {
        let notes = self.notes.lock().unwrap();
        let timed = notes.iter().map(|(at, text)| format!("{at:?} {text}"));
        timed.collect()
    }
}

/// A lock that says who holds it, and what its waiters wait for, as those of smolio-sync do.
#[derive(Clone)]
pub(crate) struct Lock(Arc<LockState>);

struct LockState {
    resource: Resource,
    state: Mutex<(bool, Vec<Waker>)>,
}

impl Lock {
    pub(crate) fn new(name: &str) -> Self {
        Self(Arc::new(LockState {
            resource: Resource::new("Lock").named(name),
            state: Mutex::default(),
        }))
    }

    /// Takes the lock and keeps it.
    pub(crate) fn acquire(&self) -> impl Future<Output = ()> + Send + use<> {
        let lock = self.0.clone();
        poll_fn(move |cx| {
            let (is_taken, waiting) = &mut *lock.state.lock().unwrap();
            if !std::mem::replace(is_taken, true) {
                lock.resource.taken();
                return Poll::Ready(());
            }
            waiting_on(&lock.resource, || lock.resource.to_string());
            waiting.push(cx.waker().clone());
            Poll::Pending
        })
    }

    pub(crate) fn release(&self) {
        let waiting = {
            let (is_taken, waiting) = &mut *self.0.state.lock().unwrap();
            *is_taken = false;
            std::mem::take(waiting)
        };
        self.0.resource.released();
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// The message of the panic that `f` ends in.
pub(crate) fn panic_message<T>(f: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f))
        .err()
        .expect("it was to panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_string(),
    }
}

/// Set in a child: the tests that are meant for children do nothing without it.
const CHILD: &str = "SMOLIO_TEST_IS_CHILD";

/// Runs one test of this program again in a process of its own, where its environment and its output are nobody else's.
pub(crate) fn run_child(test: &str, environment: &[(&str, &str)]) -> Output {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1");
    command.envs(environment.iter().copied());
    command.output().unwrap()
}

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}
