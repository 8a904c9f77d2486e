//! `try_gather`: several futures at the same time, until one of them fails.

use std::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    collecting::Collecting,
    keep::Successes,
    list::{Flatten, Held, JoinList},
    tuples::Iter,
};

/// Runs several futures of `Result` at the same time, and gives all their values, or the first error there is.
///
/// It takes a tuple of up to 16 futures with the same type of error, and gives a tuple; or anything that can be iterated
/// over, and gives a `Vec`. At the first error the others are dropped where they are, in their order. In all else it is
/// [`gather`](crate::gather()).
///
/// # Errors
/// The first error in time.
///
/// # Panics
/// If one of the futures panics, as [`gather`](crate::gather()) does.
///
/// # Cancel safety
/// Dropped half-way, it drops the futures, in their order, and the values that there are.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_task_group::try_gather;
/// use std::{future::pending, num::ParseIntError};
///
/// async fn parse(text: &str) -> Result<u32, ParseIntError> {
///     text.parse() // in real life: a request
/// }
/// assert_eq!(try_gather(["1", "2"].map(parse)).await, Ok(vec![1, 2]));
///
/// let (one, two) = try_gather((parse("1"), parse("2"))).await?;
/// assert_eq!(one + two, 3);
///
/// let never = pending::<Result<(), ParseIntError>>();
/// assert!(try_gather((parse("three"), never)).await.is_err());
/// # Ok::<_, ParseIntError>(())
/// # }).unwrap();
/// ```
#[doc(alias = "gather")]
#[doc(alias = "try_join")]
#[doc(alias = "try_join_all")]
pub fn try_gather<M, G: TryGather<M>>(futures: G) -> G::Future {
    futures.try_gather()
}

/// What [`try_gather`] takes: tuples of up to 16 futures of `Result`, and iterators of such. `M` tells the two apart, and is
/// found by the compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be gathered until the first error",
    label = "neither a tuple of 1 to 16 futures nor an iterator of futures, of `Result` with one type of error"
)]
pub trait TryGather<M> {
    /// What `try_gather` gives.
    type Future: Future;

    #[doc(hidden)]
    fn try_gather(self) -> Self::Future;
}

impl<I, T, E> TryGather<Iter> for I
where
    I: IntoIterator<Item: IntoFuture<Output = Result<T, E>>>,
{
    type Future = TryGatherIter<I::IntoIter, <I::Item as IntoFuture>::IntoFuture, T>;

    fn try_gather(self) -> Self::Future {
        TryGatherIter {
            collecting: Collecting::new(self.into_iter()),
        }
    }
}

/// The future of [`try_gather`] for an iterator `I` of futures `F` that give `T` or an error.
//
// As with `GatherIter`, the types stand side by side.
#[must_use = "futures do nothing unless polled or awaited"]
pub struct TryGatherIter<I, F, T> {
    collecting: Collecting<I, F, T>,
}

// The futures are pinned elsewhere.
impl<I, F, T> Unpin for TryGatherIter<I, F, T> {}

impl<I, F, T> TryGatherIter<I, F, T> {
    /// At most `futures` of the futures are there at the same time: the iterator is asked for the next one when one is
    /// ready, and not at all after an error.
    ///
    /// # Panics
    /// If `futures` is zero: none would ever run.
    #[doc(alias = "Semaphore")]
    #[track_caller]
    pub fn limit(mut self, futures: usize) -> Self {
        self.collecting.set_limit(futures);
        self
    }
}

impl<I, F, T, E> Future for TryGatherIter<I, F, T>
where
    I: Iterator<Item: IntoFuture<IntoFuture = F>>,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.collecting.poll::<Successes, E>(cx, "try_gather")
    }
}

impl<I, F, T> fmt::Debug for TryGatherIter<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGatherIter")
            .field("pending", &self.collecting.pending())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`try_gather`] for a tuple; `L` are its futures, `E` is the error.
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct TryGatherTuple<L: JoinList<Successes, E>, E> {
        #[pin]
        futures: Held<L>,
        error: PhantomData<fn() -> E>,
    }
}

impl<L: JoinList<Successes, E>, E> TryGatherTuple<L, E> {
    pub(crate) fn new(futures: L) -> Self {
        Self {
            futures: Held::new(futures),
            error: PhantomData,
        }
    }
}

impl<L, E> Future for TryGatherTuple<L, E>
where
    L: JoinList<Successes, E, Values: Flatten>,
{
    type Output = Result<<L::Values as Flatten>::Flat, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut futures = self.project().futures;
        let poll = futures.as_mut().poll_with(|mut list| {
            if !list.as_mut().poll_all(cx)? {
                return Poll::Pending;
            }
            let values = list.take_all().expect("polled after it was ready");
            Poll::Ready(Ok(values.flatten()))
        });
        if let Poll::Ready(Err(_)) = poll {
            futures.clear();
        }
        poll
    }
}

impl<L: JoinList<Successes, E>, E> fmt::Debug for TryGatherTuple<L, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGatherTuple").finish_non_exhaustive()
    }
}
