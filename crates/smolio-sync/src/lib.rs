//! asyncio's locks and their relatives: what tasks wait for that is neither time nor an item.
//!
//! The nouns are the [`Lock`], which holds what it protects, the [`Event`] and the [`Semaphore`]. All of them work under
//! any executor and between threads.
//!
//! ```
//! # smolio_executor::run(async {
//! use smolio_executor::spawn;
//! use smolio_sync::{Event, Lock, Semaphore};
//! use std::sync::Arc;
//!
//! let total = Arc::new(Lock::new(0));
//! let (permits, start) = (Semaphore::new(2), Event::new());
//! let tasks: Vec<_> = (0..10)
//!     .map(|number| {
//!         let (total, permits, start) = (total.clone(), permits.clone(), start.clone());
//!         spawn(async move {
//!             start.wait().await;
//!             let _permit = permits.acquire().await; // two at a time
//!             *total.lock().await += number;
//!         })
//!     })
//!     .collect();
//! start.set();
//! for task in tasks {
//!     task.await;
//! }
//! assert_eq!(*total.lock().await, 45);
//! # });
//! ```
//!
//! | noun | what it is for | whose it is |
//! |---|---|---|
//! | [`Lock`] | one at a time, with the value inside | asyncio |
//! | [`RwLock`] | many who read, or one who writes | std, tokio |
//! | [`Event`] | a flag to wait for | asyncio |
//! | [`Condition`] | wait until something is true of what a lock protects | asyncio |
//! | [`Semaphore`], [`BoundedSemaphore`] | so many at a time | asyncio |
//! | [`CapacityLimiter`] | so many at a time, each once, and the number can change | trio |
//! | [`Barrier`] | go on together | asyncio |
//! | [`oneshot`] | one value, once | asyncio's `Future` |
//! | [`Watch`] | the latest of a value | tokio |
//! | [`Broadcast`] | each item for each who listens | tokio |
//!
//! # Who comes first
//! First in, first out, in all of them. A lock, a permit and a token are *handed over*: whoever gives one up gives it to
//! the first who waits, and nobody can come in between. A future that is dropped while it waits gives up its place, and
//! what it has been given already goes to the next; so none is lost, and no wake-up either.
//!
//! A task that releases a lock and asks for it again at once, while others wait, gets it after them. That is fair, and
//! costs a change of tasks each time: hold a lock once for work that belongs together.
//!
//! # When not to use this
//! Where a lock is never held over an `.await`, and that is most often so, use `std::sync::Mutex`. For items that one of
//! several is to get, a queue. For a limit on children of a group or on threads, those have their own. On many cores
//! that all want the same lock for a moment, handing it over makes each wait until the next has woken up; a lock that is
//! not fair is faster there, such as async-lock's. Programs use the facade `smolio`, which re-exports all of this.

#![forbid(unsafe_code)]

mod lock;
mod lock_guard;
mod read_write;
mod read_write_guard;

mod condition;
mod event;

mod bounded_semaphore;
mod permit;
mod semaphore;

mod barrier;
mod capacity_limiter;

mod broadcast;
pub mod oneshot;
mod watch;

mod error;
mod oneshot_error;

mod acquire_access;
mod acquire_lock;

mod borrowers;
mod permits;

mod line;
mod place;
mod shared;
mod waiter;
mod wakes;

pub use acquire_access::{AcquireRead, AcquireReadOwned, AcquireWrite, AcquireWriteOwned};
pub use acquire_lock::{AcquireLock, AcquireLockOwned};
pub use barrier::{Barrier, BarrierStats, BarrierWait};
pub use bounded_semaphore::BoundedSemaphore;
pub use broadcast::{Broadcast, BroadcastReceiver, BroadcastRecv, BroadcastStats};
pub use capacity_limiter::{AcquireToken, CapacityLimiter, CapacityLimiterStats, CapacityToken};
pub use condition::{Condition, ConditionStats, ConditionWait};
pub use error::{
    AcquireManyError, BarrierSizeError, BorrowError, BroadcastCapacityError, BroadcastRecvError,
    BroadcastSendError, BroadcastTryRecvError, BrokenBarrier, ReleaseError, TryAcquireError,
    TryBorrowError, TryChangedError, TryLockError, TryReadError, TryWriteError, WatchClosed,
};
pub use event::{Event, EventStats, EventWait};
pub use lock::{Lock, LockStats};
pub use lock_guard::{HeldLock, LockGuard, OwnedLockGuard};
pub use permit::{Acquire, Permit};
pub use read_write::{RwLock, RwLockStats};
pub use read_write_guard::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard};
pub use semaphore::{Semaphore, SemaphoreStats};
pub use watch::{Changed, Watch, WatchReceiver, WatchStats};
