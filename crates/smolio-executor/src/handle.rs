//! A loop, as other threads see it.

use std::{
    error::Error,
    fmt,
    future::{Future, IntoFuture},
    sync::{Arc, Mutex, PoisonError},
};

use smolio_context::TaskContext;

use crate::{
    Task,
    cell::LocalCell,
    local::Local,
    runtime::Runtime,
    wake::{Home, Message},
};

/// A way to a loop from other threads. Cheap to clone.
///
/// ```
/// let runner = smolio_executor::Runner::new();
/// let handle = runner.handle();
/// let thread = std::thread::spawn(move || handle.block_on(async { 6 * 7 }));
/// let answer = runner.run(async move {
///     // the loop is free while another thread is waited for
///     smolio_executor::to_thread(move || thread.join().unwrap()).await
/// });
/// assert_eq!(answer.unwrap(), 42);
/// ```
#[doc(alias = "run_coroutine_threadsafe")]
#[doc(alias = "call_soon_threadsafe")]
#[derive(Clone)]
pub struct Handle(Arc<Runtime>);

impl Handle {
    pub(crate) fn new(runtime: Arc<Runtime>) -> Self {
        Self(runtime)
    }

    /// The loop of this thread; `None` where no loop runs.
    #[doc(alias = "get_running_loop")]
    pub fn current() -> Option<Self> {
        Local::current().map(|local| Self(local.runtime().clone()))
    }

    /// Starts a task on the loop: [`spawn`](crate::spawn) from any thread.
    ///
    /// # Errors
    /// [`Closed`] once the loop closes, with the future in it.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<Task<F::Output>, Closed<F::IntoFuture>>
    where
        F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
    {
        let future = future.into_future();
        if !self.0.is_open() {
            return Err(Closed::new(future));
        }
        let context = TaskContext::child(None);
        let spawned = match self.0.pool() {
            Some(pool) => pool.spawn(&self.0, context, future),
            None => self.send(context, future),
        };
        spawned.map(Task::new).map_err(|(context, future)| {
            context.ended();
            Closed::new(future)
        })
    }

    fn send<F>(
        &self,
        context: TaskContext,
        future: F,
    ) -> Result<crate::cell::Joiner<F::Output>, (TaskContext, F)>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let inbox = self.0.inbox();
        // Before the loop can see the task, and before the lock is taken.
        context.spawned();
        let mut parts = Some((context, future));
        let mut joiner = None;
        inbox.push_with(|| {
            let home = Home {
                local: self.0.main(),
                thread: self.0.home(),
            };
            let (context, future) = parts.take().expect("called once");
            let (cell, handle) = LocalCell::at(home, context, future);
            joiner = Some(handle);
            Message::Adopt(cell)
        });
        match (joiner, parts) {
            (Some(joiner), _) => Ok(joiner),
            (None, Some(parts)) => Err(parts),
            (None, None) => unreachable!("the future went into the cell"),
        }
    }

    /// Runs `future` on the loop and blocks this thread until it has its value.
    ///
    /// # Errors
    /// [`Closed`] once the loop closes, with the future in it.
    ///
    /// # Panics
    /// On a thread of the loop itself, which would wait for itself: `.await` the future there. Resumes a panic of the future, and
    /// panics if the loop closes while it runs.
    #[track_caller]
    pub fn block_on<F>(&self, future: F) -> Result<F::Output, Closed<F::IntoFuture>>
    where
        F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
    {
        let inside = Local::with_current(|local| self.leads_to(local));
        assert!(
            inside != Some(true),
            "`Handle::block_on` on a thread of its own loop would wait for itself for ever: \
             `.await` the future instead, or call from inside `to_thread`"
        );
        self.spawn(future).map(futures_lite::future::block_on)
    }

    /// Whether `local` is the loop, or that of one of its workers.
    pub(crate) fn leads_to(&self, local: &Local) -> bool {
        Arc::ptr_eq(local.runtime(), &self.0)
    }

    /// Whether the loop takes tasks no more.
    pub fn is_closed(&self) -> bool {
        !self.0.is_open()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("closed", &self.is_closed())
            .finish()
    }
}

/// The loop takes no tasks any more; the future is given back.
///
/// ```
/// let runner = smolio_executor::Runner::new();
/// let handle = runner.handle();
/// runner.close();
/// let refused = handle.spawn(async { "done elsewhere" }).unwrap_err();
/// assert_eq!(refused.to_string(), "the loop has closed and takes no tasks");
/// assert_eq!(smolio_executor::run(refused.into_inner()), "done elsewhere");
/// ```
// In a mutex because few futures are `Sync`, and an error must be, to go where errors go.
pub struct Closed<F>(Mutex<F>);

impl<F> Closed<F> {
    fn new(future: F) -> Self {
        Self(Mutex::new(future))
    }

    /// The future that was refused, unpolled.
    pub fn into_inner(self) -> F {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error alone, for `?` where the future cannot go: dropped here.
    pub fn without_future(self) -> Closed<()> {
        Closed::new(())
    }
}

impl<F> fmt::Debug for Closed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed")
    }
}

impl<F> fmt::Display for Closed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the loop has closed and takes no tasks")
    }
}

impl<F> Error for Closed<F> {}
