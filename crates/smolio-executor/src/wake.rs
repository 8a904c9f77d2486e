//! How a wake reaches the loop: onto its queue when it comes from the loop's own thread, into its inbox otherwise.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::{inbox::Inbox, local::Local};

/// Where a task stands in the table of its loop.
///
/// The stamp tells apart tasks that had the same place one after the other: a wake that comes late finds nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) stamp: u32,
}

impl Key {
    /// The main future of the loop, which is not in the table.
    pub(crate) const MAIN: Self = Self {
        index: u32::MAX,
        stamp: 0,
    };

    fn to_bits(self) -> u64 {
        u64::from(self.index) << 32 | u64::from(self.stamp)
    }

    fn from_bits(bits: u64) -> Self {
        Self {
            index: (bits >> 32) as u32,
            stamp: bits as u32,
        }
    }
}

/// What other threads say to a loop.
pub(crate) enum Message {
    Wake(Key),
    /// A task that was spawned from another thread.
    Adopt(Arc<dyn crate::cell::Runnable>),
    /// Nothing in particular: look around.
    Look,
}

/// The part of a task that its wakers touch.
pub(crate) struct WakeTarget {
    inbox: Arc<Inbox<Message>>,
    key: AtomicU64,
    /// On the loop's queue. Only the loop's thread touches this: a plain load and store are enough.
    queued: AtomicBool,
    /// In the inbox. Other threads set it, the loop clears it when it reads the message.
    posted: AtomicBool,
}

impl WakeTarget {
    /// A task that is in its loop's table already.
    pub(crate) fn new(inbox: Arc<Inbox<Message>>, key: Key) -> Self {
        Self {
            inbox,
            key: AtomicU64::new(key.to_bits()),
            queued: AtomicBool::new(false),
            posted: AtomicBool::new(false),
        }
    }

    /// A task on its way to the loop, in a message: until it arrives, wakes find it posted and leave it at that.
    pub(crate) fn travelling(inbox: Arc<Inbox<Message>>) -> Self {
        let target = Self::new(inbox, Key::MAIN);
        target.posted.store(true, Ordering::Relaxed);
        target
    }

    /// The task has got its place. On the loop's thread, before [`received`](Self::received).
    pub(crate) fn settle(&self, key: Key) {
        self.key.store(key.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn key(&self) -> Key {
        Key::from_bits(self.key.load(Ordering::Relaxed))
    }

    pub(crate) fn wake(&self) {
        let at_home = Local::with_current(|local| {
            let ours = local.is_home_of(&self.inbox);
            if ours {
                self.enqueue(local);
            }
            ours
        });
        // The exchange is a release, so that what the waker's thread did is seen by the poll, and an acquire, so that the
        // place given by `settle` is seen here.
        if at_home != Some(true) && !self.posted.swap(true, Ordering::AcqRel) {
            // Refused by a loop that has closed: the task is gone, and nobody misses the wake.
            self.inbox.push(Message::Wake(self.key())).ok();
        }
    }

    /// Puts the task onto the queue, unless it is there.
    pub(crate) fn enqueue(&self, local: &Local) {
        if !self.queued.load(Ordering::Relaxed) {
            self.queued.store(true, Ordering::Relaxed);
            local.enqueue(self.key());
        }
    }

    /// The loop has taken the task off the queue.
    pub(crate) fn dequeued(&self) {
        self.queued.store(false, Ordering::Relaxed);
    }

    /// The loop has read the message: later wakes must send another.
    pub(crate) fn received(&self, local: &Local) {
        self.posted.swap(false, Ordering::AcqRel);
        self.enqueue(local);
    }
}
