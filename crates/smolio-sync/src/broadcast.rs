//! Each item, for all who listen.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use smolio_context::Resource;

use crate::{
    error::{
        BroadcastCapacityError, BroadcastRecvError, BroadcastSendError, BroadcastTryRecvError,
    },
    line::Line,
    place::{Place, Waited},
    shared::{Shared, set_name},
    wakes::Wakes,
};

/// Gives each item to each of its [receivers](BroadcastReceiver).
///
/// This is the side that sends; clones are handles to the same one. When the last of them is dropped, the receivers are
/// told, after the last item. The other side is what [`subscribe`](Self::subscribe) gives.
///
/// Sending never waits. For a receiver that is slow the items are kept, but not more of them than the capacity; those
/// before are dropped, and it is told how many it has missed. Where none may be missed, give each receiver a queue of
/// its own, with a bound that makes the sender wait.
///
/// An item is kept once, and receivers get an `Arc` of it.
///
/// # Who comes first
/// Each receiver gets the items in the order in which they were sent. All who wait are told of each item, in the order
/// in which they came.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_sync::{Broadcast, BroadcastRecvError};
///
/// let news = Broadcast::new(2).named("news");
/// let mut receiver = news.subscribe();
/// let reader = spawn(async move {
///     let (mut read, mut missed) = (Vec::new(), 0);
///     loop {
///         match receiver.recv().await {
///             Ok(item) => read.push(*item),
///             Err(BroadcastRecvError::Lagged(count)) => missed += count, // and goes on
///             Err(BroadcastRecvError::Closed) => return (read, missed),
///         }
///     }
/// });
/// for item in [1, 2, 3] {
///     news.send(item)?;
/// }
/// drop(news);
/// assert_eq!(reader.await, (vec![2, 3], 1));
/// # Ok::<(), smolio_sync::BroadcastSendError<i32>>(())
/// # }).unwrap();
/// ```
pub struct Broadcast<T>(Arc<Shared<BroadcastState<T>>>);

pub(crate) struct BroadcastState<T> {
    /// What somebody has still to read, the newest last.
    items: VecDeque<Item<T>>,
    /// The number of the first of them; or of the next to come.
    first: u64,
    capacity: usize,
    senders: usize,
    receivers: usize,
    line: Line<u64, ()>,
}

struct Item<T> {
    value: Arc<T>,
    /// How many receivers have not read it. Not less than of those before it: whoever reads, reads in order.
    unread: usize,
}

impl<T> BroadcastState<T> {
    /// The number of the next item.
    fn end(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// Adds an item, and gives the one for which there is no room any more.
    fn push(&mut self, value: Arc<T>) -> Option<Item<T>> {
        let full = self.items.len() == self.capacity;
        let oldest = if full { self.pop() } else { None };
        self.items.push_back(Item {
            value,
            unread: self.receivers,
        });
        oldest
    }

    fn pop(&mut self) -> Option<Item<T>> {
        let item = self.items.pop_front()?;
        self.first += 1;
        Some(item)
    }

    /// The item at `next`, which becomes the number of the one after it.
    fn read(&mut self, next: &mut u64) -> Result<Arc<T>, BroadcastTryRecvError> {
        if let Some(missed @ 1..) = self.first.checked_sub(*next) {
            *next = self.first;
            return Err(BroadcastTryRecvError::Lagged(missed));
        }
        let Some(item) = self.items.get_mut((*next - self.first) as usize) else {
            return Err(match self.senders {
                0 => BroadcastTryRecvError::Closed,
                _ => BroadcastTryRecvError::Empty,
            });
        };
        *next += 1;
        item.unread -= 1;
        let value = item.value.clone();
        // That one alone, if at all, and the reader has a clone: nothing is dropped under the lock.
        if self.items.front().is_some_and(|item| item.unread == 0) {
            self.pop();
        }
        Ok(value)
    }

    /// A receiver is gone that would have read from `next` on. Gives what nobody will read now.
    fn remove_receiver(&mut self, next: u64) -> Vec<Item<T>> {
        self.receivers -= 1;
        let read = next.saturating_sub(self.first) as usize;
        for item in self.items.iter_mut().skip(read) {
            item.unread -= 1;
        }
        let mut unwanted = Vec::new();
        while self.items.front().is_some_and(|item| item.unread == 0) {
            unwanted.extend(self.pop());
        }
        unwanted
    }

    fn stats(&self) -> BroadcastStats {
        BroadcastStats {
            items: self.items.len(),
            capacity: self.capacity,
            sent: self.end(),
            senders: self.senders,
            receivers: self.receivers,
            waiters: self.line.waiting(),
        }
    }
}

impl<T> Waited for BroadcastState<T> {
    /// The number of the item that is to be read next.
    type Want = u64;
    /// There is something to read.
    type Grant = ();

    const HAS_HOLDERS: bool = false;

    fn line(&mut self) -> &mut Line<u64, ()> {
        &mut self.line
    }

    fn attempt(&mut self, next: &u64, _: &mut Wakes) -> Option<()> {
        (*next < self.end() || self.senders == 0).then_some(())
    }

    // All others have been told the same.
    fn left(&mut self, _: Option<()>, _: &mut Wakes) {}
}

impl<T> Broadcast<T> {
    /// A broadcast that keeps so many items for those who are slow.
    ///
    /// # Panics
    /// If `capacity` is zero: everybody would miss everything. For a number that is not yours, use
    /// [`try_new`](Self::try_new).
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self::try_new(capacity).unwrap_or_else(|error| panic!("{error}"))
    }

    /// [`new`](Self::new) for a number from somewhere else, a configuration perhaps.
    ///
    /// # Errors
    /// [`BroadcastCapacityError`] if `capacity` is zero.
    pub fn try_new(capacity: usize) -> Result<Self, BroadcastCapacityError> {
        if capacity == 0 {
            return Err(BroadcastCapacityError::new());
        }
        let state = BroadcastState {
            items: VecDeque::new(),
            first: 0,
            capacity,
            senders: 1,
            receivers: 0,
            line: Line::default(),
        };
        let shared = Shared::new(Resource::new("Broadcast"), state);
        Ok(Self(Arc::new(shared)))
    }

    /// Gives the broadcast a name, for reports of who waits for what.
    ///
    /// # Panics
    /// If there is a clone or a receiver already.
    #[track_caller]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        set_name(&mut self.0, name.as_ref());
        self
    }

    /// Sends an item to all who are receivers now.
    ///
    /// # Errors
    /// [`BroadcastSendError`] with the item, if there is no receiver.
    pub fn send(&self, item: T) -> Result<(), BroadcastSendError<T>> {
        // What there is no room for is dropped when the lock is free.
        let _oldest = self.0.change(|state, wakes| {
            if state.receivers == 0 {
                return Err(BroadcastSendError::new(item));
            }
            state.line.grant_all(|| (), wakes);
            Ok(state.push(Arc::new(item)))
        })?;
        Ok(())
    }

    /// A receiver for what is sent from now on.
    pub fn subscribe(&self) -> BroadcastReceiver<T> {
        let next = self.0.change(|state, _| {
            state.receivers += 1;
            state.end()
        });
        BroadcastReceiver {
            shared: self.0.clone(),
            next,
        }
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> BroadcastStats {
        self.0.look(BroadcastState::stats)
    }
}

impl<T> Clone for Broadcast<T> {
    fn clone(&self) -> Self {
        self.0.change(|state, _| state.senders += 1);
        Self(self.0.clone())
    }
}

impl<T> Drop for Broadcast<T> {
    fn drop(&mut self) {
        self.0.change(|state, wakes| {
            state.senders -= 1;
            if state.senders == 0 {
                state.line.grant_all(|| (), wakes);
            }
        });
    }
}

impl<T> fmt::Debug for Broadcast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Broadcast", BroadcastState::stats, f)
    }
}

/// Gets each item of a [`Broadcast`] that is sent while it is there.
pub struct BroadcastReceiver<T> {
    shared: Arc<Shared<BroadcastState<T>>>,
    /// The number of the item that it reads next.
    next: u64,
}

impl<T> BroadcastReceiver<T> {
    /// Waits for the next item.
    ///
    /// # Errors
    /// [`BroadcastRecvError::Lagged`] if this receiver was too slow: it has missed so many, is told once, and gets the
    /// oldest that there is the next time. [`BroadcastRecvError::Closed`] if all has been received and nobody can send
    /// any more.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, nothing has been received; the next one gets the item.
    pub fn recv(&mut self) -> BroadcastRecv<'_, T> {
        BroadcastRecv {
            receiver: self,
            place: Place::default(),
        }
    }

    /// The next item, if there is one.
    ///
    /// # Errors
    /// [`BroadcastTryRecvError`]: as [`recv`](Self::recv), or there is none.
    pub fn try_recv(&mut self) -> Result<Arc<T>, BroadcastTryRecvError> {
        self.shared.change(|state, _| state.read(&mut self.next))
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> BroadcastStats {
        self.shared.look(BroadcastState::stats)
    }
}

impl<T> Drop for BroadcastReceiver<T> {
    fn drop(&mut self) {
        // What nobody wants any more is dropped when the lock is free.
        let _unwanted = self
            .shared
            .change(|state, _| state.remove_receiver(self.next));
    }
}

impl<T> fmt::Debug for BroadcastReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = "BroadcastReceiver";
        self.shared.fmt_as(name, BroadcastState::stats, f)
    }
}

/// The numbers of a [`Broadcast`] at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BroadcastStats {
    /// How many items some receiver has still to get.
    pub items: usize,
    /// How many there may be before the oldest are missed.
    pub capacity: usize,
    /// How many have ever been sent.
    pub sent: u64,
    /// How many handles there are that can send.
    pub senders: usize,
    /// How many receivers there are.
    pub receivers: usize,
    /// How many of them wait for an item.
    pub waiters: usize,
}

/// The future of [`BroadcastReceiver::recv`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct BroadcastRecv<'r, T> {
    receiver: &'r mut BroadcastReceiver<T>,
    place: Place,
}

impl<T> Future for BroadcastRecv<'_, T> {
    type Output = Result<Arc<T>, BroadcastRecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { receiver, place } = &mut *self;
        let next = receiver.next;
        ready!(place.poll(&receiver.shared, cx, || next));
        Poll::Ready(receiver.try_recv().map_err(|error| match error {
            BroadcastTryRecvError::Lagged(missed) => BroadcastRecvError::Lagged(missed),
            BroadcastTryRecvError::Closed => BroadcastRecvError::Closed,
            BroadcastTryRecvError::Empty => unreachable!("it was told that there is an item"),
        }))
    }
}

impl<T> Drop for BroadcastRecv<'_, T> {
    fn drop(&mut self) {
        self.place.leave(&self.receiver.shared);
    }
}

impl<T> fmt::Debug for BroadcastRecv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = "BroadcastRecv";
        self.receiver.shared.fmt_as(name, BroadcastState::stats, f)
    }
}
