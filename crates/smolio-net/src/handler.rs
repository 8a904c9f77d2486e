//! One connection of a server: what its handler is given, and what becomes of the way in which it ends.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use smolio_context::{Unhandled, current_task, report_unhandled};
use smolio_task_group::CancelToken;

/// What the handler of a [`Server`](crate::Server) is called with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Connection<S, P> {
    /// The stream. It is closed when it is dropped.
    pub stream: S,
    /// Who is at the other end.
    pub peer: P,
    /// Set when the server closes: a handler that waits for the next question of its peer ends then, before the time is up
    /// that it is given.
    pub closing: CancelToken,
}

/// What a handler may give: `()`, or a `Result` whose error can be shown.
///
/// The error goes to the unhandled hook, and concerns nobody else.
#[diagnostic::on_unimplemented(
    message = "a handler of connections gives `()` or a `Result`, not `{Self}`",
    note = "the error of the `Result` must be `Display`: it is reported to the unhandled hook"
)]
pub trait HandlerOutcome: sealed::Sealed {
    /// The text of the error, where it is one.
    #[doc(hidden)]
    fn into_failure(self) -> Option<String>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl<T, E> Sealed for Result<T, E> {}
}

impl HandlerOutcome for () {
    fn into_failure(self) -> Option<String> {
        None
    }
}

impl<T, E: fmt::Display> HandlerOutcome for Result<T, E> {
    fn into_failure(self) -> Option<String> {
        // With its causes, where the error has a long form.
        self.err().map(|error| format!("{error:#}"))
    }
}

pin_project! {
    /// A handler whose failure is reported and goes no further; gives whether it has succeeded.
    pub(crate) struct Contained<F> {
        #[pin]
        handler: F,
    }
}

impl<F> Contained<F> {
    pub(crate) fn new(handler: F) -> Self {
        Self { handler }
    }
}

impl<F> Future for Contained<F>
where
    F: Future,
    F::Output: HandlerOutcome,
{
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        // After a panic the handler is not polled again, only dropped, as in any unwinding.
        let poll =
            AssertUnwindSafe(|| self.project().handler.poll(cx).map(F::Output::into_failure));
        match contain(poll) {
            None => Poll::Ready(false),
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(None)) => Poll::Ready(true),
            Some(Poll::Ready(Some(failure))) => {
                report_unhandled(Unhandled::error(current_task(), failure));
                Poll::Ready(false)
            }
        }
    }
}

/// Calls `f`; a panic in it is reported.
pub(crate) fn contain<T>(f: AssertUnwindSafe<impl FnOnce() -> T>) -> Option<T> {
    match catch_unwind(f) {
        Ok(value) => Some(value),
        Err(payload) => {
            report_unhandled(Unhandled::panic(current_task(), &*payload));
            None
        }
    }
}
