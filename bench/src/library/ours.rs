//! Ours: a `Runner` with one worker or two.

use std::time::Duration;

use smolio::queue::Producer;
use smolio::{Queue, Runner, TaskGroup};

use super::{Library, Workers};

pub(crate) struct Ours;

impl Library for Ours {
    type Task<T: Send + 'static> = smolio::Task<T>;
    type Stream = async_net::TcpStream;
    type Sender = Producer<u64>;

    fn channel(capacity: usize) -> (Producer<u64>, Queue<u64>) {
        let queue = Queue::bounded(capacity);
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

    async fn group(children: u64) -> u64 {
        let group = TaskGroup::infallible();
        let sum = group.run_value(async {
            let spawn_one = |number| {
                group.spawn_value(async move {
                    smolio::yield_now().await;
                    number
                })
            };
            let handles: Vec<_> = (0..children).map(spawn_one).collect();
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
