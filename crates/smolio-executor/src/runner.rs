//! Running a program: `run`, and the `Runner` behind it.

use std::{
    fmt,
    future::{Future, IntoFuture, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
    time::Duration,
};

use smolio_context::{Scoped, TaskContext};

use crate::{
    Builder, Handle,
    debug::Debugging,
    local::Local,
    shutdown,
    signal::{Interrupted, Watch},
    spawn::is_inside_loop,
};

/// Runs `main` on a loop on this thread, closes the loop, and gives the value of `main`: asyncio's `run`.
///
/// When `main` has ended, what is still running is cancelled, clean-ups run to their end (5 s at most), and then `run` returns.
///
/// # Panics
/// Inside another loop, if the loop cannot be made (see [`BuildError`](crate::BuildError)), and with the panic of `main`.
///
/// ```
/// let answer = smolio_executor::run(async { 42 });
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn run<F: IntoFuture>(main: F) -> F::Output {
    Runner::builder().run_boxed(boxed(main))
}

/// What is to be run, before it is handed on: where nothing is optimised it would lie on the stack as many times as that happens,
/// and a program's main may be large.
pub(crate) fn boxed<F: IntoFuture>(main: F) -> Pin<Box<F::IntoFuture>> {
    Box::pin(main.into_future())
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
    /// For the builder.
    pub(crate) fn of(
        local: Rc<Local>,
        grace: Duration,
        handle_signals: bool,
        debugging: Option<Debugging>,
    ) -> Self {
        Self {
            local,
            grace,
            handle_signals,
            _debug: debugging,
        }
    }

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
        self.run_boxed(boxed(main))
    }

    #[track_caller]
    pub(crate) fn run_boxed<F: Future>(&self, main: Pin<Box<F>>) -> F::Output {
        match self.try_run_boxed(main) {
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
        self.try_run_boxed(boxed(main))
    }

    #[track_caller]
    fn try_run_boxed<F: Future>(&self, main: Pin<Box<F>>) -> Result<F::Output, Interrupted> {
        assert!(
            !is_inside_loop(),
            "`run` was called inside of a loop, on the loop's own thread, which it would block: \
             `.await` the future instead, or spawn it"
        );
        let context = TaskContext::root();
        let info = context.info().clone();
        context.spawned();
        let main = Scoped::new(context, main);
        let result = self.local.drive(Some(info), async {
            let mut watch = self.handle_signals.then(Watch::new);
            // In here, so that it is dropped while the loop is driven.
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
