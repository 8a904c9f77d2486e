//! Ours: a `Runner` with one worker or two.

use std::time::Duration;

use smolio::queue::Producer;
use smolio::{PriorityQueue, Queue, Runner, TaskGroup};
use smolio_sync::{Lock, Semaphore};

use super::{Library, Workers};

pub(crate) struct Ours;

impl Library for Ours {
    type Task<T: Send + 'static> = smolio::Task<T>;
    type Stream = async_net::TcpStream;
    type Sender = Producer<u64>;
    type UnboundedSender = Producer<u64>;
    type PriorityQueue = PriorityQueue<u64>;
    type Lock = Lock<u64>;
    type Semaphore = Semaphore;

    fn channel(capacity: usize) -> (Producer<u64>, Queue<u64>) {
        let queue = Queue::bounded(capacity);
        (queue.producer(), queue)
    }

    fn unbounded() -> (Producer<u64>, Queue<u64>) {
        let queue = Queue::unbounded();
        (queue.producer(), queue)
    }

    fn run<F>(workers: Workers, main: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runner = |workers| {
            Runner::builder()
                .workers(workers)
                .build()
                .expect("the loop starts")
        };
        match workers {
            Workers::One => runner(1).run(main),
            Workers::Two => runner(2).run(async { smolio::spawn(main).await }),
        }
    }

    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        smolio::spawn(future)
    }

    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        smolio::spawn(future).detach();
    }

    fn to_thread<F, T>(function: F) -> impl Future<Output = T> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        smolio::to_thread(function)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smolio::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send {
        smolio::sleep(duration)
    }

    fn timeout<F>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Send>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        smolio::timeout(limit, future)
    }

    async fn group<I>(children: I) -> u64
    where
        I: Iterator<Item: Future<Output = u64> + Send + 'static> + Send,
    {
        let group = TaskGroup::infallible();
        let sum = group.run_value(async {
            let handles: Vec<_> = children.map(|child| group.spawn_value(child)).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await;
            }
            sum
        });
        sum.await.expect("nobody cancels the group")
    }

    async fn gather(futures: u64) -> u64 {
        let yield_once = |number| async move {
            smolio::yield_now().await;
            number
        };
        smolio::gather((0..futures).map(yield_once))
            .await
            .into_iter()
            .sum()
    }
}
