//! Locks and their relatives: the nouns that asyncio has not, and the guards, errors, numbers and futures of all of them.
//!
//! | noun | what it is for |
//! |---|---|
//! | [`Lock`](crate::Lock) | one at a time, with the value inside |
//! | [`RwLock`] | many who read, or one who writes |
//! | [`Event`](crate::Event) | a flag to wait for |
//! | [`Condition`](crate::Condition) | wait until something is true of what a lock protects |
//! | [`Semaphore`](crate::Semaphore), [`BoundedSemaphore`](crate::BoundedSemaphore) | so many at a time |
//! | [`CapacityLimiter`](crate::CapacityLimiter) | so many at a time, each once, and the number can change |
//! | [`Barrier`](crate::Barrier) | go on together |
//! | [`oneshot`] | one value, once: asyncio's `Future` |
//! | [`Watch`] | the latest of a value |
//! | [`Broadcast`] | each item for each who listens |

pub use smolio_sync::{
    Acquire, AcquireLock, AcquireLockOwned, AcquireManyError, AcquireRead, AcquireReadOwned,
    AcquireToken, AcquireWrite, AcquireWriteOwned, BarrierSizeError, BarrierStats, BarrierWait,
    BorrowError, Broadcast, BroadcastCapacityError, BroadcastReceiver, BroadcastRecv,
    BroadcastRecvError, BroadcastSendError, BroadcastStats, BroadcastTryRecvError, BrokenBarrier,
    CapacityLimiterStats, CapacityToken, Changed, ConditionStats, ConditionWait, EventStats,
    EventWait, HeldLock, LockGuard, LockStats, OwnedLockGuard, OwnedReadGuard, OwnedWriteGuard,
    Permit, ReadGuard, ReleaseError, RwLock, RwLockStats, SemaphoreStats, TryAcquireError,
    TryBorrowError, TryChangedError, TryLockError, TryReadError, TryWriteError, Watch, WatchClosed,
    WatchReceiver, WatchStats, WriteGuard, oneshot,
};
