//! An operation that goes on when its awaiter is dropped.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use smolio_context::{TaskContext, Unhandled, current_task, report_unhandled};

use crate::{Task, local::Local, spawn::spawn_on};

/// What a shielded operation may give: `()` or a `Result`, so that a failure after its awaiter has gone can be reported.
///
/// For other values there is [`shield_value`].
#[diagnostic::on_unimplemented(
    message = "`shield` must know whether `{Self}` is a failure",
    note = "it takes futures of `Result<T, E>`, with an `E` that can be displayed, and of `()`; for others use `shield_value`"
)]
pub trait Shielded: sealed::Sealed {
    #[doc(hidden)]
    fn failure(&self) -> Option<String>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl<T, E> Sealed for Result<T, E> {}
}

impl Shielded for () {
    fn failure(&self) -> Option<String> {
        None
    }
}

impl<T, E: fmt::Display> Shielded for Result<T, E> {
    fn failure(&self) -> Option<String> {
        self.as_ref().err().map(ToString::to_string)
    }
}

/// Lets `future` go on when it is dropped half-way: asyncio's `shield`.
///
/// Once it has been polled, dropping it moves what is left to the loop, as a detached task. If that fails, with an `Err` or by
/// a panic, the unhandled hook is told, once. The loop's closing ends it, and tells the hook as well.
///
/// # Panics
/// Awaiting resumes a panic of `future`.
///
/// # Cancel safety
/// That is what it is for. Dropped before its first poll, it does nothing.
///
/// ```
/// use smolio_executor::{shield, yield_now};
/// # smolio_executor::run(async {
/// let saved: Result<u32, std::io::Error> = shield(async {
///     yield_now().await; // half of a payment
///     Ok(1)
/// }).await;
/// # assert_eq!(saved.unwrap(), 1);
/// # });
/// ```
pub fn shield<F>(future: F) -> Shield<F::Output>
where
    F: IntoFuture<Output: Shielded + 'static, IntoFuture: Send + 'static>,
{
    Shield::new(future.into_future(), F::Output::failure)
}

/// As [`shield`], for values that are no failures.
///
/// # Panics
/// As [`shield`].
///
/// # Cancel safety
/// As [`shield`].
///
/// ```
/// use smolio_executor::{shield_value, yield_now};
/// # smolio_executor::run(async {
/// let receipt = shield_value(async {
///     yield_now().await; // half of a payment
///     "paid"
/// });
/// assert_eq!(receipt.await, "paid");
/// # });
/// ```
pub fn shield_value<F>(future: F) -> Shield<F::Output>
where
    F: IntoFuture<Output: 'static, IntoFuture: Send + 'static>,
{
    Shield::new(future.into_future(), |_| None)
}

/// The future of [`shield`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Shield<T: 'static> {
    // `None` once it has ended.
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    begun: bool,
    failure: fn(&T) -> Option<String>,
}

impl<T> Shield<T> {
    fn new(
        future: impl Future<Output = T> + Send + 'static,
        failure: fn(&T) -> Option<String>,
    ) -> Self {
        Self {
            future: Some(Box::pin(future)),
            begun: false,
            failure,
        }
    }
}

impl<T> Future for Shield<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.begun = true;
        // Taken out while it runs: a future that panics is over.
        let mut future = self.future.take().expect("polled after it was ready");
        let result = future.as_mut().poll(cx);
        if result.is_pending() {
            self.future = Some(future);
        }
        result
    }
}

impl<T> Drop for Shield<T> {
    fn drop(&mut self) {
        let Some(future) = self.future.take() else {
            return;
        };
        if !self.begun {
            return;
        }
        let rest = Rest {
            future,
            failure: self.failure,
            over: false,
        };
        // Without a loop, or with one that takes no more tasks, the rest reports itself as given up.
        if let Some(local) = Local::current() {
            let context = TaskContext::child(Some("shielded"));
            Task::new(spawn_on(&local, context, rest)).detach();
        }
    }
}

impl<T> fmt::Debug for Shield<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield")
            .field("finished", &self.future.is_none())
            .finish()
    }
}

/// What is left of an operation whose awaiter has gone.
struct Rest<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
    failure: fn(&T) -> Option<String>,
    over: bool,
}

impl<T> Future for Rest<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A panic is told by the task that we are.
        self.over = true;
        match self.future.as_mut().poll(cx) {
            Poll::Pending => {
                self.over = false;
                Poll::Pending
            }
            Poll::Ready(value) => {
                if let Some(error) = (self.failure)(&value) {
                    report_unhandled(Unhandled::error(current_task(), error));
                }
                Poll::Ready(())
            }
        }
    }
}

impl<T> Drop for Rest<T> {
    fn drop(&mut self) {
        if !self.over {
            let what = "a shielded operation, because its loop closed";
            report_unhandled(Unhandled::given_up(current_task(), what));
        }
    }
}
