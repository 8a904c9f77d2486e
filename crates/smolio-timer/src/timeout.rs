//! Timeouts: a body, and the moment when it is given up.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use smolio_context::Instant;

use crate::{elapsed::Elapsed, limit::Limit};

/// Runs `body`, but not for longer than `limit`, counted from the first poll. `None` is no limit.
///
/// The body is polled at least once, also when `limit` is zero, and its value, if it is ready, wins over the
/// deadline. It is never given up early; inside a loop of ours it may be late by a millisecond or two. Where timeouts
/// are nested and several have passed, the outermost one reports. A body that is inside a shielded scope is not given up
/// before that is closed. See [`TimeoutScope`](crate::TimeoutScope) for a limit that changes while the body runs.
///
/// # Errors
/// [`Elapsed`] if the time was up first. The body is dropped together with the future, which `await` does at once.
///
/// # Cancel safety
/// As cancel safe as `body`, which is also what happens to it when the time is up: it is dropped where it waits.
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::timeout;
/// use std::{future::pending, time::Duration};
///
/// assert_eq!(timeout(Duration::from_secs(30), async { 7 }).await, Ok(7));
///
/// let elapsed = timeout(Duration::from_millis(5), pending::<()>()).await.unwrap_err();
/// assert_eq!(elapsed.to_string(), "timed out after 5 ms");
///
/// // From a configuration, perhaps:
/// assert_eq!(timeout(None, async { 7 }).await, Ok(7));
/// # });
/// ```
#[doc(alias = "wait_for")]
#[doc(alias = "fail_after")]
pub fn timeout<F: IntoFuture>(
    limit: impl Into<Option<Duration>>,
    body: F,
) -> Timeout<F::IntoFuture> {
    Timeout {
        body: body.into_future(),
        limit: Limit::after(limit.into()),
    }
}

/// Runs `body`, but not beyond `deadline`. `None` is no limit. In all else it is [`timeout`].
///
/// # Errors
/// [`Elapsed`] if the deadline passed first.
///
/// # Cancel safety
/// As cancel safe as `body`.
///
/// ```
/// # smol::block_on(async {
/// use smolio_context::Instant;
/// use smolio_timer::timeout_at;
/// use std::{future::pending, time::Duration};
///
/// // One deadline for several steps.
/// let deadline = Instant::now() + Duration::from_millis(5);
/// assert_eq!(timeout_at(deadline, async { "connected" }).await, Ok("connected"));
/// assert!(timeout_at(deadline, pending::<()>()).await.is_err());
/// # });
/// ```
#[doc(alias = "fail_at")]
pub fn timeout_at<F: IntoFuture>(
    deadline: impl Into<Option<Instant>>,
    body: F,
) -> Timeout<F::IntoFuture> {
    Timeout {
        body: body.into_future(),
        limit: Limit::at(deadline.into()),
    }
}

/// [`timeout`] for a body that gives a `Result`: one error instead of two, in the body's own type.
///
/// # Errors
/// The body's error, or [`Elapsed`] converted to its type. For `std::io::Error` and `Box<dyn Error + Send + Sync>`
/// the conversion is there.
///
/// # Cancel safety
/// As cancel safe as `body`.
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::try_timeout;
/// use std::{future::pending, io, time::Duration};
///
/// async fn read() -> io::Result<Vec<u8>> {
///     pending().await
/// }
/// let error = try_timeout(Duration::from_millis(5), read()).await.unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
/// # });
/// ```
#[doc(alias = "wait_for")]
pub fn try_timeout<F, T, E>(
    limit: impl Into<Option<Duration>>,
    body: F,
) -> TryTimeout<F::IntoFuture>
where
    F: IntoFuture<Output = Result<T, E>>,
    E: From<Elapsed>,
{
    TryTimeout {
        inner: timeout(limit, body),
    }
}

/// [`timeout`] for those who do not mind: the value, or `None` when the time was up.
///
/// # Cancel safety
/// As cancel safe as `body`.
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::move_on_after;
/// use std::{future::pending, time::Duration};
///
/// let from_cache = move_on_after(Duration::from_millis(5), pending::<u8>()).await;
/// assert_eq!(from_cache.unwrap_or(7), 7);
/// # });
/// ```
#[doc(alias = "wait_for")]
pub fn move_on_after<F: IntoFuture>(
    limit: impl Into<Option<Duration>>,
    body: F,
) -> MoveOnAfter<F::IntoFuture> {
    MoveOnAfter {
        inner: timeout(limit, body),
    }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct Timeout<F> {
        #[pin]
        body: F,
        limit: Limit,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.limit.poll(this.body, cx)
    }
}

pin_project! {
    /// The future of [`try_timeout`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct TryTimeout<F> {
        #[pin]
        inner: Timeout<F>,
    }
}

impl<F, T, E> Future for TryTimeout<F>
where
    F: Future<Output = Result<T, E>>,
    E: From<Elapsed>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.project().inner.poll(cx));
        Poll::Ready(result.unwrap_or_else(|elapsed| Err(elapsed.into())))
    }
}

pin_project! {
    /// The future of [`move_on_after`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct MoveOnAfter<F> {
        #[pin]
        inner: Timeout<F>,
    }
}

impl<F: Future> Future for MoveOnAfter<F> {
    type Output = Option<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx).map(Result::ok)
    }
}
