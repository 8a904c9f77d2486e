//! How many own a cell: the count of [`Shared`](super::shared::Shared), apart from its memory, so that loom can check it.

use crate::sync::{AtomicU32, Ordering};

/// So many are a mistake: somebody forgets wakers in a loop. Far from the end of the numbers, so that all threads of the
/// process together do not get from here to there.
const TOO_MANY: u32 = u32::MAX / 2;

pub(crate) struct Owners(AtomicU32);

impl Owners {
    #[inline]
    pub(crate) fn new(owners: u32) -> Self {
        Self(AtomicU32::new(owners))
    }

    /// An owner makes another one.
    #[inline]
    pub(crate) fn add(&self) {
        // Relaxed: who has an owner can hand it on by its own means, which order what comes before.
        if self.0.fetch_add(1, Ordering::Relaxed) > TOO_MANY {
            std::process::abort();
        }
    }

    /// An owner goes. True: it was the last, and all that the others did comes before.
    ///
    /// Only an owner can make another one, so who is alone stays alone, and needs no exchange to be sure.
    #[inline]
    pub(crate) fn remove(&self) -> bool {
        self.0.load(Ordering::Acquire) == 1 || self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }
}
