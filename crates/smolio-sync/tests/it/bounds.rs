//! What is promised to the compiler.

use std::{cell::Cell, error::Error, marker::PhantomPinned, rc::Rc, sync::Arc};

use smolio_sync::{
    Acquire, AcquireLock, AcquireLockOwned, AcquireManyError, AcquireRead, AcquireReadOwned,
    AcquireToken, AcquireWrite, AcquireWriteOwned, Barrier, BarrierSizeError, BarrierWait,
    BorrowError, BoundedSemaphore, Broadcast, BroadcastCapacityError, BroadcastReceiver,
    BroadcastRecv, BroadcastRecvError, BroadcastSendError, BroadcastTryRecvError, BrokenBarrier,
    CapacityLimiter, CapacityToken, Changed, Condition, ConditionWait, Event, EventWait, Lock,
    LockGuard, LockStats, OwnedLockGuard, OwnedReadGuard, OwnedWriteGuard, Permit, ReadGuard,
    ReleaseError, RwLock, Semaphore, TryAcquireError, TryBorrowError, TryChangedError,
    TryLockError, TryReadError, TryWriteError, Watch, WatchClosed, WatchReceiver, WriteGuard,
    oneshot,
};

fn send_and_sync<T: Send + Sync + ?Sized>() {}
fn unpin<T: Unpin>() {}
fn error<T: Error + Send + Sync + 'static>() {}
fn send(_: impl Send + 'static) {}

/// A value that can be sent but not shared.
type Value = Cell<u32>;

#[test]
fn a_lock_can_be_shared_when_its_value_can_be_sent() {
    send_and_sync::<Lock<Value>>();
    send_and_sync::<Lock<dyn Fn() + Send>>();
    send_and_sync::<AcquireLock<'_, Value>>();
    send_and_sync::<AcquireLockOwned<Value>>();
    send_and_sync::<oneshot::Sender<Value>>();
    send_and_sync::<oneshot::Receiver<Value>>();
    send_and_sync::<oneshot::Closed<'_, Value>>();
}

#[test]
fn all_else_can_be_shared_when_its_value_can_be() {
    send_and_sync::<LockGuard<'_, u32>>();
    send_and_sync::<OwnedLockGuard<u32>>();
    send_and_sync::<RwLock<u32>>();
    send_and_sync::<ReadGuard<'_, u32>>();
    send_and_sync::<OwnedReadGuard<u32>>();
    send_and_sync::<WriteGuard<'_, u32>>();
    send_and_sync::<OwnedWriteGuard<u32>>();
    send_and_sync::<AcquireRead<'_, u32>>();
    send_and_sync::<AcquireReadOwned<u32>>();
    send_and_sync::<AcquireWrite<'_, u32>>();
    send_and_sync::<AcquireWriteOwned<u32>>();
    send_and_sync::<ConditionWait<'_, OwnedLockGuard<u32>>>();
    send_and_sync::<Watch<u32>>();
    send_and_sync::<WatchReceiver<u32>>();
    send_and_sync::<Changed<'_, u32>>();
    send_and_sync::<Broadcast<u32>>();
    send_and_sync::<BroadcastReceiver<u32>>();
    send_and_sync::<BroadcastRecv<'_, u32>>();
}

#[test]
fn what_holds_no_value_can_be_shared() {
    send_and_sync::<(Condition, Event, EventWait<'_>)>();
    send_and_sync::<(Semaphore, BoundedSemaphore, Permit, Acquire<'_>)>();
    send_and_sync::<(CapacityLimiter, CapacityToken, AcquireToken<'_>)>();
    send_and_sync::<(Barrier, BarrierWait<'_>, LockStats)>();
}

#[test]
fn async_code_that_uses_them_can_be_sent() {
    let lock = Arc::new(Lock::new(Cell::new(1)));
    send(async move {
        let condition = Condition::new();
        let guard = condition.wait(lock.lock().await).await;
        let guard = condition.wait_for(guard, |value| value.get() == 1).await;
        Event::new().wait().await;
        drop(guard);
        let guard = condition.wait(lock.lock_owned().await).await;
        guard.set(2);
    });
    let lock = RwLock::new(1);
    send(async move {
        let guard = lock.read().await;
        let permit = BoundedSemaphore::new(1).acquire_many(1).await;
        drop((guard, permit));
        *lock.write().await = 2;
        let token = CapacityLimiter::new(1).acquire_on_behalf_of("a").await;
        Barrier::new(1).wait().await.ok();
        drop(token);
    });
    let (watch, broadcast) = (Watch::new(1), Broadcast::<u32>::new(1));
    send(async move {
        watch.subscribe().changed().await.ok();
        watch.subscribe().wait_for(|_| true).await.ok();
        broadcast.subscribe().recv().await.ok();
        let (mut sender, receiver) = oneshot::channel::<Value>();
        sender.closed().await;
        receiver.await.ok();
    });
}

#[test]
fn no_future_needs_pinning() {
    type Pinned = PhantomPinned;
    unpin::<AcquireLock<'_, Pinned>>();
    unpin::<AcquireLockOwned<Pinned>>();
    unpin::<AcquireRead<'_, Pinned>>();
    unpin::<AcquireReadOwned<Pinned>>();
    unpin::<AcquireWrite<'_, Pinned>>();
    unpin::<AcquireWriteOwned<Pinned>>();
    unpin::<ConditionWait<'_, LockGuard<'_, Pinned>>>();
    unpin::<(
        Acquire<'_>,
        AcquireToken<'_>,
        EventWait<'_>,
        BarrierWait<'_>,
    )>();
    unpin::<Changed<'_, Pinned>>();
    unpin::<BroadcastRecv<'_, Pinned>>();
    unpin::<oneshot::Receiver<Pinned>>();
    unpin::<oneshot::Closed<'_, Pinned>>();
}

#[test]
fn errors_go_where_errors_go() {
    error::<TryLockError>();
    error::<TryReadError>();
    error::<TryWriteError>();
    error::<TryAcquireError>();
    error::<AcquireManyError>();
    error::<ReleaseError>();
    error::<BorrowError>();
    error::<TryBorrowError>();
    error::<BarrierSizeError>();
    error::<BrokenBarrier>();
    error::<WatchClosed>();
    error::<TryChangedError>();
    error::<BroadcastCapacityError>();
    error::<BroadcastSendError<String>>();
    error::<BroadcastRecvError>();
    error::<BroadcastTryRecvError>();
    error::<oneshot::SendError<String>>();
    error::<oneshot::RecvError>();
    error::<oneshot::TryRecvError>();
}

#[test]
fn question_marks_go_into_anyhow() {
    async fn all() -> anyhow::Result<()> {
        drop(Lock::new(()).try_lock()?);
        drop(RwLock::new(()).try_read()?);
        drop(RwLock::new(()).try_write()?);
        drop(Semaphore::new(1).try_acquire()?);
        let bounded = BoundedSemaphore::new(1);
        bounded.acquire_many(1).await?.forget();
        bounded.release()?;
        drop(CapacityLimiter::new(1).acquire().await?);
        drop(CapacityLimiter::new(1).try_acquire()?);
        Barrier::try_new(1)?.wait().await?;
        let watch = Watch::new(0);
        let mut receiver = watch.subscribe();
        watch.set(1);
        receiver.changed().await?;
        watch.set(2);
        receiver.try_changed()?;
        let broadcast = Broadcast::try_new(1)?;
        let mut receiver = broadcast.subscribe();
        let sent = broadcast.send(Rc::new(1));
        sent.map_err(BroadcastSendError::without_item)?;
        receiver.recv().await?;
        let (sender, mut receiver) = oneshot::channel();
        let sent = sender.send(Rc::new(1));
        sent.map_err(oneshot::SendError::without_value)?;
        receiver.try_recv()?;
        Broadcast::<u32>::try_new(0)?;
        Ok(())
    }
    let error = futures_lite::future::block_on(all()).unwrap_err();
    assert!(error.is::<BroadcastCapacityError>());
}

#[test]
fn futures_stay_small() {
    assert!(size_of::<AcquireLock<'_, String>>() <= 24);
    assert!(size_of::<Acquire<'_>>() <= 32);
    assert!(size_of::<EventWait<'_>>() <= 24);
    assert!(size_of::<LockGuard<'_, String>>() <= 16);
}
