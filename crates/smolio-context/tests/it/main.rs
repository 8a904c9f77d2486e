//! The tests of this crate, through its public API. No executor is needed: contexts are entered by hand.

mod budget;
mod call_graph;
mod circles;
mod collector;
mod debug;
mod identity;
mod observation;
mod observer;
mod order;
mod resource;
mod shield;
#[cfg(feature = "spans")]
mod spans;
mod stuck;
mod time;
mod unhandled;
mod variables;

use std::{
    env,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    process::Command,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use smolio_context::panic_message;

/// A waker that counts, and a poll with it.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("there was no panic"),
        Err(payload) => panic_message(&*payload).to_string(),
    }
}

/// For tests of what the whole process shares, where plain `cargo test` runs them side by side.
fn take_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const CHILD: &str = "SMOLIO_CONTEXT_IT_CHILD";

/// Runs this test again in a process of its own, and gives what it said on standard error.
fn child(test: &str) -> Option<String> {
    if env::var_os(CHILD).is_some() {
        return None;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "yes")
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    Some(errors)
}
