//! The settings of a runner, from the program and from the environment, and how they become one.

use std::{
    fmt,
    future::{Future, IntoFuture},
    num::NonZeroUsize,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use crate::{
    Runner,
    build_error::{BuildError, Problem},
    debug::Debugging,
    idle::IdlePolicy,
    inbox::Inbox,
    local::{Local, Share},
    loops::LoopId,
    pool::Pool,
    runner::boxed,
    runtime::Runtime,
    settings,
    tokio_handle::TokioHandle,
};

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
    options: Options,
    idle_policy: Option<Rc<dyn IdlePolicy>>,
}

/// What the program has said, as far as it can go to another thread.
#[derive(Clone, Default, Debug)]
struct Options {
    workers: Option<usize>,
    grace: Option<Duration>,
    handle_signals: bool,
    debug: Option<bool>,
    #[cfg(feature = "tokio-compat")]
    tokio: bool,
}

impl Builder {
    /// How many threads run tasks. One is asyncio's way: the loop, where nothing happens at the same time. With more, tasks that are
    /// [`spawn`](crate::spawn)ed run on any of them.
    pub fn workers(mut self, workers: usize) -> Self {
        self.options.workers = Some(workers);
        self
    }

    /// How long clean-ups may take when the loop closes.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = Some(grace);
        self
    }

    /// Takes SIGINT (Ctrl-C) and SIGTERM: the first of them drops main and runs the clean-ups, a second ends the process at once.
    ///
    /// While a [`ctrl_c`](crate::ctrl_c) or [`shutdown_signal`](crate::shutdown_signal) future is being awaited, the signal is for the
    /// program and main is left alone.
    pub fn handle_signals(mut self, yes: bool) -> Self {
        self.options.handle_signals = yes;
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
        self.options.debug = Some(yes);
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
        self.options.tokio = yes;
        self
    }

    /// Makes the runner, and starts its workers.
    ///
    /// # Errors
    /// [`BuildError`] if the settings make no sense, or if threads cannot be started.
    pub fn build(self) -> Result<Runner, BuildError> {
        settings::checked_threads()?;
        let workers = match self.options.workers {
            Some(workers) => NonZeroUsize::new(workers).ok_or(BuildError(Problem::NoWorkers))?,
            None => settings::workers()?.unwrap_or(NonZeroUsize::MIN),
        };
        if self.idle_policy.is_some() && workers != NonZeroUsize::MIN {
            return Err(BuildError(Problem::PolicyForWorkers(workers)));
        }
        let grace = match self.options.grace {
            Some(grace) => grace,
            None => settings::grace()?.unwrap_or(settings::DEFAULT_GRACE),
        };
        let slow_poll = settings::slow_poll()?.unwrap_or(settings::DEFAULT_SLOW_POLL);
        let debug = match self.options.debug {
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
        let pool = (helpers > 0).then(|| Pool::new(id, helpers));
        let runtime = Runtime::new(id, inbox.clone(), pool, tokio);
        let local = Local::new(
            id,
            inbox,
            runtime.clone(),
            self.idle_policy,
            Share::default(),
        );
        // From here on the drop of the runner closes what was started.
        let runner = Runner::of(local.clone(), grace, self.options.handle_signals, debugging);
        if helpers > 0 {
            Pool::start(&runtime).map_err(BuildError::thread)?;
        }
        Ok(runner)
    }

    #[cfg(feature = "tokio-compat")]
    fn tokio_handle(&self) -> Result<TokioHandle, BuildError> {
        if !self.options.tokio {
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
            options,
            idle_policy,
        } = self;
        match idle_policy {
            Some(_) => Err(BuildError(Problem::PolicyElsewhere)),
            None => Ok(move || {
                let builder = Self {
                    options,
                    idle_policy: None,
                };
                builder.build()
            }),
        }
    }

    /// Builds the runner, runs `main`, and closes.
    ///
    /// # Panics
    /// As [`run`](crate::run).
    #[track_caller]
    pub fn run<F: IntoFuture>(self, main: F) -> F::Output {
        self.run_boxed(boxed(main))
    }

    #[track_caller]
    pub(crate) fn run_boxed<F: Future>(self, main: Pin<Box<F>>) -> F::Output {
        let runner = self.build().unwrap_or_else(|error| panic!("{error}"));
        runner.run_boxed(main)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("options", &self.options)
            .field("idle_policy", &self.idle_policy.is_some())
            .finish()
    }
}
