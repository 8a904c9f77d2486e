//! A thread that looks at the loops from outside, in debug mode only: a loop that is stuck cannot say so itself.
//!
//! It is also the one that answers SIGUSR1 with the call graph, for the same reason.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use smolio_context::report_stuck;

/// How often it looks. A report is about a second, so a tenth of one is often enough.
const PERIOD: Duration = Duration::from_millis(100);

/// The one of this process: how many want it, and how to end it.
static CURRENT: Mutex<Current> = Mutex::new(Current {
    wanted: 0,
    end: None,
});

struct Current {
    wanted: usize,
    end: Option<Arc<End>>,
}

#[derive(Default)]
struct End {
    is_due: Mutex<bool>,
    changed: Condvar,
}

/// There is a watchdog until the last of these is dropped.
pub(super) struct Watchdog;

impl Watchdog {
    /// # Errors
    /// If there can be no thread for it.
    pub(super) fn start() -> io::Result<Self> {
        let mut current = lock(&CURRENT);
        if current.end.is_none() {
            let request = request::Request::install()?;
            let end = Arc::new(End::default());
            let ours = end.clone();
            thread::Builder::new()
                .name("smolio-watchdog".to_string())
                .spawn(move || watch(&ours, &request))?;
            current.end = Some(end);
        }
        current.wanted += 1;
        Ok(Self)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let mut current = lock(&CURRENT);
        current.wanted -= 1;
        if current.wanted > 0 {
            return;
        }
        if let Some(end) = current.end.take() {
            *lock(&end.is_due) = true;
            // It may be in the midst of a report, to a logger that waits for us: so nobody waits for it.
            end.changed.notify_one();
        }
    }
}

fn watch(end: &End, request: &request::Request) {
    let mut is_due = lock(&end.is_due);
    loop {
        let waited = end
            .changed
            .wait_timeout_while(is_due, PERIOD, |is_due| !*is_due);
        is_due = waited.unwrap_or_else(PoisonError::into_inner).0;
        if *is_due {
            return;
        }
        drop(is_due);
        report_stuck();
        request.answer();
        is_due = lock(&end.is_due);
    }
}

/// No code but ours runs under these locks, so a poisoned one is still in order.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SIGUSR1: somebody wants to see the call graph.
#[cfg(unix)]
mod request {
    use std::{
        io,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
    };

    use async_signal::Signal;
    use signal_hook::{SigId, flag, low_level::unregister};
    use smolio_context::print_call_graph;

    pub(super) struct Request {
        is_made: Arc<AtomicBool>,
        handler: SigId,
    }

    impl Request {
        pub(super) fn install() -> io::Result<Self> {
            let is_made = Arc::<AtomicBool>::default();
            let handler = flag::register(Signal::Usr1 as i32, is_made.clone())?;
            Ok(Self { is_made, handler })
        }

        pub(super) fn answer(&self) {
            if self.is_made.swap(false, Ordering::Relaxed) {
                print_call_graph();
            }
        }
    }

    impl Drop for Request {
        fn drop(&mut self) {
            unregister(self.handler);
        }
    }
}

#[cfg(not(unix))]
mod request {
    use std::io;

    pub(super) struct Request;

    impl Request {
        pub(super) fn install() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn answer(&self) {}
    }
}
