//! A timeout whose deadline moves while its body runs.
//!
//! A scope goes through these states, in this order:
//! - **running**, from its creation on: the deadline may be moved, by the body or by others, from any thread.
//! - **expired**: the future has reported [`Elapsed`]; or **ended**: the body was ready first, or the scope was
//!   dropped. Whoever moves the deadline now is told that it is too late.
//!
//! The future registers its waker before it reads the deadline and polls the body. So a move that it has not seen
//! wakes it, also one that the body makes within that very poll.

use std::{
    error::Error,
    fmt,
    future::{Future, IntoFuture},
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use smolio_context::Instant;

use crate::{elapsed::Elapsed, limit::Limit};

/// A timeout that can be rescheduled while it runs.
///
/// Take a [`handle`](Self::handle) first, then [`run`](Self::run) the body.
///
/// ```
/// # smol::block_on(async {
/// use smolio_context::Instant;
/// use smolio_timer::{TimeoutScope, sleep};
/// use std::time::Duration;
///
/// let scope = TimeoutScope::after(Duration::from_millis(500));
/// let handle = scope.handle();
/// let result = scope.run(async {
///     // The head arrived in time. The body may take longer.
///     handle.reschedule(Instant::now() + Duration::from_secs(60))?;
///     sleep(Duration::from_millis(1)).await;
///     handle.reschedule(None)?; // and the rest as long as it likes
///     Ok::<_, smolio_timer::RescheduleError>("done")
/// });
/// assert_eq!(result.await, Ok(Ok("done")));
/// # });
/// ```
#[doc(alias = "asyncio.timeout")]
#[must_use = "a scope does nothing until a body is run in it"]
pub struct TimeoutScope {
    owner: Owner,
    limit: Limit,
}

impl TimeoutScope {
    /// A scope that ends after `limit`, counted from now; `None` is never.
    pub fn after(limit: impl Into<Option<Duration>>) -> Self {
        Self::new(Limit::after_now(limit.into()))
    }

    /// A scope that ends at `deadline`; `None` is never.
    pub fn at(deadline: impl Into<Option<Instant>>) -> Self {
        Self::new(Limit::at(deadline.into()))
    }

    fn new(limit: Limit) -> Self {
        let state = State {
            deadline: limit.deadline(),
            phase: Phase::Running,
            waker: None,
        };
        Self {
            owner: Owner(Arc::new(Mutex::new(state))),
            limit,
        }
    }

    /// What moves the deadline.
    pub fn handle(&self) -> TimeoutHandle {
        TimeoutHandle(self.owner.0.clone())
    }

    /// Runs `body` until the deadline, wherever that is moved, by the rules of [`timeout`](crate::timeout).
    ///
    /// # Errors
    /// [`Elapsed`] if the deadline passed first.
    ///
    /// # Cancel safety
    /// As cancel safe as `body`.
    pub fn run<F: IntoFuture>(self, body: F) -> ScopedTimeout<F::IntoFuture> {
        ScopedTimeout {
            body: body.into_future(),
            limit: self.limit,
            owner: self.owner,
        }
    }
}

impl fmt::Debug for TimeoutScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle().fmt_as("TimeoutScope", f)
    }
}

/// Moves the deadline of a [`TimeoutScope`]. Clones are the same handle.
#[doc(alias = "asyncio.Timeout")]
#[derive(Clone)]
pub struct TimeoutHandle(Arc<Mutex<State>>);

impl TimeoutHandle {
    /// When the scope ends; `None` is never.
    #[doc(alias = "when")]
    pub fn deadline(&self) -> Option<Instant> {
        lock(&self.0).deadline
    }

    /// Whether the scope has ended because its deadline passed.
    #[doc(alias = "expired")]
    pub fn is_expired(&self) -> bool {
        lock(&self.0).phase == Phase::Expired
    }

    /// Moves the deadline: earlier, later, or to never (`None`). A moment that has passed ends the scope at its next
    /// poll.
    ///
    /// # Errors
    /// [`RescheduleError`] if the scope has expired or ended already.
    pub fn reschedule(&self, deadline: impl Into<Option<Instant>>) -> Result<(), RescheduleError> {
        let deadline = deadline.into();
        let waker = {
            let mut state = lock(&self.0);
            match state.phase {
                Phase::Running => {}
                Phase::Expired => return Err(RescheduleError::Expired),
                Phase::Ended => return Err(RescheduleError::Ended),
            }
            state.deadline = deadline;
            state.waker.take()
        };
        // The lock is free: waking may run anything.
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (deadline, phase) = {
            let state = lock(&self.0);
            (state.deadline, state.phase)
        };
        f.debug_struct(name)
            .field("deadline", &deadline)
            .field("phase", &phase)
            .finish()
    }
}

impl fmt::Debug for TimeoutHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("TimeoutHandle", f)
    }
}

/// A deadline could not be moved because it was too late.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RescheduleError {
    /// The deadline passed, and the scope has reported that.
    Expired,
    /// The body was ready before the deadline, or the scope was dropped.
    Ended,
}

impl fmt::Display for RescheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "cannot reschedule a timeout that has expired",
            Self::Ended => "cannot reschedule a timeout that has ended",
        })
    }
}

impl Error for RescheduleError {}

struct State {
    deadline: Option<Instant>,
    phase: Phase,
    // Of the task that polls the scope, from the begin of each poll until the deadline is moved.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Running,
    Expired,
    Ended,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing that could panic runs under this lock.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The scope's side of the state: ends it when dropped.
struct Owner(Arc<Mutex<State>>);

impl Owner {
    /// Moves of the deadline wake `waker` from now on. Gives the deadline.
    fn register(&self, waker: &Waker) -> Option<Instant> {
        {
            let state = lock(&self.0);
            if state.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
                return state.deadline;
            }
        }
        // Wakers are cloned and dropped while the lock is free: that may run anything.
        let new = Some(waker.clone());
        let (deadline, old) = {
            let mut state = lock(&self.0);
            (state.deadline, mem::replace(&mut state.waker, new))
        };
        drop(old);
        deadline
    }

    /// Ends the scope because `deadline` has passed; `false` if it was moved meanwhile.
    fn expire(&self, deadline: Option<Instant>) -> bool {
        let mut state = lock(&self.0);
        let unmoved = state.deadline == deadline;
        if unmoved {
            state.phase = Phase::Expired;
        }
        unmoved
    }

    fn end(&self) {
        let waker = {
            let mut state = lock(&self.0);
            if state.phase == Phase::Running {
                state.phase = Phase::Ended;
            }
            state.waker.take()
        };
        drop(waker);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.end();
    }
}

pin_project! {
    /// The future of [`TimeoutScope::run`].
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct ScopedTimeout<F> {
        #[pin]
        body: F,
        limit: Limit,
        owner: Owner,
    }
}

impl<F: Future> Future for ScopedTimeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let deadline = this.owner.register(cx.waker());
        if this.limit.deadline() != deadline {
            *this.limit = Limit::at(deadline);
        }
        match ready!(this.limit.poll(this.body, cx)) {
            Ok(value) => {
                this.owner.end();
                Poll::Ready(Ok(value))
            }
            Err(elapsed) if this.owner.expire(deadline) => Poll::Ready(Err(elapsed)),
            // Whoever moved the deadline has woken this task.
            Err(_) => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for ScopedTimeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TimeoutHandle(self.owner.0.clone()).fmt_as("ScopedTimeout", f)
    }
}
