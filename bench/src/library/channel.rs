//! A channel with several senders and one receiver, as the queue rows need it: each library's own, used as its
//! documentation would have it.

/// Sends, and keeps the channel open.
pub(crate) trait Sender: Clone + Send + 'static {
    /// The other end.
    type Receiver: Receiver;

    /// Waits while the channel is full, if it can be.
    fn send(&self, item: u64) -> impl Future<Output = ()> + Send;

    /// Sends as many numbers from `first` on, by the best means there are for many.
    fn send_many(&self, first: u64, count: usize) -> impl Future<Output = ()> + Send;
}

/// Receives until there are no senders left.
pub(crate) trait Receiver: Send + 'static {
    /// The next item, or the end.
    fn receive(&mut self) -> impl Future<Output = Option<u64>> + Send;

    /// Waits for an item and takes all there are, `most` of them at most; none at the end. What was in `items` before is
    /// dropped.
    fn receive_many(
        &mut self,
        items: &mut Vec<u64>,
        most: usize,
    ) -> impl Future<Output = ()> + Send;
}

/// Ours: a queue, and its producers. The same type with a bound and without.
impl Sender for smolio::queue::Producer<u64> {
    type Receiver = smolio::Queue<u64>;

    async fn send(&self, item: u64) {
        self.put(item).await.expect("the queue is open");
    }

    async fn send_many(&self, first: u64, count: usize) {
        let items = first..first + count as u64;
        self.put_all(items).await.expect("the queue is open");
    }
}

impl Receiver for smolio::Queue<u64> {
    async fn receive(&mut self) -> Option<u64> {
        self.next().await
    }

    async fn receive_many(&mut self, items: &mut Vec<u64>, most: usize) {
        *items = self.get_many(most).await.unwrap_or_default();
    }
}

/// tokio: `mpsc`, the one of its channels that has several senders, a capacity, and each item once.
impl Sender for tokio::sync::mpsc::Sender<u64> {
    type Receiver = tokio::sync::mpsc::Receiver<u64>;

    async fn send(&self, item: u64) {
        self.send(item).await.expect("the receiver lives");
    }

    /// `reserve_many` is what tokio has for it: one visit to the semaphore for all of them.
    async fn send_many(&self, first: u64, count: usize) {
        let permits = self.reserve_many(count).await.expect("the receiver lives");
        for (item, permit) in (first..).zip(permits) {
            permit.send(item);
        }
    }
}

impl Receiver for tokio::sync::mpsc::Receiver<u64> {
    async fn receive(&mut self) -> Option<u64> {
        self.recv().await
    }

    /// Into the same buffer each time, as it is meant to be used.
    async fn receive_many(&mut self, items: &mut Vec<u64>, most: usize) {
        items.clear();
        self.recv_many(items, most).await;
    }
}

/// tokio's channel without a bound: a type of its own, which never waits to send.
impl Sender for tokio::sync::mpsc::UnboundedSender<u64> {
    type Receiver = tokio::sync::mpsc::UnboundedReceiver<u64>;

    async fn send(&self, item: u64) {
        self.send(item).expect("the receiver lives");
    }

    /// It has nothing for many at once: there is no semaphore to visit.
    async fn send_many(&self, first: u64, count: usize) {
        for item in first..first + count as u64 {
            self.send(item).expect("the receiver lives");
        }
    }
}

impl Receiver for tokio::sync::mpsc::UnboundedReceiver<u64> {
    async fn receive(&mut self) -> Option<u64> {
        self.recv().await
    }

    async fn receive_many(&mut self, items: &mut Vec<u64>, most: usize) {
        items.clear();
        self.recv_many(items, most).await;
    }
}

/// smol: `async-channel`, which it re-exports. It has nothing for many, so they are sent one by one, and taken as long as
/// there are more without a wait.
impl Sender for smol::channel::Sender<u64> {
    type Receiver = smol::channel::Receiver<u64>;

    async fn send(&self, item: u64) {
        self.send(item).await.expect("the receiver lives");
    }

    async fn send_many(&self, first: u64, count: usize) {
        for item in first..first + count as u64 {
            self.send(item).await.expect("the receiver lives");
        }
    }
}

impl Receiver for smol::channel::Receiver<u64> {
    async fn receive(&mut self) -> Option<u64> {
        self.recv().await.ok()
    }

    async fn receive_many(&mut self, items: &mut Vec<u64>, most: usize) {
        items.clear();
        items.extend(self.recv().await);
        while items.len() < most {
            let Ok(item) = self.try_recv() else { break };
            items.push(item);
        }
    }
}
