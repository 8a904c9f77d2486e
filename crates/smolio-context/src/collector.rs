//! The drop collector: how a drop, which cannot wait, hands on what must be waited for.
//!
//! When a group or the loop drops futures it collects what needs more than the drop: a task handle leaves "resolves when
//! the task is gone", a `finally` leaves its clean-up. Whoever collects polls these to their end before it goes on.
//! Without a collector they go to the loop, and without a loop to the unhandled hook. Because the collector is found
//! through the thread and not through the types, it works through any wrapper, and it nests by itself.

use std::{
    cell::RefCell,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    thread,
};

use crate::{
    Scoped, TaskContext, TaskInfo, Unhandled, current_task, report_unhandled, waiting_for,
};

type BoxedFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Something that a drop left to be waited for.
#[must_use = "a clean-up does nothing unless it is polled"]
pub struct CleanUp {
    what: &'static str,
    task: Option<TaskInfo>,
    future: BoxedFuture,
}

impl CleanUp {
    /// Binds `future` to the task that is running, so that it sees the variables of the task that it cleans up for.
    ///
    /// `what` names it in the report that is made if it has to be given up: "a clean-up", "a cancelled task".
    pub fn new(what: &'static str, future: impl Future<Output = ()> + Send + 'static) -> Self {
        let future: BoxedFuture = match TaskContext::copy_current() {
            Some(context) => Box::pin(Scoped::new(context, future)),
            None => Box::pin(future),
        };
        Self {
            what,
            task: current_task(),
            future,
        }
    }

    /// Tells the unhandled hook that this will not be waited for any longer; `why` completes "a clean-up ...".
    pub fn give_up(self, why: &str) {
        let Self { what, task, future } = self;
        report_unhandled(Unhandled::given_up(task, format_args!("{what} {why}")));
        // Dropped last: a destructor that panics must not swallow the report.
        drop(future);
    }
}

impl Future for CleanUp {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let result = self.future.as_mut().poll(cx);
        if result.is_pending() {
            // Said of whoever polls it: a group that cannot end before.
            waiting_for(|| match &self.task {
                Some(task) => format!("{}, left by {task}", self.what),
                None => self.what.to_string(),
            });
        }
        result
    }
}

impl fmt::Debug for CleanUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CleanUp")
            .field("what", &self.what)
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}

/// Where clean-ups go that nobody collects: the loop of the thread.
pub trait CleanUpSink {
    /// Takes the clean-up, or gives it back when the loop takes no more.
    ///
    /// # Errors
    /// The clean-up itself, when it was refused.
    fn accept(&self, clean_up: CleanUp) -> Result<(), CleanUp>;
}

thread_local! {
    static COLLECTED: RefCell<Option<Vec<CleanUp>>> = const { RefCell::new(None) };
    static SINK: RefCell<Option<Rc<dyn CleanUpSink>>> = const { RefCell::new(None) };
}

/// Runs `drop_them` and gives what was left to be waited for, together with the panic if one of the drops panicked.
///
/// ```
/// use smolio_context::{CleanUp, clean_up_later, collect};
/// struct Connection;
/// impl Drop for Connection {
///     fn drop(&mut self) {
///         clean_up_later(CleanUp::new("a farewell", async { /* say goodbye to the peer */ }));
///     }
/// }
/// let (result, clean_ups) = collect(|| drop(Connection));
/// assert!(result.is_ok());
/// assert_eq!(clean_ups.len(), 1); // to be polled to its end by whoever collected it
/// ```
pub fn collect<R>(drop_them: impl FnOnce() -> R) -> (thread::Result<R>, Vec<CleanUp>) {
    let outer = COLLECTED.replace(Some(Vec::new()));
    let result = catch_unwind(AssertUnwindSafe(drop_them));
    let collected = COLLECTED.replace(outer);
    (result, collected.unwrap_or_default())
}

/// Whether the drop that is going on is being collected: a destructor may leave work that is worth the allocation only then.
pub fn is_collecting() -> bool {
    COLLECTED.with_borrow(Option::is_some)
}

/// For destructors: leaves `clean_up` to the innermost [`collect`], else to the thread's loop, else reports it as given up.
pub fn clean_up_later(clean_up: CleanUp) {
    let refused = COLLECTED.with_borrow_mut(|collected| match collected {
        Some(list) => {
            list.push(clean_up);
            None
        }
        None => Some(clean_up),
    });
    let Some(clean_up) = refused else { return };
    let sink = SINK.with_borrow(Clone::clone);
    let refused = match sink {
        Some(sink) => sink.accept(clean_up).err(),
        None => Some(clean_up),
    };
    if let Some(clean_up) = refused {
        clean_up.give_up("that was dropped where no loop runs");
    }
}

/// Makes `sink` the one of this thread until the guard is dropped.
pub fn install_sink(sink: Rc<dyn CleanUpSink>) -> SinkGuard {
    SinkGuard(SINK.replace(Some(sink)))
}

/// Puts the thread's former sink back when dropped.
#[must_use = "the sink is installed until the guard is dropped"]
pub struct SinkGuard(Option<Rc<dyn CleanUpSink>>);

impl Drop for SinkGuard {
    fn drop(&mut self) {
        SINK.replace(self.0.take());
    }
}

impl fmt::Debug for SinkGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkGuard").finish_non_exhaustive()
    }
}
