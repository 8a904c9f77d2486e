//! A child as its group holds it: the future with its identity, and the place for its value.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use smolio_context::{Scoped, TaskContext, TaskId, TaskInfo};

use crate::{
    Outcome,
    cell::{BorrowedWaker, Node, Owner, Promise},
    child::Gone,
};

/// A child of a group with error type `E`, whatever its future and value are.
pub(crate) trait AnyChild<E> {
    /// The error, if it gives one; a value goes to the handle.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>>;

    fn info(&self) -> &TaskInfo;

    /// Drops the future, then tells the handle why there will be no value.
    fn end(self: Pin<&mut Self>, gone: Gone);
}

/// What owns a child: `Send` in a `TaskGroup`, not so in a `LocalTaskGroup`.
pub(crate) trait ChildBox<E>: Unpin {
    type Child: AnyChild<E> + ?Sized;

    fn parts(&mut self) -> (Pin<&mut Self::Child>, BorrowedWaker<'_>);

    fn node(&self) -> &Node;

    fn info(&self) -> &TaskInfo;
}

impl<E, C: AnyChild<E> + ?Sized> ChildBox<E> for Owner<C> {
    type Child = C;

    fn parts(&mut self) -> (Pin<&mut C>, BorrowedWaker<'_>) {
        self.parts()
    }

    fn node(&self) -> &Node {
        self.node()
    }

    fn info(&self) -> &TaskInfo {
        self.future().info()
    }
}

pin_project! {
    /// The future of a child, bound to its identity and to the place for its value.
    pub(crate) struct ChildTask<F, T> {
        #[pin]
        future: Scoped<F>,
        #[pin]
        promise: Promise<T>,
    }
}

impl<F, T> ChildTask<F, T> {
    #[inline(always)]
    pub(crate) fn new(context: TaskContext, future: F) -> Self {
        Self {
            future: Scoped::new(context, future),
            promise: Promise::without_handle(),
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        self.future.info().id()
    }

    pub(crate) fn promise(self: Pin<&mut Self>) -> Pin<&mut Promise<T>> {
        self.project().promise
    }
}

impl<F, E> AnyChild<E> for ChildTask<F, <F::Output as Outcome<E>>::Value>
where
    F: Future,
    F::Output: Outcome<E>,
{
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let this = self.project();
        this.future.poll_child(cx).map(|outcome| {
            let value = outcome.into_result()?;
            this.promise.settle(Ok(value));
            Ok(())
        })
    }

    fn info(&self) -> &TaskInfo {
        self.future.info()
    }

    fn end(self: Pin<&mut Self>, gone: Gone) {
        let this = self.project();
        let dropped = catch_unwind(AssertUnwindSafe(|| this.future.drop_future()));
        this.promise.settle(Err(gone));
        if let Err(payload) = dropped {
            resume_unwind(payload);
        }
    }
}

pin_project! {
    /// A future that cannot fail, as the child of a group whose children may.
    ///
    /// An `async` block would do as well, but holds the future twice: as it was captured, and as it is awaited.
    pub(crate) struct Infallibly<F> {
        #[pin]
        future: F,
    }
}

impl<F> Infallibly<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Infallibly<F> {
    type Output = Value<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Value)
    }
}

/// A value that is no `Result`, whatever its type.
pub(crate) struct Value<T>(T);

impl<T, E> Outcome<E> for Value<T> {
    type Value = T;

    fn into_result(self) -> Result<T, E> {
        Ok(self.0)
    }
}
