//! A child as its group holds it: the future with its identity, and the place for its value.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use smolio_context::{Scoped, TaskContext, TaskInfo};

use crate::{
    ChildError, Outcome,
    slot::{Gone, Slot},
};

/// A child of a group with error type `E`, whatever its future and value are.
pub(crate) trait AnyChild<E> {
    /// The error, if it gives one; a value goes to the handle.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>>;

    fn info(&self) -> &TaskInfo;

    /// Tells the handle that there will be no value, before the child is dropped.
    fn end(self: Pin<&mut Self>, gone: Gone);
}

/// A box with a child in it: `Send` in a `TaskGroup`, not so in a `LocalTaskGroup`.
pub(crate) trait ChildBox<E>: Unpin {
    type Child: AnyChild<E> + ?Sized;

    fn child(&mut self) -> Pin<&mut Self::Child>;

    fn info(&self) -> &TaskInfo;
}

impl<E, C: AnyChild<E> + ?Sized> ChildBox<E> for Pin<Box<C>> {
    type Child = C;

    fn child(&mut self) -> Pin<&mut C> {
        self.as_mut()
    }

    fn info(&self) -> &TaskInfo {
        (**self).info()
    }
}

pin_project! {
    /// The future of a child, bound to its identity and to the place for its value.
    pub(crate) struct ChildTask<F, T> {
        #[pin]
        future: Scoped<F>,
        slot: Owner<T>,
    }
}

impl<F, T> ChildTask<F, T> {
    pub(crate) fn new(context: TaskContext, future: F, slot: Arc<Slot<T>>) -> Self {
        Self {
            future: Scoped::new(context, future),
            slot: Owner(slot),
        }
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
            this.slot.0.set(value);
            Ok(())
        })
    }

    fn info(&self) -> &TaskInfo {
        self.future.info()
    }

    fn end(self: Pin<&mut Self>, gone: Gone) {
        self.project().slot.0.end(gone);
    }
}

/// The child's side of the slot. When it goes without a word, the child was dropped together with its group.
struct Owner<T>(Arc<Slot<T>>);

impl<T> Drop for Owner<T> {
    fn drop(&mut self) {
        self.0.end(Gone {
            why: ChildError::Cancelled,
            with_group: true,
        });
    }
}
