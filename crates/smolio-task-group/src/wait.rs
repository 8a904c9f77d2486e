//! wait: a set of futures that outlives each wait, and the conditions until which it is waited for.

use std::{
    fmt,
    future::Future,
    mem,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

use smolio_context::waiting_for_members;

use crate::{
    Gathered,
    panics::resume_after,
    set::{Order, Set},
};

/// Runs the futures of a set until a condition is met, and gives the results that there are: each with the index of its
/// future, in the order in which they were ready. The others stay in the set.
///
/// | condition | met when |
/// |---|---|
/// | [`FirstCompleted`] | a future is ready |
/// | [`FirstError`] | a future has given an error, or all are ready |
/// | [`All`] | all are ready |
///
/// The futures run while `wait` is being awaited, inside of whoever awaits it. In between they stand still. With an empty set
/// there is nothing to wait for: it gives no results, at once.
///
/// # Panics
/// If one of the futures panics: the others are dropped, in their order, and then the panic goes on from here. The results
/// that there are stay in the set.
///
/// # Cancel safety
/// Nothing is lost when it is dropped: results that there are come out of the next `wait`.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_task_group::{All, FirstCompleted, WaitSet, wait};
/// # use futures_lite::future::yield_now;
///
/// async fn fetch(url: &str) -> usize {
///     # for _ in 0..url.len() { yield_now().await }
///     url.len() // in real life: of the answer
/// }
/// let mut downloads = WaitSet::new();
/// downloads.push(fetch("/long"));
/// downloads.push(fetch("/a"));
/// let first = wait(&mut downloads, FirstCompleted).await;
/// assert_eq!(first, [(1, 2)]);
///
/// downloads.push(fetch("/abc")); // it is your set: there may come others
/// let rest = wait(&mut downloads, All).await;
/// assert_eq!(rest, [(0, 5), (2, 4)]);
/// assert!(downloads.is_empty());
/// # });
/// ```
#[doc(alias = "return_when")]
pub fn wait<F, U>(set: &mut WaitSet<F>, until: U) -> Wait<'_, F, U>
where
    F: Future,
    U: Until<F::Output>,
{
    Wait {
        set,
        until,
        has_begun: false,
    }
}

/// A condition of [`wait`], for futures that give `T`.
#[diagnostic::on_unimplemented(
    message = "cannot wait until `{Self}` for futures that give `{T}`",
    label = "one of `FirstCompleted`, `All`, and for futures of `Result` `FirstError`"
)]
pub trait Until<T> {
    #[doc(hidden)]
    fn is_met(&self, result: &T) -> bool;
}

/// [`wait`] until a future is ready.
#[doc(alias = "FIRST_COMPLETED")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirstCompleted;

/// [`wait`] until a future has given an error, or all are ready.
///
/// For futures that give something else than a `Result` this does not compile:
///
/// ```compile_fail,E0277
/// # use smolio_task_group::{FirstError, WaitSet, wait};
/// # futures_lite::future::block_on(async {
/// let mut set: WaitSet<_> = [std::future::ready(1)].into_iter().collect();
/// let _ = wait(&mut set, FirstError).await; // cannot wait until `FirstError` for futures that give `{integer}`
/// # });
/// ```
#[doc(alias = "FIRST_EXCEPTION")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirstError;

/// [`wait`] until all futures are ready.
#[doc(alias = "ALL_COMPLETED")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct All;

impl<T> Until<T> for FirstCompleted {
    fn is_met(&self, _: &T) -> bool {
        true
    }
}

impl<T, E> Until<Result<T, E>> for FirstError {
    fn is_met(&self, result: &Result<T, E>) -> bool {
        result.is_err()
    }
}

impl<T> Until<T> for All {
    fn is_met(&self, _: &T) -> bool {
        false
    }
}

/// Futures to [`wait`] for, several times if need be.
///
/// They are of one type; `Pin<Box<dyn Future<Output = T> + Send>>` is one for all. Dropping the set drops them, in the order
/// in which they came.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_task_group::{All, WaitSet, wait};
/// use std::future::ready;
///
/// let mut set: WaitSet<_> = [ready(1), ready(2)].into_iter().collect();
/// set.push(ready(3));
/// assert_eq!(set.len(), 3);
/// assert_eq!(wait(&mut set, All).await, [(0, 1), (1, 2), (2, 3)]);
/// # });
/// ```
#[must_use = "the futures in it do nothing unless they are waited for"]
pub struct WaitSet<F: Future, T = <F as Future>::Output> {
    set: Set<F>,
    /// What nobody has fetched yet, in the order in which it came.
    results: Vec<(usize, T)>,
    next_index: usize,
}

// The futures are pinned elsewhere.
impl<F: Future, T> Unpin for WaitSet<F, T> {}

impl<F: Future> WaitSet<F> {
    /// An empty set.
    pub fn new() -> Self {
        Self {
            set: Set::new(Order::Wakes),
            results: Vec::new(),
            next_index: 0,
        }
    }

    /// Adds a future, and gives its index, by which [`wait`] calls its result: how many were added before it.
    //
    // Not `impl IntoFuture`: `Box::pin(...)` would not become a `Pin<Box<dyn Future>>` by itself then.
    pub fn push(&mut self, future: F) -> usize {
        let index = self.next_index;
        self.next_index += 1;
        self.set.insert(index, future);
        index
    }

    /// How many futures it holds whose results have not been given to anybody.
    pub fn len(&self) -> usize {
        self.set.len() + self.results.len()
    }

    /// How many of its futures are pending, and how many results nobody has fetched.
    pub fn stats(&self) -> WaitSetStats {
        WaitSetStats {
            pending: self.set.len(),
            ready: self.results.len(),
            pushed: self.next_index,
        }
    }

    /// Whether all results have been given to somebody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a set is up to, from [`WaitSet::stats`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct WaitSetStats {
    /// Futures that are not ready.
    pub pending: usize,
    /// Results that nobody has fetched, because the wait that they came in was dropped.
    pub ready: usize,
    /// Futures that were added since the set was made.
    pub pushed: usize,
}

impl<F: Future> Default for WaitSet<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Future> Extend<F> for WaitSet<F> {
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.push(future);
        }
    }
}

impl<F: Future> FromIterator<F> for WaitSet<F> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

impl<F: Future, T> fmt::Debug for WaitSet<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitSet")
            .field("pending", &self.set.len())
            .field("ready", &self.results.len())
            .finish_non_exhaustive()
    }
}

/// The future of [`wait`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Wait<'a, F: Future, U, T = <F as Future>::Output> {
    set: &'a mut WaitSet<F, T>,
    until: U,
    has_begun: bool,
}

impl<F: Future, U: Until<F::Output> + Unpin> Future for Wait<'_, F, U> {
    type Output = Gathered<(usize, F::Output)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            set: WaitSet { set, results, .. },
            until,
            has_begun,
        } = &mut *self;
        // There may be some of a wait that was dropped.
        let is_first_poll = !mem::replace(has_begun, true);
        if is_first_poll && results.iter().any(|(_, result)| until.is_met(result)) {
            return Poll::Ready(Gathered::new(mem::take(results)));
        }
        let done = |index, result| {
            let is_met = until.is_met(&result);
            results.push((index, result));
            if is_met {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        match set.poll(cx, |_| (), done) {
            Ok(Poll::Pending) => {
                waiting_for_members(|| format!("wait ({} futures)", set.len()));
                Poll::Pending
            }
            Ok(Poll::Ready(())) => Poll::Ready(Gathered::new(mem::take(results))),
            Err(payload) => resume_after(payload, || *set = Set::new(Order::Wakes)),
        }
    }
}

impl<F: Future, U: fmt::Debug, T> fmt::Debug for Wait<'_, F, U, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("set", &self.set)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
