//! What a row asks of a library, so that each row is written once and all three run the same work.
//!
//! Every implementation hands out the library's own futures and tasks, or a newtype around them:
//! nothing is boxed and nothing is compiled in but what a user of that library would call. A row
//! whose libraries differ in shape, and not just in names, should be written three times rather
//! than bent to fit this trait.

mod channel;
mod ours;
mod outside;
mod priority;
mod smol;
mod stream;
mod sync;
mod tokio;

use std::time::Duration;

pub(crate) use self::channel::{Receiver, Sender};
pub(crate) use self::ours::Ours;
pub(crate) use self::outside::Outside;
pub(crate) use self::priority::PriorityQueue;
pub(crate) use self::smol::{SmolLocal, SmolShared};
pub(crate) use self::stream::Stream;
pub(crate) use self::sync::{Lock, Semaphore};
pub(crate) use self::tokio::Tokio;

/// How many threads poll tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    /// One loop on the calling thread.
    One,
    /// Two threads that share the tasks.
    Two,
}

impl Workers {
    pub(crate) const ALL: [Self; 2] = [Self::One, Self::Two];

    /// As the table and the arguments call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "one thread",
            Self::Two => "two workers",
        }
    }

    /// How many they are.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// A library and the way it is set up.
///
/// All state is in statics and thread-locals, as `tokio::spawn` and `smol::spawn` have it too, so
/// that a row can name the library by its type alone.
pub(crate) trait Library: 'static {
    /// A spawned task; awaiting it gives the value, and a panic of the task resumes in the one who
    /// awaits.
    type Task<T: Send + 'static>: Future<Output = T> + Send;

    /// A connected TCP socket.
    type Stream: Stream;

    /// The sending end of a bounded channel.
    type Sender: Sender;

    /// The sending end of a channel without a bound.
    type UnboundedSender: Sender;

    /// A queue that gives its smallest item first.
    type PriorityQueue: PriorityQueue;

    /// A lock that is awaited.
    type Lock: Lock;

    /// A number of permits.
    type Semaphore: Semaphore;

    /// A channel with room for so many items.
    fn channel(capacity: usize) -> (Self::Sender, <Self::Sender as Sender>::Receiver);

    /// A channel with room for any number of them.
    fn unbounded() -> (
        Self::UnboundedSender,
        <Self::UnboundedSender as Sender>::Receiver,
    );

    /// Runs `main` to its end.
    ///
    /// With one thread `main` is polled by the library's own `block_on`, as the `main` of a user's
    /// program is. With two it is a task of the pool: outside it, tokio would wake a third thread
    /// for each result that `main` waits for, and tokio's guide advises against that. The other two
    /// are treated alike.
    fn run<F>(workers: Workers, main: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a task.
    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a task that nobody will await.
    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Calls a function on one of the library's threads for what blocks.
    fn to_thread<F, T>(function: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;

    /// Lets others run.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Waits. The output is whatever the library gives, because a wrapper that dropped it would
    /// make the task larger.
    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send;

    /// Waits for `future`, but not longer than `limit`.
    fn timeout<F>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Send>> + Send
    where
        F: Future<Output: Send> + Send;

    /// Runs futures side by side and gives the sum of their numbers: with the library's own structure
    /// for children that belong together.
    fn group<I>(children: I) -> impl Future<Output = u64> + Send
    where
        I: Iterator<Item: Future<Output = u64> + Send + 'static> + Send;

    /// The same for so many futures that are not children of anything and yield once each: all their
    /// values at once, and the sum of these.
    fn gather(futures: u64) -> impl Future<Output = u64> + Send;
}
