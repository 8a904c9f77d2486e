//! A queue that gives its smallest item first. The peers have none, so theirs are what their users build: a heap under a
//! lock of the standard library, which nobody holds over an await, and the library's own means to wake who waits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex};

use event_listener::Event;
use tokio::sync::Notify;

/// Without a bound, for one that gets.
pub(crate) trait PriorityQueue: Clone + Send + Sync + 'static {
    fn new() -> Self;

    fn put(&self, item: u64) -> impl Future<Output = ()> + Send;

    /// Waits while there is none.
    fn get(&self) -> impl Future<Output = u64> + Send;
}

impl PriorityQueue for smolio::PriorityQueue<u64> {
    fn new() -> Self {
        Self::unbounded()
    }

    async fn put(&self, item: u64) {
        self.put(item).await.expect("the queue is open");
    }

    async fn get(&self) -> u64 {
        self.get().await.expect("the queue is open")
    }
}

/// The heap of both peers.
#[derive(Default)]
struct Heap(Mutex<BinaryHeap<Reverse<u64>>>);

impl Heap {
    fn push(&self, item: u64) {
        let mut heap = self.0.lock().expect("nobody panics with it");
        heap.push(Reverse(item));
    }

    fn pop(&self) -> Option<u64> {
        let mut heap = self.0.lock().expect("nobody panics with it");
        heap.pop().map(|Reverse(item)| item)
    }
}

/// tokio: its `Notify` keeps one permit for who comes too late, which is all that one consumer needs.
#[derive(Clone, Default)]
pub(crate) struct HeapWithNotify(Arc<(Heap, Notify)>);

impl PriorityQueue for HeapWithNotify {
    fn new() -> Self {
        Self::default()
    }

    async fn put(&self, item: u64) {
        let (heap, notify) = &*self.0;
        heap.push(item);
        notify.notify_one();
    }

    async fn get(&self) -> u64 {
        let (heap, notify) = &*self.0;
        loop {
            if let Some(item) = heap.pop() {
                return item;
            }
            notify.notified().await;
        }
    }
}

/// smol: the `Event` of event-listener, on which its own locks and channels are built. It keeps nothing for who comes too
/// late, so one looks again after having started to listen.
#[derive(Clone, Default)]
pub(crate) struct HeapWithEvent(Arc<(Heap, Event)>);

impl PriorityQueue for HeapWithEvent {
    fn new() -> Self {
        Self::default()
    }

    async fn put(&self, item: u64) {
        let (heap, event) = &*self.0;
        heap.push(item);
        event.notify(1);
    }

    async fn get(&self) -> u64 {
        let (heap, event) = &*self.0;
        loop {
            if let Some(item) = heap.pop() {
                return item;
            }
            let listener = event.listen();
            if let Some(item) = heap.pop() {
                return item;
            }
            listener.await;
        }
    }
}
