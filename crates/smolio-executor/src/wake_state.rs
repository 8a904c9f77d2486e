//! What a task remembers of its wakes: the atomic protocol, apart from queue and inbox, so that loom can check it.
//!
//! A wake is remembered in one of two flags. `QUEUED`, one of the marks, belongs to the loop's thread, and there a plain load and store are enough.
//! `posted` is for all other threads; it is exchanged, with acquire and release, so that what the waker's thread did before is
//! seen by the poll, and what the loop did before is seen by the waker's thread.
//!
//! A task that has not been pending yet has no place in the table. Wakes then only set their flag, and
//! [`settle`](WakeState::settle) looks at both.
//!
//! Each task has one of these, and most tasks are small: so it is packed into 16 bytes, with `Rest` for what else has to lie in
//! the same two words.

use crate::sync::{AtomicBool, AtomicU8, AtomicU32, Ordering};

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

impl Kind {
    /// That of a task with these marks.
    #[inline]
    fn of(marks: u8) -> Self {
        match marks & KIND {
            0 => Self::Task,
            1 => Self::CleanUp,
            _ => Self::Internal,
        }
    }
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
        index: Self::OF_THE_LOOP,
        stamp: 0,
    };

    /// The loop's share in the work of all workers, which is not there either.
    pub(crate) const SHARE: Self = Self {
        index: Self::OF_THE_LOOP,
        stamp: 1,
    };

    const OF_THE_LOOP: u32 = u32::MAX;

    /// Whether it is one of these two, and not that of a task.
    #[inline]
    pub(crate) fn is_of_the_loop(self) -> bool {
        self.index == Self::OF_THE_LOOP
    }
}

/// In the place of an index: the task has none yet.
const NO_PLACE: u32 = u32::MAX - 1;

/// In the marks: the bits of the kind.
const KIND: u8 = 3;
/// In the marks: the task is on the queue of its loop.
const QUEUED: u8 = 4;
/// In the marks: the future is lent to somebody.
const LENT: u8 = 8;

/// The flags of one task. `Home` says which loop it belongs to.
pub(crate) struct WakeState<Home, Rest> {
    pub(crate) home: Home,
    index: AtomicU32,
    /// Written by the loop's thread alone, without an exchange.
    marks: AtomicU8,
    posted: AtomicBool,
    cancelled: AtomicBool,
    /// Not a matter of wakes. In a struct of its own around this one it would cost another word.
    pub(crate) rest: Rest,
}

impl<Home, Rest> WakeState<Home, Rest> {
    /// Of a task that its spawner puts onto the queue.
    pub(crate) fn queued(home: Home, kind: Kind, rest: Rest) -> Self {
        Self::new(home, kind, NO_PLACE, false, rest)
    }

    /// Of a task that its spawner, on another thread, puts into the inbox.
    pub(crate) fn posted(home: Home, kind: Kind, rest: Rest) -> Self {
        Self::new(home, kind, NO_PLACE, true, rest)
    }

    /// Of one that has its place, and is on the queue.
    pub(crate) fn placed(home: Home, kind: Kind, key: Key, rest: Rest) -> Self {
        Self::new(home, kind, key.index, false, rest)
    }

    #[inline]
    fn new(home: Home, kind: Kind, index: u32, posted: bool, rest: Rest) -> Self {
        Self {
            home,
            index: AtomicU32::new(index),
            marks: AtomicU8::new(kind as u8 | QUEUED),
            posted: AtomicBool::new(posted),
            cancelled: AtomicBool::new(false),
            rest,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::of(self.marks.load(Ordering::Relaxed))
    }

    fn has(&self, mark: u8) -> bool {
        self.marks.load(Ordering::Relaxed) & mark != 0
    }

    /// On the loop's thread only.
    #[inline]
    fn set(&self, mark: u8, on: bool) {
        let marks = self.marks.load(Ordering::Relaxed);
        let marks = if on { marks | mark } else { marks & !mark };
        self.marks.store(marks, Ordering::Relaxed);
    }

    /// The loop has taken the task off its queue, and lends its future for a poll; `None` if it is lent already. On the loop's
    /// thread only, as the next.
    #[inline]
    pub(crate) fn begin_poll(&self) -> Option<Kind> {
        let marks = self.marks.load(Ordering::Relaxed);
        self.marks
            .store((marks | LENT) & !QUEUED, Ordering::Relaxed);
        (marks & LENT == 0).then(|| Kind::of(marks))
    }

    /// The future has been given back.
    #[inline]
    pub(crate) fn end_poll(&self) {
        self.set(LENT, false);
    }

    /// The stamp is known to the caller.
    #[inline]
    fn place(&self, stamp: u32) -> Option<Key> {
        let index = self.index.load(Ordering::Relaxed);
        (index != NO_PLACE).then_some(Key { index, stamp })
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
        let is_new = self.place(0).is_none() && self.has(QUEUED);
        is_new && !self.is_cancelled()
    }

    /// A wake from another thread. Gives the key that is to be put into the inbox, if one is.
    pub(crate) fn wake_from_afar(&self, stamp: u32) -> Option<Key> {
        if self.posted.swap(true, Ordering::AcqRel) {
            return None;
        }
        self.place(stamp)
    }

    /// A wake on the loop's own thread. Gives the key that is to be put onto the queue, if one is.
    #[inline]
    pub(crate) fn wake_at_home(&self, stamp: u32) -> Option<Key> {
        if self.has(QUEUED) {
            return None;
        }
        self.set(QUEUED, true);
        self.place(stamp)
    }

    /// The loop has taken the task off its queue, and will poll it. For one whose future is not lent.
    pub(crate) fn dequeued(&self) {
        self.set(QUEUED, false);
    }

    /// The first poll has left the task pending, and it has a place now. True if it was woken meanwhile, and must be queued.
    pub(crate) fn settle(&self, key: Key) -> bool {
        self.index.store(key.index, Ordering::Relaxed);
        // Either the other thread's exchange comes first, and we see it here; or ours does, and it sees the key.
        let posted = self.posted.swap(false, Ordering::AcqRel);
        let woken = posted || self.has(QUEUED);
        self.set(QUEUED, woken);
        woken
    }

    /// The loop has read the message: later wakes must send another.
    pub(crate) fn received(&self) {
        self.posted.swap(false, Ordering::AcqRel);
    }
}
