//! race: several futures at the same time, until the first is ready.

use std::{
    error::Error,
    fmt,
    future::{Future, IntoFuture},
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use smolio_context::waiting_for_members;

use crate::{
    list::{Flatten, Held, RaceList},
    panics::resume_after,
    set::{Order, Set},
    tuples::Iter,
};

/// Runs several futures at the same time until one is ready, gives its value, and drops the others where they are.
///
/// A tuple of 2 to 16 futures gives an enum that says which one it was, [`Or2`](crate::Or2) for two. Anything that can be
/// iterated over gives the index of the winner and its value, or [`EmptyRace`] if there was nobody in it.
///
/// The futures are polled **in the order of the arguments**, always: if several are ready in the same poll, the first of them
/// wins. So put first what must not be missed, the word that it is time to stop for instance.
///
/// A future that is passed as `&mut future` is not dropped when it loses: it goes on when it is awaited again, or raced
/// again, which makes `race` in a loop what `select!` is elsewhere.
///
/// # Errors
/// [`EmptyRace`] if an iterator gives no future. Tuples have no error.
///
/// # Panics
/// If one of the futures panics: the others are dropped, in their order, and then the panic goes on from here. So it does
/// if a loser panics while it is dropped. Further panics go to the unhandled hook.
///
/// # Cancel safety
/// Dropped half-way, it drops the futures, in their order; those passed as `&mut` live on. What a loser has done so far is
/// lost, so race what is cancel safe itself, or pass it as `&mut`.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_task_group::{Or2, race};
/// use std::{future::{pending, ready}, pin::pin};
///
/// let mut stop = pin!(pending::<()>());
/// match race((&mut stop, ready(7))).await {
///     Or2::A(()) => println!("stopped"),
///     Or2::B(number) => assert_eq!(number, 7),
/// }
///
/// let mirrors = ["slow", "fast"].map(async |name| match name {
///     "slow" => pending().await,
///     _ => name.len(), // in real life: a download
/// });
/// assert_eq!(race(mirrors).await, Ok((1, 4)));
/// # });
/// ```
#[doc(alias = "select")]
#[doc(alias = "select_all")]
#[doc(alias = "FIRST_COMPLETED")]
pub fn race<M, R: Race<M>>(futures: R) -> R::Future {
    futures.race()
}

/// What [`race`] takes: tuples of 2 to 16 futures, and iterators of futures. `M` tells the two apart, and is found by the
/// compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot race",
    label = "neither a tuple of 2 to 16 futures nor an iterator of futures"
)]
pub trait Race<M> {
    /// What `race` gives.
    type Future: Future;

    #[doc(hidden)]
    fn race(self) -> Self::Future;
}

impl<I> Race<Iter> for I
where
    I: IntoIterator<Item: IntoFuture>,
{
    type Future = RaceIter<<I::Item as IntoFuture>::IntoFuture>;

    fn race(self) -> Self::Future {
        let mut set = Set::new(Order::Arrival { round: Vec::new() });
        for (index, future) in self.into_iter().enumerate() {
            set.insert(index, future.into_future());
        }
        RaceIter { set: Some(set) }
    }
}

/// The future of [`race`] for an iterator of futures `F`.
#[must_use = "futures do nothing unless polled or awaited"]
pub struct RaceIter<F> {
    /// `None` when it is over.
    set: Option<Set<F>>,
}

// The futures are pinned elsewhere.
impl<F> Unpin for RaceIter<F> {}

impl<F: Future> Future for RaceIter<F> {
    type Output = Result<(usize, F::Output), EmptyRace>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let set = self.set.as_mut().expect("polled after it was ready");
        let mut winner = None;
        let done = |index, value| {
            winner = Some((index, value));
            ControlFlow::Break(())
        };
        match set.poll(cx, |_| (), done) {
            Ok(Poll::Pending) => {
                waiting_for_members(|| format!("race ({} futures)", set.len()));
                Poll::Pending
            }
            Ok(Poll::Ready(())) => {
                // The losers go now.
                self.set = None;
                Poll::Ready(winner.ok_or(EmptyRace(())))
            }
            Err(payload) => resume_after(payload, || self.set = None),
        }
    }
}

impl<F> fmt::Debug for RaceIter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceIter")
            .field("pending", &self.set.as_ref().map_or(0, Set::len))
            .finish_non_exhaustive()
    }
}

/// There was nobody in a [`race`], so that nobody can win it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EmptyRace(());

impl fmt::Display for EmptyRace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot race: the iterator gave no future")
    }
}

impl Error for EmptyRace {}

pin_project! {
    /// The future of [`race`] for a tuple; `L` are its futures.
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct RaceTuple<L: RaceList> {
        #[pin]
        futures: Held<L>,
    }
}

impl<L: RaceList> RaceTuple<L> {
    pub(crate) fn new(futures: L) -> Self {
        Self {
            futures: Held::new(futures),
        }
    }
}

impl<L: RaceList<Choice: Flatten>> Future for RaceTuple<L> {
    type Output = <L::Choice as Flatten>::Flat;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut futures = self.project().futures;
        let choice = ready!(futures.as_mut().poll_with(|list| list.poll_any(cx)));
        // The losers go now.
        futures.clear();
        Poll::Ready(choice.flatten())
    }
}

impl<L: RaceList> fmt::Debug for RaceTuple<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceTuple").finish_non_exhaustive()
    }
}
