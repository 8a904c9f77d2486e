//! The futures of a tuple as a linked list: what works for any number of them is written once.
//!
//! A tuple `(A, B)` becomes `Link<A, Link<B, End>>`. Its futures lie in one piece, without an allocation. Each poll of the
//! list polls all of them that are not ready, in the order of the tuple: with so few that costs less than to know who was
//! woken.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    keep::Keep,
    panics::{FirstPanic, resume_after},
};

pin_project! {
    /// A future, with room for what is kept of its output, and the rest of the list.
    pub struct Link<F, V, R> {
        #[pin]
        head: Place<F, V>,
        #[pin]
        rest: R,
    }
}

/// The end of a list.
pub struct End;

pin_project! {
    #[project = PlaceProjection]
    #[project_replace = PlaceReplaced]
    enum Place<F, V> {
        Running { #[pin] future: F },
        Done { value: V },
        Empty,
    }
}

impl<F, V, R> Link<F, V, R> {
    pub(crate) fn new(future: F, rest: R) -> Self {
        Self {
            head: Place::Running { future },
            rest,
        }
    }
}

/// Any list, as far as its end is concerned.
pub trait Chain {
    /// Drops the futures that are left, the first one first.
    #[doc(hidden)]
    fn drop_each(self: Pin<&mut Self>, dropper: &mut Dropper);
}

/// Drops one after the other, whether they panic or not.
pub struct Dropper(FirstPanic);

impl Chain for End {
    fn drop_each(self: Pin<&mut Self>, _: &mut Dropper) {}
}

impl<F, V, R: Chain> Chain for Link<F, V, R> {
    fn drop_each(self: Pin<&mut Self>, dropper: &mut Dropper) {
        let mut this = self.project();
        if !matches!(*this.head, Place::Empty) {
            dropper.0.catch(|| this.head.set(Place::Empty));
        }
        this.rest.drop_each(dropper);
    }
}

/// A list all of whose values are wanted.
pub trait JoinList<K, S>: Chain {
    /// The values, as nested pairs.
    type Values;

    /// Whether all are done; an error if one is not wanted.
    #[doc(hidden)]
    fn poll_all(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Result<bool, S>;

    /// The values of a list that is done.
    #[doc(hidden)]
    fn take_all(self: Pin<&mut Self>) -> Option<Self::Values>;
}

impl<K, S> JoinList<K, S> for End {
    type Values = ();

    fn poll_all(self: Pin<&mut Self>, _: &mut Context<'_>) -> Result<bool, S> {
        Ok(true)
    }

    fn take_all(self: Pin<&mut Self>) -> Option<()> {
        Some(())
    }
}

impl<K, S, F, R> JoinList<K, S> for Link<F, K::Value, R>
where
    F: Future,
    K: Keep<F::Output, Stop = S>,
    R: JoinList<K, S>,
{
    type Values = (K::Value, R::Values);

    fn poll_all(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Result<bool, S> {
        let mut this = self.project();
        let mut is_done = true;
        if let PlaceProjection::Running { future } = this.head.as_mut().project() {
            match future.poll(cx) {
                Poll::Ready(output) => {
                    let value = K::keep(output)?;
                    this.head.set(Place::Done { value });
                }
                Poll::Pending => is_done = false,
            }
        }
        Ok(this.rest.poll_all(cx)? && is_done)
    }

    fn take_all(self: Pin<&mut Self>) -> Option<Self::Values> {
        let this = self.project();
        match this.head.project_replace(Place::Empty) {
            PlaceReplaced::Done { value } => Some((value, this.rest.take_all()?)),
            _ => None,
        }
    }
}

/// One of the list, whichever is ready first.
pub trait RaceList: Chain {
    /// The value, as nested [`OneOf`].
    type Choice;

    #[doc(hidden)]
    fn poll_any(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Choice>;
}

/// What the head of a list gave, or something of the rest.
pub enum OneOf<T, R> {
    /// The head's.
    Head(T),
    /// Of the rest.
    Rest(R),
}

impl RaceList for End {
    type Choice = Infallible;

    fn poll_any(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Infallible> {
        Poll::Pending
    }
}

impl<F: Future, R: RaceList> RaceList for Link<F, (), R> {
    type Choice = OneOf<F::Output, R::Choice>;

    fn poll_any(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Choice> {
        let this = self.project();
        let PlaceProjection::Running { future } = this.head.project() else {
            panic!("polled after it was ready");
        };
        match future.poll(cx) {
            Poll::Ready(output) => Poll::Ready(OneOf::Head(output)),
            Poll::Pending => this.rest.poll_any(cx).map(OneOf::Rest),
        }
    }
}

pin_project! {
    /// A list whose futures are dropped one by one: so that one that panics then does not take the process with it, if
    /// another one has.
    pub struct Held<L: Chain> {
        #[pin]
        list: L,
    }

    impl<L: Chain> PinnedDrop for Held<L> {
        fn drop(this: Pin<&mut Self>) {
            this.clear();
        }
    }
}

impl<L: Chain> Held<L> {
    pub(crate) fn new(list: L) -> Self {
        Self { list }
    }

    /// Drops what is left of the list. The first panic goes on from here, others are told to the hook.
    pub(crate) fn clear(self: Pin<&mut Self>) {
        let mut dropper = Dropper(FirstPanic::none());
        self.project().list.drop_each(&mut dropper);
        dropper.0.resume();
    }

    /// Polls the list. A panic goes on from here, after the others have been dropped.
    pub(crate) fn poll_with<T>(mut self: Pin<&mut Self>, poll: impl FnOnce(Pin<&mut L>) -> T) -> T {
        let list = self.as_mut().project().list;
        match catch_unwind(AssertUnwindSafe(|| poll(list))) {
            Ok(result) => result,
            Err(payload) => resume_after(payload, || self.clear()),
        }
    }
}

/// Nested pairs or choices as what the user sees of them.
pub trait Flatten {
    /// A tuple or one of the `Or` types.
    type Flat;

    #[doc(hidden)]
    fn flatten(self) -> Self::Flat;
}
