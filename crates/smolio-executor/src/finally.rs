//! Clean-ups that need `.await`, and run whichever way the body ends: Python's `finally` and `async with`.

use std::{
    future::{Future, IntoFuture},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
    thread,
};

use futures_lite::FutureExt;
use pin_project_lite::pin_project;
use smolio_context::{CleanUp, Unhandled, clean_up_later, current_task, report_unhandled};

/// A clean-up that is still to be done. If it is dropped, what is left of it goes to whoever collects drops: the surrounding
/// group, else the loop.
struct Owed(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Owed {
    fn new(clean_up: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(clean_up)))
    }
}

impl Future for Owed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Taken out while it runs: a clean-up that panics is over.
        let Some(mut clean_up) = self.0.take() else {
            return Poll::Ready(());
        };
        let result = clean_up.as_mut().poll(cx);
        if result.is_pending() {
            self.0 = Some(clean_up);
        }
        result
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(clean_up) = self.0.take() {
            clean_up_later(CleanUp::new("a clean-up", clean_up));
        }
    }
}

/// Runs `clean_up` to its end when `future` has ended: with a value, by a panic, or because it was **dropped half-way**, or even
/// before its first poll.
///
/// On the way of a value or a panic, `clean_up` is awaited before this future is ready. After a drop, the surrounding group waits
/// for it, or else the loop, which does not close before its end (within its grace period).
///
/// # Panics
/// Resumes a panic of `future`, after the clean-up. If both panic, that of `future` goes to the unhandled hook.
///
/// # Cancel safety
/// Dropping it at any time runs what is left of `clean_up` elsewhere.
///
/// ```
/// use smolio_executor::finally;
/// # smolio_executor::run(async {
/// let answer = finally(async { 42 }, async { /* close the connection */ }).await;
/// assert_eq!(answer, 42);
/// # });
/// ```
pub fn finally<F, C>(future: F, clean_up: C) -> Finally<F::IntoFuture>
where
    F: IntoFuture,
    C: IntoFuture<Output = (), IntoFuture: Send + 'static>,
{
    Finally {
        future: Some(future.into_future()),
        result: None,
        owed: Owed::new(clean_up.into_future()),
    }
}

pin_project! {
    /// The future of [`finally`].
    #[must_use = "futures do nothing unless polled or awaited, but the clean-up runs all the same"]
    pub struct Finally<F: Future> {
        // Dropped before the clean-up begins. The order of the fields sees to it when all of this is dropped.
        #[pin]
        future: Option<F>,
        result: Option<thread::Result<F::Output>>,
        owed: Owed,
    }
}

impl<F: Future> Future for Finally<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            let result = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(value)) => Ok(value),
                Err(payload) => Err(payload),
            };
            *this.result = Some(result);
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| this.future.set(None))) {
                if let Some(Err(first)) = this.result.replace(Err(payload)) {
                    report_unhandled(Unhandled::panic(current_task(), &*first));
                }
            }
        }
        let cleaned = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *this.owed).poll(cx)));
        let cleaned = match cleaned {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => Ok(()),
            Err(payload) => Err(payload),
        };
        let result = this.result.take().expect("polled after it was ready");
        Poll::Ready(conclude(result, cleaned))
    }
}

impl<F: Future> std::fmt::Debug for Finally<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finally").finish_non_exhaustive()
    }
}

/// The value, or the panic; of two panics the first goes to the hook.
fn conclude<T>(result: thread::Result<T>, cleaned: thread::Result<()>) -> T {
    match (result, cleaned) {
        (Ok(value), Ok(())) => value,
        (Err(payload), Ok(())) | (Ok(_), Err(payload)) => resume_unwind(payload),
        (Err(first), Err(second)) => {
            report_unhandled(Unhandled::panic(current_task(), &*first));
            resume_unwind(second)
        }
    }
}

/// Lends `resource` to `body` and gives it to `close` when the body has ended, whichever way: Python's `async with`.
///
/// As [`finally`], for a clean-up that needs what the body uses.
///
/// # Panics
/// As [`finally`].
///
/// # Cancel safety
/// Dropping it at any time runs what is left of `close` elsewhere.
///
/// ```
/// use smolio_executor::with_cleanup;
/// struct Connection { sent: Vec<u8> }
/// impl Connection {
///     async fn close(self) { assert_eq!(self.sent, [1, 2]) }
/// }
/// # smolio_executor::run(async {
/// let connection = Connection { sent: Vec::new() };
/// let length = with_cleanup(
///     connection,
///     async |connection| {
///         connection.sent.extend([1, 2]);
///         connection.sent.len()
///     },
///     |connection| connection.close(),
/// )
/// .await;
/// assert_eq!(length, 2);
/// # });
/// ```
#[doc(alias = "async with")]
#[doc(alias = "aclosing")]
pub fn with_cleanup<R, T, C, F>(
    resource: R,
    body: impl AsyncFnOnce(&mut R) -> T,
    close: C,
) -> impl Future<Output = T>
where
    R: Send + 'static,
    C: FnOnce(R) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    // Made here and not inside of the future, so that dropping the future before its first poll closes the resource too.
    let mut lent = Lent(Some((resource, close)));
    async move {
        let (resource, _) = lent.0.as_mut().expect("lent until the body ends");
        let result = AssertUnwindSafe(body(resource)).catch_unwind().await;
        let cleaned = AssertUnwindSafe(async {
            if let Some(owed) = lent.close() {
                owed.await;
            }
        });
        let cleaned = cleaned.catch_unwind().await;
        conclude(result, cleaned)
    }
}

/// A resource, and how it is closed.
struct Lent<R, C, F>(Option<(R, C)>)
where
    C: FnOnce(R) -> F,
    F: Future<Output = ()> + Send + 'static;

impl<R, C, F> Lent<R, C, F>
where
    C: FnOnce(R) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    fn close(&mut self) -> Option<Owed> {
        let (resource, close) = self.0.take()?;
        Some(Owed::new(close(resource)))
    }
}

impl<R, C, F> Drop for Lent<R, C, F>
where
    C: FnOnce(R) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    fn drop(&mut self) {
        // What is owed goes to the collector by being dropped.
        drop(self.close());
    }
}
