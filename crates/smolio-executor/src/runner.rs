//! Running a program: `run`, and the `Runner` behind it.

use std::{
    fmt,
    future::{Future, IntoFuture, poll_fn},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use smolio_context::{Scoped, TaskContext};

use crate::{
    Handle,
    build_error::{BuildError, Problem},
    debug::Debugging,
    idle::IdlePolicy,
    inbox::Inbox,
    local::Local,
    loops::LoopId,
    pool::Pool,
    runtime::Runtime,
    settings, shutdown,
    signal::{Interrupted, Watch},
    spawn::{is_inside_loop, spawn_internal},
    tokio_handle::TokioHandle,
};

/// Runs `main` on a loop on this thread, closes the loop, and gives the value of `main`: asyncio's `run`.
///
/// When `main` has ended, what is still running is cancelled, clean-ups run to their end (5 s at most), and then `run` returns.
///
/// # Panics
/// Inside another loop, if the loop cannot be made (see [`BuildError`]), and with the panic of `main`.
///
/// ```
/// let answer = smolio_executor::run(async { 42 });
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn run<F: IntoFuture>(main: F) -> F::Output {
    Runner::builder().run(main)
}

/// A loop that can run several main futures, one after the other: asyncio's `Runner`.
///
/// Tasks that are still running when a [`run`](Self::run) ends pause, and go on in the next. [`close`](Self::close), or dropping the
/// runner, cancels them, and runs their clean-ups to their end.
///
/// ```
/// use smolio_executor::{Runner, spawn};
/// let runner = Runner::new();
/// let task = runner.run(async { spawn(async { "from the first run" }) });
/// assert_eq!(runner.run(task), "from the first run");
/// runner.close();
/// ```
#[doc(alias = "new_event_loop")]
pub struct Runner {
    local: Rc<Local>,
    grace: Duration,
    handle_signals: bool,
    // To the end of the close, which the drop of the runner is.
    _debug: Option<Debugging>,
}

impl Runner {
    /// A loop on this thread, with the settings of the environment.
    ///
    /// # Panics
    /// If the environment has settings that cannot be used; [`Builder::build`] gives an error instead.
    #[expect(
        clippy::new_without_default,
        reason = "a default value does not start threads"
    )]
    pub fn new() -> Self {
        Self::builder()
            .build()
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// A runner with other settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Runs `main` until it ends. Tasks that it leaves behind pause until the next run, or until the loop closes.
    ///
    /// If SIGINT or SIGTERM are handled (see [`Builder::handle_signals`]) and one arrives, the loop closes, and then the process
    /// ends the way the signal would have ended it.
    ///
    /// # Panics
    /// Inside a loop, and with the panic of `main`; the runner can be used again afterwards.
    #[doc(alias = "run_until_complete")]
    #[track_caller]
    pub fn run<F: IntoFuture>(&self, main: F) -> F::Output {
        match self.try_run(main) {
            Ok(value) => value,
            Err(interrupted) => {
                shutdown::close(&self.local, self.grace);
                interrupted.raise()
            }
        }
    }

    /// As [`run`](Self::run), for programs that want to go on after a signal.
    ///
    /// # Errors
    /// [`Interrupted`], when main was dropped because of a signal and the clean-ups in it have run.
    ///
    /// # Panics
    /// Inside a loop, and with the panic of `main`.
    #[track_caller]
    pub fn try_run<F: IntoFuture>(&self, main: F) -> Result<F::Output, Interrupted> {
        assert!(
            !is_inside_loop(),
            "`run` was called inside of a loop, on the loop's own thread, which it would block: \
             `.await` the future instead, or spawn it"
        );
        let context = TaskContext::root();
        let info = context.info().clone();
        context.spawned();
        let main = Scoped::new(context, main.into_future());
        let result = self.local.drive(Some(info), async {
            let mut watch = self.handle_signals.then(Watch::new);
            let mut main = pin!(main);
            poll_fn(|cx| {
                if let Poll::Ready(value) = main.as_mut().poll(cx) {
                    return Poll::Ready(Ok(value));
                }
                match watch.as_mut().map(|watch| watch.poll(cx)) {
                    Some(Poll::Ready(interrupted)) => Poll::Ready(Err(interrupted)),
                    _ => Poll::Pending,
                }
            })
            .await
        });
        if result.is_err() {
            shutdown::finish_clean_ups(&self.local, self.grace);
        }
        result
    }

    /// A way to this loop from other threads.
    #[doc(alias = "get_loop")]
    pub fn handle(&self) -> Handle {
        Handle::new(self.local.runtime().clone())
    }

    /// Closes the loop: tasks are refused from now on and cancelled, clean-ups run to their end, workers are joined.
    ///
    /// What does not end within the grace period is given up, and the unhandled hook is told. Dropping the runner does the same.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let close = || shutdown::close(&self.local, self.grace);
        // Only an idle policy that gives up panics in there; it must not turn the panic of a test into an abort.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(close)) {
            if !std::thread::panicking() {
                std::panic::resume_unwind(payload);
            }
        }
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("grace", &self.grace)
            .field("handle_signals", &self.handle_signals)
            .finish_non_exhaustive()
    }
}

/// Settings for a [`Runner`].
///
/// | method | environment | default |
/// |---|---|---|
/// | [`workers`](Self::workers) | `SMOLIO_WORKERS` | 1 |
/// | [`grace`](Self::grace) | `SMOLIO_GRACE_MS` | 5 s |
/// | (all runners) closures of `to_thread` at the same time | `SMOLIO_THREADS` | 64 |
/// | [`handle_signals`](Self::handle_signals) | | `false`; `true` for `#[smolio::main]` |
/// | [`debug`](Self::debug) | `SMOLIO_DEBUG=1` | off |
/// | in debug mode, a poll is slow from here on | `SMOLIO_SLOW_POLL_MS` | 100 ms |
/// | `tokio`, with the feature `tokio-compat` | | `false` |
///
/// What the program says goes before what the environment says.
///
/// ```
/// use smolio_executor::Runner;
/// use std::time::Duration;
///
/// let runner = Runner::builder().workers(2).grace(Duration::from_secs(1)).build()?;
/// assert_eq!(runner.run(async { 6 * 7 }), 42);
/// # Ok::<(), smolio_executor::BuildError>(())
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build` or `run`"]
pub struct Builder {
    workers: Option<usize>,
    grace: Option<Duration>,
    handle_signals: bool,
    debug: Option<bool>,
    idle_policy: Option<Rc<dyn IdlePolicy>>,
    #[cfg(feature = "tokio-compat")]
    tokio: bool,
}

impl Builder {
    /// How many threads run tasks. One is asyncio's way: the loop, where nothing happens at the same time. With more, tasks that are
    /// [`spawn`](crate::spawn)ed run on any of them.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// How long clean-ups may take when the loop closes.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Takes SIGINT (Ctrl-C) and SIGTERM: the first of them drops main and runs the clean-ups, a second ends the process at once.
    ///
    /// While a [`ctrl_c`](crate::ctrl_c) or [`shutdown_signal`](crate::shutdown_signal) future is being awaited, the signal is for the
    /// program and main is left alone.
    pub fn handle_signals(mut self, yes: bool) -> Self {
        self.handle_signals = yes;
        self
    }

    /// Debug mode, for as long as the runner lives: reports what is hardly ever meant, each with the task, its id, where it was
    /// spawned, how long it took, and what to do about it.
    ///
    /// - A poll of a task or of a child of a group that keeps the thread busy for 100 ms, or whatever `SMOLIO_SLOW_POLL_MS` says.
    ///   That is time on the clock on the wall: on a machine that is overloaded the thread may have been kept waiting itself.
    /// - A loop that has not turned for a second, while that lasts: which task holds it. On Linux also whether that computes or
    ///   sits in a system call, and in which. Its backtrace is not taken, since nothing that is sound takes that of another
    ///   thread from within the process: the report says how to have it from a debugger.
    /// - A lock that is held for over a second while others wait for it.
    /// - What is spawned on one line and was slow for the third time, where the loop has one thread. Once in a program.
    /// - A [`Task`](crate::Task) that was dropped, and so cancelled, before its end, without having been awaited.
    /// - A `Result` of a task that nobody read, or of one that was detached: an error in it would be lost.
    /// - A task group that was dropped without being run, though it had children.
    ///
    /// The last three are reported once for each line on which such tasks are spawned. What has failed and was seen by nobody is
    /// told to the unhandled hook in any case.
    ///
    /// The reports are warnings of the crate `log`, with the target `smolio`; where no logger is set they go to standard error.
    /// On Unix the signal SIGUSR1 has the [call graph](smolio_context::CallGraph) written to standard error: what each task
    /// waits for, also while a loop is stuck. A program that handles this signal itself goes on to get it; when debug mode has
    /// ended, it does nothing.
    ///
    /// Debug mode is the process's: other loops are watched as well. Each poll pays for four locks and some looks at the clock.
    #[doc(alias = "set_debug")]
    #[doc(alias = "slow_callback_duration")]
    pub fn debug(mut self, yes: bool) -> Self {
        self.debug = Some(yes);
        self
    }

    /// Asks `policy` what to do when nothing is ready, instead of waiting. For those who write a test clock; see
    /// [`idle`](crate::idle).
    pub fn idle_policy(mut self, policy: Rc<dyn IdlePolicy>) -> Self {
        self.idle_policy = Some(policy);
        self
    }

    /// Puts a tokio handle around the loop, its workers and the threads of [`to_thread`](crate::to_thread), so that crates which
    /// call tokio work as they do in a program of tokio's: reqwest, sqlx with `runtime-tokio`, tonic.
    ///
    /// Our tasks stay on our loop. What waits for tokio's sockets and timers is woken by tokio's thread, and what a crate gives to
    /// `tokio::spawn` runs there. The runtime is [`compat`](crate::compat)'s: one for the process, with one thread, started by the
    /// first who needs it.
    ///
    /// - The tasks that are spawned on tokio are not ours: the loop does not wait for them when it closes, nor cancel them, no call
    ///   graph shows them, and their panics are in tokio's `JoinHandle`. Those that are left when the process ends stop where
    ///   they are. In return what a crate made in one run, such as a client with its connections, works in the next.
    /// - `tokio::time` knows the machine's clock only, never a test's.
    /// - Futures are polled and dropped with the handle. What is made before the run, or taken out of it, is not: a
    ///   `tokio::time::sleep` is made inside of main, and a pool of connections is dropped there.
    /// - `tokio::task::spawn_local` panics, as it does outside of tokio's `LocalSet`: [`spawn_local`](crate::spawn_local) is for that.
    ///   tokio's `block_in_place` blocks the loop: [`to_thread`](crate::to_thread) does not.
    /// - Where a runtime of tokio's is around the run already, this one takes its place inside. It may be one that
    ///   waits for us.
    ///
    /// ```
    /// use smolio_executor::{Runner, spawn};
    /// use std::time::Duration;
    ///
    /// let answer = Runner::builder().tokio(true).run(async {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    ///     spawn(async { tokio::spawn(async { 42 }).await }).await
    /// });
    /// assert_eq!(answer.unwrap(), 42);
    /// ```
    #[cfg(feature = "tokio-compat")]
    #[doc(alias = "enter")]
    pub fn tokio(mut self, yes: bool) -> Self {
        self.tokio = yes;
        self
    }

    /// Makes the runner, and starts its workers.
    ///
    /// # Errors
    /// [`BuildError`] if the settings make no sense, or if threads cannot be started.
    pub fn build(self) -> Result<Runner, BuildError> {
        settings::checked_threads()?;
        let workers = match self.workers {
            Some(workers) => NonZeroUsize::new(workers).ok_or(BuildError(Problem::NoWorkers))?,
            None => settings::workers()?.unwrap_or(NonZeroUsize::MIN),
        };
        if self.idle_policy.is_some() && workers != NonZeroUsize::MIN {
            return Err(BuildError(Problem::PolicyForWorkers(workers)));
        }
        let grace = match self.grace {
            Some(grace) => grace,
            None => settings::grace()?.unwrap_or(settings::DEFAULT_GRACE),
        };
        let slow_poll = settings::slow_poll()?.unwrap_or(settings::DEFAULT_SLOW_POLL);
        let debug = match self.debug {
            Some(debug) => debug,
            None => settings::debug()?.unwrap_or(false),
        };
        #[cfg(feature = "tokio-compat")]
        let tokio = self.tokio_handle()?;
        #[cfg(not(feature = "tokio-compat"))]
        let tokio = TokioHandle::default();
        let debugging = debug.then(|| Debugging::begin(slow_poll)).transpose();
        let debugging = debugging.map_err(|error| BuildError(Problem::Watchdog(error)))?;
        let helpers = workers.get() - 1;
        let inbox = Arc::new(Inbox::new());
        let id = LoopId::register(inbox.clone());
        let pool = (helpers > 0).then(|| Pool::new(helpers));
        let runtime = Runtime::new(id, inbox.clone(), pool, tokio);
        let local = Local::new(id, inbox, runtime.clone(), self.idle_policy);
        // From here on the drop of the runner closes what was started.
        let runner = Runner {
            local,
            grace,
            handle_signals: self.handle_signals,
            _debug: debugging,
        };
        if helpers > 0 {
            let shared = runtime.clone();
            spawn_internal(&runner.local, async move {
                if let Some(pool) = shared.pool() {
                    pool.work(0).await;
                }
            });
            Pool::start(&runtime).map_err(BuildError::thread)?;
        }
        Ok(runner)
    }

    #[cfg(feature = "tokio-compat")]
    fn tokio_handle(&self) -> Result<TokioHandle, BuildError> {
        if !self.tokio {
            return Ok(TokioHandle::default());
        }
        let runtime = crate::compat::start().map_err(|error| BuildError(Problem::Tokio(error)))?;
        Ok(TokioHandle::of(runtime))
    }

    /// What builds the runner on another thread. An idle policy cannot go there.
    pub(crate) fn for_another_thread(
        self,
    ) -> Result<impl FnOnce() -> Result<Runner, BuildError> + Send + 'static, BuildError> {
        let Self {
            workers,
            grace,
            handle_signals,
            debug,
            idle_policy,
            #[cfg(feature = "tokio-compat")]
            tokio,
        } = self;
        if idle_policy.is_some() {
            return Err(BuildError(Problem::PolicyElsewhere));
        }
        Ok(move || {
            let builder = Self {
                workers,
                grace,
                handle_signals,
                debug,
                idle_policy: None,
                #[cfg(feature = "tokio-compat")]
                tokio,
            };
            builder.build()
        })
    }

    /// Builds the runner, runs `main`, and closes.
    ///
    /// # Panics
    /// As [`run`](crate::run).
    #[track_caller]
    pub fn run<F: IntoFuture>(self, main: F) -> F::Output {
        let runner = self.build().unwrap_or_else(|error| panic!("{error}"));
        runner.run(main)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Builder");
        #[cfg(feature = "tokio-compat")]
        fields.field("tokio", &self.tokio);
        fields
            .field("workers", &self.workers)
            .field("grace", &self.grace)
            .field("handle_signals", &self.handle_signals)
            .field("debug", &self.debug)
            .field("idle_policy", &self.idle_policy.is_some())
            .finish()
    }
}
