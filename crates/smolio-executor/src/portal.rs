//! A loop on a thread of its own, for programs that are not async.

use std::{
    fmt,
    future::{Future, IntoFuture, poll_fn},
    panic::resume_unwind,
    pin::pin,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
};

use async_lock::OnceCell;
use smolio_context::waiting_for;

use crate::{
    BuildError, Builder, Closed, Handle, Runner, Task,
    local::Local,
    spawn::{is_inside_loop, spawn_local},
};

/// A loop on a thread of its own: anyio's `BlockingPortal`, by which a program that is not async calls what is.
///
/// What it is given runs there, also while nobody waits for anything: a session keeps its connections, a task goes on from one
/// call to the next. It is `Sync`, so threads call through a reference or an `Arc`; each call blocks its own thread only.
///
/// [`stop`](Self::stop), or dropping it, closes the loop in good order, as [`Runner::close`] does, and waits for that: tasks are
/// cancelled, and clean-ups run to their end. A call that is being waited for is cancelled as well, and its caller told.
///
/// A program that only wants to run one thing needs no thread for it: [`run`](crate::run). One that runs several, with pauses in
/// between in which nothing needs to happen, takes a [`Runner`].
///
/// ```
/// use smolio_executor::{Portal, to_thread};
///
/// let portal = Portal::start()?;
/// let answer = portal.call(async { 6 * 7 })?;
/// assert_eq!(answer, 42);
///
/// // Beside what this thread does:
/// let task = portal.spawn(to_thread(|| "done"))?;
/// assert_eq!(portal.call(task)?, "done");
/// portal.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias("BlockingPortal", "start_blocking_portal", "run_coroutine_threadsafe"))]
pub struct Portal {
    handle: Handle,
    /// Set when the loop is to close. That is what its main future waits for.
    stop: Arc<OnceCell<()>>,
    /// None once somebody has waited for it, or left it to itself.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Portal {
    /// Starts a loop in the background, with the settings of the environment. With others: [`Builder::start_portal`].
    ///
    /// # Errors
    /// [`BuildError`] if the environment has settings that cannot be used, or if the thread cannot be started.
    pub fn start() -> Result<Self, BuildError> {
        Runner::builder().start_portal()
    }

    pub(crate) fn start_with(
        build: impl FnOnce() -> Result<Runner, BuildError> + Send + 'static,
    ) -> Result<Self, BuildError> {
        let stop = Arc::new(OnceCell::new());
        let until = stop.clone();
        let (started, outcome) = mpsc::sync_channel(1);
        let body = move || {
            let runner = match build() {
                Ok(runner) => runner,
                Err(error) => return drop(started.send(Err(error))),
            };
            // Nobody can have gone by now: the one who starts waits for this.
            started.send(Ok(runner.handle())).ok();
            runner.run(stopped(&until));
            runner.close();
        };
        let thread = thread::Builder::new()
            .name("smolio-portal".to_owned())
            .spawn(body)
            .map_err(BuildError::thread)?;
        match outcome.recv() {
            Ok(Ok(handle)) => Ok(Self {
                handle,
                stop,
                thread: Mutex::new(Some(thread)),
            }),
            Ok(Err(error)) => Err(error),
            // It has said nothing, so it has panicked.
            Err(mpsc::RecvError) => match thread.join() {
                Err(payload) => resume_unwind(payload),
                Ok(()) => unreachable!("the thread says how the start went"),
            },
        }
    }

    /// Runs `future` on the loop and blocks this thread until it has its value.
    ///
    /// # Errors
    /// [`CallError`] when the portal has stopped, with the future in it; and when it is stopped while the future runs.
    ///
    /// # Panics
    /// Resumes a panic of the future. And on a thread that runs a loop, this one's or another: everything on it would wait.
    #[doc(alias = "call_soon_threadsafe")]
    #[track_caller]
    pub fn call<F>(&self, future: F) -> Result<F::Output, CallError<F::IntoFuture>>
    where
        F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
    {
        assert_outside_of_loops("Portal::call");
        match self.handle.spawn(future) {
            Ok(task) => wait(task).map_err(|()| CallError::new(None)),
            Err(closed) => Err(CallError::new(Some(closed.into_inner()))),
        }
    }

    /// As [`call`](Self::call), for a future that is not `Send`: `make` is called on the loop, and what it gives stays there.
    ///
    /// # Errors
    /// [`CallError`] when the portal has stopped, with `make` in it; and when it is stopped while the future runs.
    ///
    /// # Panics
    /// As [`call`](Self::call), and resumes a panic of `make`.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// # let portal = smolio_executor::Portal::start()?;
    /// let counted = portal.call_with(async || {
    ///     let counter = Rc::new(Cell::new(0));
    ///     let same = counter.clone();
    ///     smolio_executor::spawn_local(async move { same.set(7) }).await;
    ///     counter.get()
    /// })?;
    /// assert_eq!(counted, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn call_with<M, F>(&self, make: M) -> Result<F::Output, CallError<M>>
    where
        M: FnOnce() -> F + Send + 'static,
        F: IntoFuture<IntoFuture: 'static, Output: Send + 'static>,
    {
        assert_outside_of_loops("Portal::call_with");
        // The closure is kept on this side until the loop has begun, so that a refusal can give it back.
        let make = Arc::new(Mutex::new(Some(make)));
        let there = make.clone();
        let spawned = self.handle.spawn(async move {
            let make = lock(&there).take();
            let make = make.expect("the closure is taken back only where the loop has refused");
            spawn_local(make()).await
        });
        let outcome = match spawned {
            Ok(task) => wait(task),
            Err(closed) => {
                drop(closed);
                Err(())
            }
        };
        // It is still here if it was refused, or cancelled before it had begun.
        outcome.map_err(|()| CallError::new(lock(&make).take()))
    }

    /// Starts a task on the loop, and does not wait for it.
    ///
    /// The [`Task`] is the usual one: `portal.call(task)` waits for its value on a thread, `portal.call(task.join())` for its end
    /// whatever that is, and a loop `.await`s it without being blocked. Dropping it cancels the task.
    ///
    /// # Errors
    /// [`Closed`] when the portal has stopped, with the future in it.
    #[doc(alias = "start_task_soon")]
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<Task<F::Output>, Closed<F::IntoFuture>>
    where
        F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
    {
        self.handle.spawn(future)
    }

    /// A way to the loop that does not keep it going: it closes with the portal.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Closes the loop in good order, and waits until that is done. It takes no longer than the grace period; see
    /// [`Builder::grace`]. A second one waits as well.
    ///
    /// # Panics
    /// On a thread of the portal's own loop, which would wait for its own end.
    #[doc(alias = "stop_from_external_thread")]
    #[track_caller]
    pub fn stop(&self) {
        assert!(
            !self.is_on_own_thread(),
            "`Portal::stop` on a thread of the portal's own loop would wait for itself for ever: \
             stop it from the thread that started it, or let a task end and tell that thread"
        );
        if let Err(payload) = self.end() {
            resume_unwind(payload);
        }
    }

    /// Whether it takes no more calls.
    pub fn is_stopped(&self) -> bool {
        self.handle.is_closed()
    }

    fn end(&self) -> thread::Result<()> {
        self.tell();
        // Held while the thread ends, so that whoever else stops the portal waits as well. The thread does not need it.
        let mut thread = lock(&self.thread);
        thread.take().map_or(Ok(()), JoinHandle::join)
    }

    fn tell(&self) {
        // Refused when it is set already.
        self.stop.set_blocking(()).ok();
    }

    fn is_on_own_thread(&self) -> bool {
        Local::with_current(|local| self.handle.leads_to(local)) == Some(true)
    }
}

/// Stops the portal. On a thread of its own loop, where the last reference may have been, it only tells it to stop.
impl Drop for Portal {
    fn drop(&mut self) {
        if self.is_on_own_thread() {
            return self.tell();
        }
        // A task's panic is not among them: only that of a loop that could not be closed, and it was reported where it began.
        drop(self.end());
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal")
            .field("stopped", &self.is_stopped())
            .finish()
    }
}

impl Builder {
    /// Starts the loop on a thread of its own, in the background: a [`Portal`] to it.
    ///
    /// # Errors
    /// [`BuildError`] as for [`build`](Self::build), if the thread cannot be started, and where there is an idle policy, which
    /// stays on its thread.
    ///
    /// ```
    /// use smolio_executor::Runner;
    /// use std::time::Duration;
    /// let portal = Runner::builder().workers(2).grace(Duration::from_secs(1)).start_portal()?;
    /// assert_eq!(portal.call(async { 6 * 7 })?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "start_blocking_portal")]
    pub fn start_portal(self) -> Result<Portal, BuildError> {
        Portal::start_with(self.for_another_thread()?)
    }
}

/// The main future of a portal.
async fn stopped(stop: &OnceCell<()>) {
    let mut wait = pin!(stop.wait());
    poll_fn(|cx| {
        let poll = wait.as_mut().poll(cx).map(drop);
        if poll.is_pending() {
            waiting_for(|| "Portal::stop".to_owned());
        }
        poll
    })
    .await;
}

/// Blocks this thread until the task has ended. Without a value it was cancelled.
fn wait<T>(task: Task<T>) -> Result<T, ()> {
    let ended = futures_lite::future::block_on(task.join());
    ended.map_err(|error| match error.into_panic() {
        Ok(payload) => resume_unwind(payload),
        Err(_cancelled) => (),
    })
}

#[track_caller]
fn assert_outside_of_loops(what: &str) {
    assert!(
        !is_inside_loop(),
        "`{what}` on a thread that runs a loop would block everything on it, and for ever if it is the portal's own: \
         `.await` the future instead, or a task from `Portal::spawn`, or call from inside `to_thread`"
    );
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing is half done where one of them can panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call through a [`Portal`] has no value, because the portal has stopped.
///
/// ```
/// let portal = smolio_executor::Portal::start()?;
/// portal.stop();
/// let refused = portal.call(async { "done elsewhere" }).unwrap_err();
/// assert_eq!(refused.to_string(), "cannot call into the loop: its portal has stopped");
/// let unpolled = refused.into_inner().unwrap();
/// assert_eq!(smolio_executor::run(unpolled), "done elsewhere");
/// # Ok::<(), smolio_executor::BuildError>(())
/// ```
// In a mutex for the same reason as in `Closed`.
pub struct CallError<F>(Option<Mutex<F>>);

impl<F> CallError<F> {
    fn new(undone: Option<F>) -> Self {
        Self(undone.map(Mutex::new))
    }

    /// What was to be called, if nothing of it has been done. None if it was cancelled, and may have done a part.
    pub fn into_inner(self) -> Option<F> {
        let undone = self.0?;
        Some(undone.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the call was under way when the portal was stopped.
    #[doc(alias = "CancelledError")]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_none()
    }

    /// The error alone, for `?` where the future cannot go: dropped here.
    pub fn without_future(self) -> CallError<()> {
        CallError::new(self.0.map(drop))
    }
}

impl<F> fmt::Debug for CallError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallError")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Display for CallError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_cancelled() {
            "a call into the loop was cancelled: its portal was stopped meanwhile"
        } else {
            "cannot call into the loop: its portal has stopped"
        })
    }
}

impl<F> std::error::Error for CallError<F> {}
