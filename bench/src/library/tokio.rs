//! tokio: the current-thread runtime for one thread, the multi-thread one with two workers for two.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Builder;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};

use super::priority::HeapWithNotify;
use super::{Library, Workers};

pub(crate) struct Tokio;

/// A `JoinHandle` whose panic resumes in the one who awaits, as with the other two.
pub(crate) struct Joined<T>(pub(super) JoinHandle<T>);

impl<T> Future for Joined<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|result| result.expect("no task of a row is aborted or panics"))
    }
}

impl Library for Tokio {
    type Task<T: Send + 'static> = Joined<T>;
    type Stream = tokio::net::TcpStream;
    type Sender = mpsc::Sender<u64>;
    type UnboundedSender = mpsc::UnboundedSender<u64>;
    type PriorityQueue = HeapWithNotify;
    type Lock = Mutex<u64>;
    type Semaphore = Semaphore;

    fn channel(capacity: usize) -> (mpsc::Sender<u64>, mpsc::Receiver<u64>) {
        mpsc::channel(capacity)
    }

    fn unbounded() -> (mpsc::UnboundedSender<u64>, mpsc::UnboundedReceiver<u64>) {
        mpsc::unbounded_channel()
    }

    fn run<F>(workers: Workers, main: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match workers {
            Workers::One => {
                let runtime = Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("the runtime starts");
                runtime.block_on(main)
            }
            Workers::Two => {
                let runtime = Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build()
                    .expect("the runtime starts");
                runtime.block_on(async { Self::spawn(main).await })
            }
        }
    }

    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Joined(tokio::spawn(future))
    }

    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(future);
    }

    fn to_thread<F, T>(function: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Joined(tokio::task::spawn_blocking(function))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        tokio::time::sleep(duration)
    }

    fn timeout<F>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Send>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        tokio::time::timeout(limit, future)
    }

    /// Its structure for tasks that belong together. Values come in the order in which they are there: to keep
    /// handles beside it would be more work than the set itself asks for.
    async fn group<I>(children: I) -> u64
    where
        I: Iterator<Item: Future<Output = u64> + Send + 'static> + Send,
    {
        let mut set: JoinSet<_> = children.collect();
        let mut sum = 0;
        while let Some(number) = set.join_next().await {
            sum += number.expect("no child is aborted or panics");
        }
        sum
    }

    /// Its futures are spawned: those of a plain `join_all` are futures-util's affair, and the peer of
    /// the column of smol.
    async fn gather(futures: u64) -> u64 {
        let spawn_one = |number| {
            Self::spawn(async move {
                tokio::task::yield_now().await;
                number
            })
        };
        join_all((0..futures).map(spawn_one))
            .await
            .into_iter()
            .sum()
    }
}
