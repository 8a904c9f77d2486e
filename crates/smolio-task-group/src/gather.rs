//! gather: several futures at the same time, and all their results.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    Gathered,
    collecting::Collecting,
    keep::Anything,
    list::{Flatten, Held, JoinList},
    tuples::Iter,
};

/// Runs several futures at the same time, and gives all their results, in the order of the futures.
///
/// It takes a tuple of up to 16 futures, and gives a tuple; or anything that can be iterated over, and gives [`Gathered`].
/// [`limit`](GatherIter::limit) bounds how many of an iterator's futures are there at the same time.
///
/// Futures that give `Result` are run to their end, all of them, also when one has failed, and all results are given:
/// asyncio's `return_exceptions=True`. [`try_gather`](crate::try_gather) stops at the first error. The compiler warns when
/// results are thrown away.
///
/// The futures run inside of the caller: concurrently, not in parallel, and they share its
/// [`ContextVar`](smolio_context::ContextVar)s. Of an iterator's futures only those are polled that were woken, and each is
/// freed when it is ready; those of a tuple lie in one piece, and are all polled when one of them was woken.
///
/// # Panics
/// If one of the futures panics: the others are dropped, in their order, and then the panic goes on from here. Panics of
/// their destructors go to the unhandled hook.
///
/// # Cancel safety
/// Dropped half-way, it drops the futures, in their order, and the results that there are.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_task_group::gather;
///
/// async fn length(url: &str) -> usize {
///     url.len() // in real life: a request
/// }
/// let (one, other) = gather((length("/a"), async { "b" })).await;
/// assert_eq!((one, other), (2, "b"));
///
/// let urls = ["/a", "/bc", "/def"];
/// let lengths = gather(urls.iter().map(|url| length(url))).limit(2).await;
/// assert_eq!(lengths, [2, 3, 4]);
/// # });
/// ```
#[doc(alias = "join")]
#[doc(alias = "join_all")]
#[doc(alias = "return_exceptions")]
pub fn gather<M, G: Gather<M>>(futures: G) -> G::Future {
    futures.gather()
}

/// What [`gather`] takes: tuples of up to 16 futures, and iterators of futures. `M` tells the two apart, and is found by the
/// compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be gathered",
    label = "neither a tuple of 1 to 16 futures nor an iterator of futures"
)]
pub trait Gather<M> {
    /// What `gather` gives.
    type Future: Future;

    #[doc(hidden)]
    fn gather(self) -> Self::Future;
}

impl<I> Gather<Iter> for I
where
    I: IntoIterator<Item: IntoFuture>,
{
    type Future = GatherIter<
        I::IntoIter,
        <I::Item as IntoFuture>::IntoFuture,
        <I::Item as IntoFuture>::Output,
    >;

    fn gather(self) -> Self::Future {
        GatherIter {
            collecting: Collecting::new(self.into_iter()),
        }
    }
}

/// The future of [`gather`] for an iterator `I` of futures `F` that give `T`.
//
// Three types side by side: as projections of the iterator's they would make the future of whoever awaits this not `Send`
// in the eyes of the compiler ("implementation of `FnOnce` is not general enough").
#[must_use = "futures do nothing unless polled or awaited"]
pub struct GatherIter<I, F, T> {
    collecting: Collecting<I, F, T>,
}

// The futures are pinned elsewhere.
impl<I, F, T> Unpin for GatherIter<I, F, T> {}

impl<I, F, T> GatherIter<I, F, T> {
    /// At most `futures` of the futures are there at the same time: the iterator is asked for the next one when one is
    /// ready. So it may be a long one, and costs no more memory than its results. Without a limit it is asked for all of
    /// them, a few dozen in each poll, so that it does not hold up the loop.
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

impl<I, F> Future for GatherIter<I, F, F::Output>
where
    I: Iterator<Item: IntoFuture<IntoFuture = F>>,
    F: Future,
{
    type Output = Gathered<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let results = self.collecting.poll::<Anything, Infallible>(cx, "gather");
        results.map(|Ok(results)| Gathered::new(results))
    }
}

impl<I, F, T> fmt::Debug for GatherIter<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherIter")
            .field("pending", &self.collecting.pending())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`gather`] for a tuple; `L` are its futures.
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct GatherTuple<L: JoinList<Anything, Infallible>> {
        #[pin]
        futures: Held<L>,
    }
}

impl<L: JoinList<Anything, Infallible>> GatherTuple<L> {
    pub(crate) fn new(futures: L) -> Self {
        Self {
            futures: Held::new(futures),
        }
    }
}

impl<L> Future for GatherTuple<L>
where
    L: JoinList<Anything, Infallible, Values: Flatten>,
{
    type Output = <L::Values as Flatten>::Flat;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().futures.poll_with(|mut list| {
            let Ok(is_done) = list.as_mut().poll_all(cx);
            if !is_done {
                return Poll::Pending;
            }
            let values = list.take_all().expect("polled after it was ready");
            Poll::Ready(values.flatten())
        })
    }
}

impl<L: JoinList<Anything, Infallible>> fmt::Debug for GatherTuple<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherTuple").finish_non_exhaustive()
    }
}
