//! What a task remembers of its wakes: the atomic protocol, apart from queue and inbox, so that loom can check it.
//!
//! A wake is remembered in one of two flags. `queued` belongs to the loop's thread, and there a plain load and store are enough.
//! `posted` is for all other threads; it is exchanged, with acquire and release, so that what the waker's thread did before is
//! seen by the poll, and what the loop did before is seen by the waker's thread.
//!
//! A task that has not been pending yet has no place in the table. Wakes then only set their flag, and
//! [`settle`](WakeState::settle) looks at both.

use crate::sync::{AtomicBool, AtomicU64, Ordering};

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

/// The flags of one task. `Home` says which loop it belongs to.
pub(crate) struct WakeState<Home> {
    pub(crate) home: Home,
    pub(crate) kind: Kind,
    key: AtomicU64,
    queued: AtomicBool,
    posted: AtomicBool,
    cancelled: AtomicBool,
}

impl<Home> WakeState<Home> {
    /// Of a task that its spawner puts onto the queue.
    pub(crate) fn queued(home: Home, kind: Kind) -> Self {
        Self::new(home, kind, Key::NONE, false)
    }

    /// Of a task that its spawner, on another thread, puts into the inbox.
    pub(crate) fn posted(home: Home, kind: Kind) -> Self {
        Self::new(home, kind, Key::NONE, true)
    }

    /// Of one that has its place, and is on the queue.
    pub(crate) fn placed(home: Home, kind: Kind, key: Key) -> Self {
        Self::new(home, kind, key, false)
    }

    #[inline]
    fn new(home: Home, kind: Kind, key: Key, posted: bool) -> Self {
        Self {
            home,
            kind,
            key: AtomicU64::new(key.to_bits()),
            queued: AtomicBool::new(true),
            posted: AtomicBool::new(posted),
            cancelled: AtomicBool::new(false),
        }
    }

    fn place(&self) -> Option<Key> {
        let key = Key::from_bits(self.key.load(Ordering::Relaxed));
        (key != Key::NONE).then_some(key)
    }

    /// To be followed by a wake.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Whether the task was neither polled nor cancelled yet: it has no place, and was not taken off the queue.
    pub(crate) fn is_untouched(&self) -> bool {
        let is_new = self.place().is_none() && self.queued.load(Ordering::Relaxed);
        is_new && !self.is_cancelled()
    }

    /// A wake from another thread. Gives the key that is to be put into the inbox, if one is.
    pub(crate) fn wake_from_afar(&self) -> Option<Key> {
        if self.posted.swap(true, Ordering::AcqRel) {
            return None;
        }
        self.place()
    }

    /// A wake on the loop's own thread. Gives the key that is to be put onto the queue, if one is.
    #[inline]
    pub(crate) fn wake_at_home(&self) -> Option<Key> {
        if self.queued.load(Ordering::Relaxed) {
            return None;
        }
        self.queued.store(true, Ordering::Relaxed);
        self.place()
    }

    /// The loop has taken the task off its queue, and will poll it.
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
    pub(crate) fn received(&self) {
        self.posted.swap(false, Ordering::AcqRel);
    }
}
