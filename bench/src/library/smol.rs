//! Plain smol: a `LocalExecutor` for one thread, an `Executor` run by two threads for two, each
//! under `smol::block_on`. Where other threads spawn, one thread needs an `Executor` too.
//!
//! The global executor of `smol::spawn` is left out: its threads are started behind the scenes and
//! take their number from the environment, and the thread in `block_on` would come on top of them.

use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use smol::lock::{Mutex, Semaphore};
use smol::{Executor, LocalExecutor, Timer, channel};

use super::priority::HeapWithEvent;
use super::{Library, Workers};

thread_local! {
    static LOCAL: LocalExecutor<'static> = const { LocalExecutor::new() };
}

pub(super) static SHARED: Executor<'static> = Executor::new();

pub(crate) struct SmolLocal;

/// With as many threads as it is asked for.
pub(crate) struct SmolShared;

impl Library for SmolLocal {
    type Task<T: Send + 'static> = smol::Task<T>;
    type Stream = smol::net::TcpStream;
    type Sender = channel::Sender<u64>;
    type UnboundedSender = channel::Sender<u64>;
    type PriorityQueue = HeapWithEvent;
    type Lock = Mutex<u64>;
    type Semaphore = Semaphore;

    fn channel(capacity: usize) -> (channel::Sender<u64>, channel::Receiver<u64>) {
        channel::bounded(capacity)
    }

    fn unbounded() -> (channel::Sender<u64>, channel::Receiver<u64>) {
        channel::unbounded()
    }

    fn run<F>(workers: Workers, main: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        assert_eq!(workers, Workers::One, "a local executor has one thread");
        LOCAL.with(|executor| smol::block_on(executor.run(main)))
    }

    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        LOCAL.with(|executor| executor.spawn(future))
    }

    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::spawn(future).detach();
    }

    fn to_thread<F, T>(function: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        smol::unblock(function)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        Timer::after(duration)
    }

    fn timeout<F>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Send>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        timeout(limit, future)
    }

    fn group<I>(children: I) -> impl Future<Output = u64> + Send
    where
        I: Iterator<Item: Future<Output = u64> + Send + 'static> + Send,
    {
        group(children)
    }

    fn gather(futures: u64) -> impl Future<Output = u64> + Send {
        gather(futures)
    }
}

impl Library for SmolShared {
    type Task<T: Send + 'static> = smol::Task<T>;
    type Stream = smol::net::TcpStream;
    type Sender = channel::Sender<u64>;
    type UnboundedSender = channel::Sender<u64>;
    type PriorityQueue = HeapWithEvent;
    type Lock = Mutex<u64>;
    type Semaphore = Semaphore;

    fn channel(capacity: usize) -> (channel::Sender<u64>, channel::Receiver<u64>) {
        channel::bounded(capacity)
    }

    fn unbounded() -> (channel::Sender<u64>, channel::Receiver<u64>) {
        channel::unbounded()
    }

    fn run<F>(workers: Workers, main: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Never joined: the process ends with the measurement, and until then the threads have tasks
        // to wait for.
        for _ in 1..workers.count() {
            thread::spawn(|| smol::block_on(SHARED.run(smol::future::pending::<()>())));
        }
        smol::block_on(SHARED.run(SHARED.spawn(main)))
    }

    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        SHARED.spawn(future)
    }

    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::spawn(future).detach();
    }

    fn to_thread<F, T>(function: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        smol::unblock(function)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        Timer::after(duration)
    }

    fn timeout<F>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Send>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        timeout(limit, future)
    }

    fn group<I>(children: I) -> impl Future<Output = u64> + Send
    where
        I: Iterator<Item: Future<Output = u64> + Send + 'static> + Send,
    {
        group(children)
    }

    fn gather(futures: u64) -> impl Future<Output = u64> + Send {
        gather(futures)
    }
}

/// The time was up.
struct Elapsed;

/// smol has no timeout of its own: this is the one that its documentation shows.
async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let in_time = async { Ok(future.await) };
    let too_late = async {
        Timer::after(limit).await;
        Err(Elapsed)
    };
    smol::future::or(in_time, too_late).await
}

/// smol has no structure for children: its users take the set of futures-util, whose members are
/// no tasks and run where it is polled, as ours do.
async fn group(children: impl Iterator<Item: Future<Output = u64>>) -> u64 {
    let set: FuturesUnordered<_> = children.collect();
    set.fold(0, async |sum, number| sum + number).await
}

/// What smol's users take for this: futures-util again.
async fn gather(futures: u64) -> u64 {
    let yield_once = |number| async move {
        smol::future::yield_now().await;
        number
    };
    join_all((0..futures).map(yield_once))
        .await
        .into_iter()
        .sum()
}
