//! Gates: what the tests wait for instead of sleeping.

use std::{
    future::{Future, poll_fn},
    sync::{Arc, Condvar, Mutex},
    task::{Poll, Waker},
    time::Duration,
};

/// Closed until it is opened, from any thread. Clones are the same gate.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) {
        let waiting = {
            let mut state = self.0.lock().unwrap();
            state.open = true;
            std::mem::take(&mut state.waiting)
        };
        for waker in waiting {
            waker.wake();
        }
    }

    pub(crate) fn wait(&self) -> impl Future<Output = ()> + Send + use<> {
        let gate = self.clone();
        poll_fn(move |cx| {
            let mut state = gate.0.lock().unwrap();
            if state.open {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
    }
}

/// A gate for threads: they block until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }

    /// Blocks the thread until the latch is open.
    #[track_caller]
    pub(crate) fn block(&self) {
        let open = self.0.0.lock().unwrap();
        let limit = Duration::from_secs(20);
        let (open, _) = self
            .0
            .1
            .wait_timeout_while(open, limit, |open| !*open)
            .unwrap();
        assert!(*open, "a latch was not opened within {limit:?}");
    }
}
