//! What is promised to the compiler.

use std::{cell::Cell, error::Error, marker::PhantomPinned, rc::Rc};

use smolio_queue::{
    CapacityError, Get, GetError, GetJob, GetMany, Job, Join, LifoQueue, Next, PriorityQueue,
    Producer, Put, PutAll, PutAllError, PutError, Queue, QueueStats, TaskDoneError, TryGetError,
    TryPutError,
};

fn send_and_sync<T: Send + Sync>() {}
fn unpin<T: Unpin>() {}
fn error<T: Error + Send + Sync + 'static>() {}
fn an_error<T: Error>() {}
fn send(_: impl Send + 'static) {}

/// An item that can be sent but not shared.
type Item = Cell<u32>;

#[test]
fn all_can_be_sent_and_shared_when_the_items_can_be_sent() {
    send_and_sync::<Queue<Item>>();
    send_and_sync::<LifoQueue<Item>>();
    send_and_sync::<PriorityQueue<Item>>();
    send_and_sync::<Producer<Item>>();
    send_and_sync::<Get<'_, Item>>();
    send_and_sync::<Next<'_, Item>>();
    send_and_sync::<GetJob<'_, Item>>();
    send_and_sync::<Join<'_, Item>>();
    send_and_sync::<Put<'_, u32>>();
    send_and_sync::<PutAll<'_, u32>>();
    send_and_sync::<GetMany<'_, u32>>();
    send_and_sync::<Job<u32>>();
    send_and_sync::<QueueStats>();
}

#[test]
fn async_code_that_uses_them_can_be_sent() {
    let queue = Queue::<Item>::bounded(1);
    send(async move {
        queue.put(Cell::new(1)).await.ok();
        queue.put_all([Cell::new(1)]).await.ok();
        queue.get().await.ok();
        queue.next().await;
        queue.get_many(2).await.ok();
        let job = queue.get_job().await;
        queue.join().await;
        drop(job);
    });
}

#[test]
fn no_future_needs_pinning() {
    struct Pinned(PhantomPinned);
    unpin::<Queue<Pinned>>();
    unpin::<Put<'_, Pinned>>();
    unpin::<PutAll<'_, Pinned>>();
    unpin::<Get<'_, Pinned>>();
    unpin::<Next<'_, Pinned>>();
    unpin::<GetMany<'_, Pinned>>();
    unpin::<GetJob<'_, Pinned>>();
    unpin::<Join<'_, Pinned>>();
}

#[test]
fn errors_go_where_errors_go() {
    error::<PutError<String>>();
    error::<TryPutError<String>>();
    error::<PutAllError<String>>();
    error::<GetError>();
    error::<TryGetError>();
    error::<TaskDoneError>();
    error::<CapacityError>();
    // Whatever the item is.
    an_error::<PutError<Rc<()>>>();
    error::<PutError<()>>();
}

#[test]
fn question_marks_go_into_anyhow() {
    async fn all(queue: &Queue<Rc<u32>>) -> anyhow::Result<()> {
        queue
            .put(Rc::new(1))
            .await
            .map_err(PutError::without_item)?;
        queue
            .try_put(Rc::new(1))
            .map_err(TryPutError::without_item)?;
        let batch = queue.put_all([Rc::new(1)]).await;
        batch.map_err(PutAllError::without_items)?;
        queue.get().await?;
        queue.try_get()?;
        queue.task_done()?;
        Queue::<u32>::try_bounded(0)?;
        Ok(())
    }
    let error = futures_lite::future::block_on(all(&Queue::unbounded())).unwrap_err();
    assert!(error.is::<CapacityError>());
}

#[test]
fn futures_stay_small() {
    assert!(size_of::<Get<'_, String>>() <= 24);
    assert!(size_of::<Put<'_, String>>() <= 24 + size_of::<String>());
    assert!(size_of::<Queue<String>>() <= 24);
}
