//! `as_completed`: the results of several futures, each as soon as it is there.

use std::{
    fmt,
    future::{Future, IntoFuture},
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use smolio_context::waiting_for_members;

use crate::{
    panics::resume_after,
    set::{Order, Set},
    source::Source,
};

/// Runs the futures of an iterator at the same time, and gives their values in the order in which they are ready.
///
/// [`next`](AsCompleted::next) gives the next value together with the index of its future; asyncio gives the future itself
/// for that purpose. It is a [`Stream`] as well. [`limit`](AsCompleted::limit) bounds how many futures are there at the same
/// time.
///
/// The futures run while `next` is being awaited, inside of whoever awaits it. In between they stand still.
///
/// # Panics
/// `next` panics if one of the futures does: the others are dropped, in their order, and the panic goes on. After that there
/// is nothing more to come.
///
/// # Cancel safety
/// `next` may be dropped: nothing is lost, the futures go on with the next call of it. To drop the stream drops the futures
/// that are not ready, in their order.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use smolio_task_group::as_completed;
/// # use futures_lite::future::yield_now;
///
/// async fn download(url: &str) -> usize {
///     # for _ in 0..url.len() { yield_now().await }
///     url.len() // in real life: of the answer
/// }
/// let urls = ["/long", "/a", "/bcd"];
/// let mut downloads = as_completed(urls.map(download));
/// while let Some((index, length)) = downloads.next().await {
///     println!("{} has {length} bytes", urls[index]); // the shortest first
/// }
/// # });
/// ```
#[doc(alias = "FuturesUnordered")]
#[doc(alias = "buffer_unordered")]
pub fn as_completed<I>(futures: I) -> AsCompleted<I::IntoIter, <I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator<Item: IntoFuture>,
{
    AsCompleted {
        running: Some(Running {
            set: Set::new(Order::Wakes),
            source: Source::new(futures.into_iter()),
        }),
        completed: 0,
    }
}

/// The stream of [`as_completed`].
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<I, F> {
    /// `None` when it is over.
    running: Option<Running<I, F>>,
    /// How many values it has given.
    completed: usize,
}

/// What a stream of results is up to, from [`AsCompleted::stats`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AsCompletedStats {
    /// Futures that are there, and whose values were not given. Those that the iterator has still to give do not count.
    pub pending: usize,
    /// Values that were given.
    pub completed: usize,
    /// Whether nothing more is to come: all values were given, or a future has panicked.
    pub is_over: bool,
}

struct Running<I, F> {
    set: Set<F>,
    source: Source<I>,
}

// The futures are pinned elsewhere.
impl<I, F> Unpin for AsCompleted<I, F> {}

impl<I, F> AsCompleted<I, F> {
    /// At most `futures` of the futures are there at the same time: the iterator is asked for the next one when one is
    /// ready. So it may be one that never ends. Without a limit it is asked for all of them, a few dozen in each poll.
    ///
    /// # Panics
    /// If `futures` is zero: none would ever run.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use smolio_task_group::as_completed;
    /// use std::future::ready;
    ///
    /// let mut squares = as_completed((0_u64..).map(|n| ready(n * n))).limit(3);
    /// while let Some((number, square)) = squares.next().await {
    ///     if square > 1000 {
    ///         assert_eq!(number, 32);
    ///         break;
    ///     }
    /// }
    /// # });
    /// ```
    #[doc(alias = "Semaphore")]
    #[track_caller]
    pub fn limit(mut self, futures: usize) -> Self {
        if let Some(running) = &mut self.running {
            running.source.set_limit(futures);
        }
        self
    }

    /// How many futures are there, and how many values were given.
    pub fn stats(&self) -> AsCompletedStats {
        AsCompletedStats {
            pending: self.running.as_ref().map_or(0, |running| running.set.len()),
            completed: self.completed,
            is_over: self.running.is_none(),
        }
    }

    /// The next value, with the index of the future that gave it; `None` when there are no more.
    ///
    /// # Panics
    /// If one of the futures panics.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    #[expect(
        clippy::should_implement_trait,
        reason = "a stream's `next`, as everywhere"
    )]
    pub fn next(&mut self) -> NextCompleted<'_, I, F> {
        NextCompleted { stream: self }
    }
}

impl<I, F> Stream for AsCompleted<I, F>
where
    I: Iterator<Item: IntoFuture<IntoFuture = F>>,
    F: Future,
{
    type Item = (usize, F::Output);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(Running { set, source }) = &mut self.running else {
            return Poll::Ready(None);
        };
        let mut next = None;
        let done = |index, value| {
            next = Some((index, value));
            ControlFlow::Break(())
        };
        match set.poll(cx, |members| source.fill(members), done) {
            Ok(Poll::Pending) => {
                waiting_for_members(|| format!("as_completed ({} futures)", set.len()));
                return Poll::Pending;
            }
            Ok(Poll::Ready(())) => {}
            Err(payload) => resume_after(payload, || self.running = None),
        }
        if next.is_some() {
            self.completed += 1;
        } else {
            self.running = None;
        }
        Poll::Ready(next)
    }
}

impl<I, F> fmt::Debug for AsCompleted<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("pending", &self.stats().pending)
            .finish_non_exhaustive()
    }
}

/// The future of [`AsCompleted::next`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct NextCompleted<'a, I, F> {
    stream: &'a mut AsCompleted<I, F>,
}

impl<I, F> Future for NextCompleted<'_, I, F>
where
    I: Iterator<Item: IntoFuture<IntoFuture = F>>,
    F: Future,
{
    type Output = Option<(usize, F::Output)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.stream).poll_next(cx)
    }
}

impl<I, F> fmt::Debug for NextCompleted<'_, I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextCompleted")
            .field("stream", &self.stream)
            .finish()
    }
}
