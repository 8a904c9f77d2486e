//! Queues between tasks: bounded or not, waited for until all is done, shut down in good order.
//!
//! The nouns are the [`Queue`] (first in, first out), the [`LifoQueue`] (last in, first out) and the [`PriorityQueue`]
//! (smallest first). They are asyncio's, and of Python 3.13 in how they shut down. All of them work under any executor and
//! between threads.
//!
//! ```
//! # smolio_executor::run(async {
//! use smolio_executor::spawn;
//! use smolio_queue::Queue;
//!
//! let queue = Queue::bounded(100);
//! let workers: Vec<_> = (0..3)
//!     .map(|_| {
//!         let queue = queue.clone();
//!         spawn(async move {
//!             let mut sum = 0;
//!             while let Some(number) = queue.next().await {
//!                 sum += number;
//!             }
//!             sum
//!         })
//!     })
//!     .collect();
//!
//! let producer = queue.producer(); // the queue ends with the last of these
//! for number in 0..10 {
//!     producer.put(number).await?;
//! }
//! drop(producer);
//!
//! let mut sum = 0;
//! for worker in workers {
//!     sum += worker.await;
//! }
//! assert_eq!(sum, 45);
//! # Ok::<(), smolio_queue::PutError<i32>>(())
//! # }).unwrap();
//! ```
//!
//! A put that is refused gives its item back. A put that is cancelled has not happened, and a get that is cancelled has
//! taken nothing; a wake-up that was on its way to it goes to the next who waits.
//!
//! # When not to use this
//! One value, once: that is a task's own, or a oneshot's. The latest of a value, or each value for every listener: that is
//! a watch and a broadcast, not a queue. Between two threads without any task a channel of the standard library is
//! simpler. On many cores, all of them at the one queue with next to nothing to do for each item, its one lock is what
//! they wait for: move items in batches, with [`put_all`](Queue::put_all) and [`get_many`](Queue::get_many), or use a
//! channel without a lock. Programs use the facade `smolio`, which re-exports all of this.

#![forbid(unsafe_code)]

mod kinds;
mod queue;

mod get;
mod job;
mod join;
mod producer;
mod put;

mod error;
mod stats;

mod heap;
mod items;
mod state;

mod line;
mod place;
mod shared;
mod waiter;
mod wakes;

pub use error::{
    CapacityError, GetError, PutAllError, PutError, TaskDoneError, TryGetError, TryPutError,
};
pub use get::{Get, GetJob, GetMany, Next};
pub use job::Job;
pub use join::Join;
pub use kinds::{LifoQueue, PriorityQueue};
pub use producer::Producer;
pub use put::{Put, PutAll};
pub use queue::Queue;
pub use stats::QueueStats;
