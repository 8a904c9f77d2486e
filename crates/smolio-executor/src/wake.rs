//! How a wake reaches the loop: onto its queue when it comes from the loop's own thread, into its inbox otherwise.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::{cell::Runnable, local::Local, loops::LoopId};

/// What a task is to its loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Ends when it ends, and is cancelled when the loop closes.
    Task,
    /// Goes on while the loop closes, until the grace period ends. Not listed.
    CleanUp,
    /// The loop's own business, for as long as it turns. Not listed.
    Internal,
}

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

    /// A task that has no place yet.
    const NONE: Self = Self {
        index: u32::MAX,
        stamp: 1,
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
    Adopt(Arc<dyn Runnable>),
    /// Nothing in particular: look around.
    Look,
}

/// The part of a task that its wakers touch.
///
/// A wake is remembered in one of two flags. `queued` belongs to the loop's thread, and there a plain load and store are enough.
/// `posted` is for all other threads; it is exchanged, with acquire and release, so that what the waker's thread did before is
/// seen by the poll, and what the loop did before is seen by the waker's thread.
///
/// A task that has not been pending yet has no place in the table. Wakes then only set their flag, and
/// [`settle`](Self::settle) looks at both.
pub(crate) struct WakeTarget {
    home: LoopId,
    key: AtomicU64,
    kind: Kind,
    queued: AtomicBool,
    posted: AtomicBool,
    cancelled: AtomicBool,
}

impl WakeTarget {
    /// A task that its spawner puts onto the queue.
    pub(crate) fn queued(home: LoopId, kind: Kind) -> Self {
        Self {
            home,
            key: AtomicU64::new(Key::NONE.to_bits()),
            kind,
            queued: AtomicBool::new(true),
            posted: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
        }
    }

    /// A task that its spawner, on another thread, puts into the inbox.
    pub(crate) fn posted(home: LoopId) -> Self {
        let target = Self::queued(home, Kind::Task);
        target.posted.store(true, Ordering::Relaxed);
        target
    }

    /// The main future of a loop.
    pub(crate) fn main(home: LoopId) -> Self {
        let target = Self::queued(home, Kind::Internal);
        target.key.store(Key::MAIN.to_bits(), Ordering::Relaxed);
        target
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    fn key(&self) -> Key {
        Key::from_bits(self.key.load(Ordering::Relaxed))
    }

    /// Asks the task to end, which it does at its next turn. From any thread.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// From any thread.
    #[inline]
    pub(crate) fn wake(&self) {
        let at_home = Local::with_current(|local| {
            let ours = local.id() == self.home;
            if ours {
                self.enqueue(local);
            }
            ours
        });
        if at_home != Some(true) {
            self.post();
        }
    }

    #[cold]
    fn post(&self) {
        if self.posted.swap(true, Ordering::AcqRel) {
            return;
        }
        let key = self.key();
        // If the loop has closed, the task is gone, and nobody misses the wake.
        if let (true, Some(inbox)) = (key != Key::NONE, self.home.inbox()) {
            inbox.push(Message::Wake(key)).ok();
        }
    }

    #[inline]
    fn enqueue(&self, local: &Local) {
        if self.queued.load(Ordering::Relaxed) {
            return;
        }
        self.queued.store(true, Ordering::Relaxed);
        let key = self.key();
        if key != Key::NONE {
            local.enqueue(Ready::Woken(key));
        }
    }

    /// The loop has taken the task off its queue.
    pub(crate) fn dequeued(&self) {
        self.queued.store(false, Ordering::Relaxed);
    }

    /// The first poll has left the task pending, and it has a place now. True if it was woken meanwhile, and must be queued.
    pub(crate) fn settle(&self, key: Key) -> bool {
        self.key.store(key.to_bits(), Ordering::Relaxed);
        // Either the other thread's exchange comes first, and we see it here; or ours does, and it sees the key.
        let posted = self.posted.swap(false, Ordering::AcqRel);
        let woken = posted || self.queued.load(Ordering::Relaxed);
        self.queued.store(woken, Ordering::Relaxed);
        woken
    }

    /// The loop has read the message: later wakes must send another.
    pub(crate) fn received(&self, local: &Local) {
        self.posted.swap(false, Ordering::AcqRel);
        self.enqueue(local);
    }

    /// The task has arrived in its loop, which puts it onto the queue.
    pub(crate) fn arrived(&self) {
        self.posted.swap(false, Ordering::AcqRel);
    }
}

/// Who is ready to run.
pub(crate) enum Ready {
    /// A task that was never polled.
    New(Arc<dyn Runnable>),
    Woken(Key),
}
