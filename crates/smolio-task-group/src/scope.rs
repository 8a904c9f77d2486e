//! The cancel scope: a stretch of work that can be ended from outside, or must not be.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;
use smolio_context::{hide_deadlines, report_shield, watch_shields};

use crate::{
    CancelToken,
    deadline::{Deadlines, Share},
    waiters::wake,
};

/// A stretch of work that can be cancelled without cancelling the task that it is in (trio: `CancelScope`).
///
/// A clone is the same scope: whoever is to cancel it takes one. Once cancelled, a scope stays cancelled.
///
/// Cancelling drops the body at its await. If a [`shielded`](Self::shielded) scope is open in there, the body is polled on,
/// and dropped at its first pending poll after that scope has closed. The task group, whose children may hold scopes, and
/// the timeouts of `smolio-timer` do likewise; a plain drop cannot wait, there `finally` is the tool.
///
/// ```
/// use smolio_task_group::CancelScope;
/// # futures_lite::future::block_on(async {
/// let scope = CancelScope::new();
/// let inside = scope.clone();
/// let value = scope
///     .run(async {
///         inside.cancel(); // in real life: from another task
///         std::future::pending::<u8>().await
///     })
///     .await;
/// assert_eq!(value, None);
/// # });
/// ```
///
/// # When not to use this
/// For a limit in time `timeout` and `move_on_after` say more. To be told rather than dropped, await a [`CancelToken`].
#[derive(Clone)]
#[must_use = "a scope does nothing unless something is run in it"]
pub struct CancelScope {
    token: CancelToken,
    deadlines: Deadlines,
    is_shielded: bool,
}

impl CancelScope {
    /// A scope that ends when its body does, or when it is cancelled.
    pub fn new() -> Self {
        Self {
            token: CancelToken::new(),
            deadlines: Deadlines::default(),
            is_shielded: false,
        }
    }

    /// Cancels the scope when `deadline` is done: `sleep(d)`, or whatever else is a reason.
    ///
    /// It is one deadline for all runs of the scope, which take turns in polling it: it holds for a second run as well, and
    /// for several at the same time. It gets nowhere while there is no run, and one that is done in between cancels the
    /// scope at the first poll of the next run. A second call puts another deadline in its place, for runs that begin later.
    pub fn cancel_at<F>(self, deadline: F) -> Self
    where
        F: IntoFuture<Output = ()>,
        F::IntoFuture: Send + 'static,
    {
        self.deadlines.set(Box::pin(deadline.into_future()));
        self
    }

    /// Keeps the cancellation of what is around this scope from its body, until the body is done or this very scope is
    /// cancelled.
    ///
    /// For a few steps that belong together: the commit of a transaction, a farewell to a peer. Give it a deadline of its
    /// own with [`cancel_at`](Self::cancel_at), or it may hold up all others for ever.
    ///
    /// The scopes, groups and timeouts around it must see it when they poll: through `gather`, `race` and all else of ours
    /// they do, through other people's sets of futures only if these poll all of their members each time (`FuturesUnordered` does
    /// not).
    pub fn shielded(mut self) -> Self {
        self.is_shielded = true;
        self
    }

    /// Cancels the scope; from any thread, more than once if need be. A body that has not begun never will.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Whether the scope was cancelled. Its body may have been done before, or be shielded still.
    #[doc(alias = "cancel_called")]
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// A token that is set when the scope is cancelled, for work on other threads.
    pub fn cancelled(&self) -> CancelToken {
        self.token.clone()
    }

    /// Whether it is cancelled, and how many wait for that.
    pub fn stats(&self) -> CancelScopeStats {
        CancelScopeStats {
            waiting: self.token.stats().waiting,
            is_cancelled: self.is_cancelled(),
            is_shielded: self.is_shielded,
        }
    }

    /// Runs `body` until it is done, or the scope is cancelled: then it gives `None`.
    ///
    /// # Cancel safety
    /// As cancel safe as `body`, whose drop at an await is what cancellation means.
    pub fn run<F: IntoFuture>(&self, body: F) -> impl Future<Output = Option<F::Output>> + use<F> {
        ScopeRun {
            body: Some(body.into_future()),
            deadline: self.deadlines.share(),
            token: self.token.clone(),
            is_shielded: self.is_shielded,
            sees_shield: false,
            told: None,
        }
    }
}

impl Default for CancelScope {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope")
            .field("is_cancelled", &self.is_cancelled())
            .field("is_shielded", &self.is_shielded)
            .finish_non_exhaustive()
    }
}

/// What a scope is up to, from [`CancelScope::stats`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CancelScopeStats {
    /// Runs whose bodies are pending, and [tokens](CancelScope::cancelled) of the scope that are being awaited. Nobody waits
    /// once it is cancelled.
    pub waiting: usize,
    /// Whether the scope was cancelled.
    pub is_cancelled: bool,
    /// Whether its runs keep the cancellation of what is around them from their bodies.
    pub is_shielded: bool,
}

pin_project! {
    /// The future of [`CancelScope::run`].
    struct ScopeRun<F> {
        #[pin]
        body: Option<F>,
        deadline: Share,
        token: CancelToken,
        is_shielded: bool,
        // There was a shield in the body at the end of its last poll.
        sees_shield: bool,
        // Whom this scope, being shielded, has told to wait.
        told: Option<Waker>,
    }

    impl<F> PinnedDrop for ScopeRun<F> {
        fn drop(this: Pin<&mut Self>) {
            this.close();
        }
    }
}

impl<F> ScopeRun<F> {
    /// Drops the body; whoever has been told to wait for the shield looks again, and another run may have the deadline.
    fn close(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.deadline.give_back();
        this.token.leave();
        this.body.set(None);
        if let Some(waker) = this.told.take() {
            wake(waker);
        }
    }
}

impl<F: Future> Future for ScopeRun<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        if this.deadline.poll(cx).is_ready() {
            this.token.cancel();
        }
        let is_cancelled = this.token.is_cancelled() || this.token.poll_cancelled(cx).is_ready();
        if is_cancelled && !*this.sees_shield {
            self.close();
            return Poll::Ready(None);
        }
        let body = this.body.as_pin_mut().expect("polled after it was ready");
        let (result, sees_shield) = watch_shields(|| {
            let _deadlines = this.is_shielded.then(hide_deadlines);
            body.poll(cx)
        });
        *this.sees_shield = sees_shield;
        match result {
            Poll::Pending if !is_cancelled || sees_shield => {
                if *this.is_shielded {
                    *this.told = Some(cx.waker().clone());
                }
                if *this.is_shielded || sees_shield {
                    report_shield();
                }
                Poll::Pending
            }
            Poll::Pending => {
                self.close();
                Poll::Ready(None)
            }
            Poll::Ready(value) => {
                self.close();
                Poll::Ready(Some(value))
            }
        }
    }
}
