//! Which slots of a chunk are free: the atomic part of [`slab`](super::slab), apart from its memory, so that loom can check it.

use crate::sync::{AtomicU64, Ordering};

/// A bit for each slot that is free and that the slab has not taken over.
pub(crate) struct FreeSlots(AtomicU64);

/// The slab is gone: whoever frees the last slot frees the chunk.
const ABANDONED: u64 = 1 << 63;

/// So many slots a chunk may have.
pub(crate) const MOST_SLOTS: u32 = 63;

/// What is to be done after a slot was freed.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Freed {
    One,
    /// All slots are free: the slab may want to give the chunk back.
    All,
    /// All slots are free, and there is no slab: the caller has the chunk to himself, and gives it back.
    Abandoned,
}

impl FreeSlots {
    /// All are taken over by the one who makes them.
    pub(crate) fn none() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whoever was the last to use a slot gives it back. `all` are the slots that there are.
    #[inline]
    pub(crate) fn free(&self, slot: u32, all: u64) -> Freed {
        let bit = 1 << slot;
        // Release and acquire: all that was done in the slots comes before they are taken again, and before the end of the
        // chunk. The bit is not set, so to add it sets it; that is one instruction, where an "or" is a loop.
        let free = self.0.fetch_add(bit, Ordering::AcqRel) + bit;
        if free == all | ABANDONED {
            Freed::Abandoned
        } else if free == all {
            Freed::All
        } else {
            Freed::One
        }
    }

    /// The slab takes over those that are free.
    pub(crate) fn take_over(&self) -> u64 {
        if self.0.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.0.swap(0, Ordering::Acquire)
    }

    /// For the slab. As long as it takes nothing over, they stay free.
    pub(crate) fn are_all_free(&self, all: u64) -> bool {
        self.0.load(Ordering::Acquire) == all
    }

    /// The slab goes, and leaves those that it had taken over and not used. True: all are free, and it gives the chunk back.
    pub(crate) fn abandon(&self, unused: u64, all: u64) -> bool {
        self.0.fetch_or(unused | ABANDONED, Ordering::AcqRel) | unused == all
    }
}
