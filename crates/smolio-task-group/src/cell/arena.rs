//! Futures of one type, some dozens in one allocation, with what their wakers know of them: the members of a set.
//!
//! An allocation for each would be the dearest part of a member that is ready soon. So they lie in *chunks* of up to four
//! kilobytes, each future in a *slot* that it never leaves until it is dropped. A slot is taken again when its future is gone
//! and no waker of it is left, so a late waker finds nobody. A chunk whose members have all gone is given back, but for
//! one that is kept for whoever comes next.
//!
//! | who | holds | touches |
//! |---|---|---|
//! | the arena | all futures, and a reference to each slot | the futures, and which slots are free |
//! | wakers, many, on any thread | a reference to their slot | its [`WakeFlags`], and the set's [`Ready`] |
//!
//! Where no waker is ever cloned, none is counted: a future that wakes itself by reference costs no atomic exchange.

use std::{marker::PhantomData, pin::Pin, ptr::NonNull, sync::Arc};

use super::{
    BorrowedWaker,
    chunk::{Chunk, MOST_SLOTS, NONE, Place, SLOT_BITS, Slot, waker},
};
use crate::ready::{Ready, WakeFlags};

/// Owns futures, and finds them by the number of their seat. Those that are left when it is dropped are leaked: it is for the
/// set to have them leave before, one by one, whether they panic or not.
pub(crate) struct Arena<F> {
    ready: Arc<Ready>,
    /// `None`: it was given back, and the number is free.
    chunks: Vec<Option<Chunk<F>>>,
    /// The numbers of those with a free slot, and of those that were given back. The last one is filled first.
    with_room: Vec<u32>,
    /// One that nobody is in, if there is one.
    empty: Option<u32>,
    taken: usize,
    owned: PhantomData<F>,
}

// SAFETY: with the arena go its futures; all else in a chunk is `Sync`, or reached through the arena only.
unsafe impl<F: Send> Send for Arena<F> {}
// SAFETY: a shared arena gives out nothing but a number.
unsafe impl<F: Sync> Sync for Arena<F> {}
// The futures are pinned in their slots, not in the arena.
impl<F> Unpin for Arena<F> {}

/// A future in its seat.
pub(crate) struct Member<'a, F> {
    arena: &'a mut Arena<F>,
    number: u32,
    /// The one of the arena in which it sits: looked for once.
    chunk: NonNull<Chunk<F>>,
    slot: NonNull<Slot<F>>,
}

/// What a member is made of.
pub(crate) struct Parts<'a, F> {
    pub(crate) future: Pin<&'a mut F>,
    pub(crate) waker: BorrowedWaker<'a>,
    /// What the set's owner calls it.
    pub(crate) index: usize,
    /// A shielded scope was open in it at the end of its last poll.
    pub(crate) is_shielded: &'a mut bool,
}

impl<F> Arena<F> {
    pub(crate) fn new(ready: Arc<Ready>) -> Self {
        Self {
            ready,
            chunks: Vec::new(),
            with_room: Vec::new(),
            empty: None,
            taken: 0,
            owned: PhantomData,
        }
    }

    /// How many futures there are.
    pub(crate) fn len(&self) -> usize {
        self.taken
    }

    /// Gives the future a seat. The flags are its own until it goes, and those of a new one now.
    #[inline]
    pub(crate) fn insert(&mut self, index: usize, future: F) -> &WakeFlags {
        let place = Place::Taken {
            future,
            index,
            is_shielded: false,
        };
        let number = match self.with_room.last() {
            Some(&number) => number,
            None => self.add_chunk_number(),
        };
        let chunk = match &mut self.chunks[number as usize] {
            Some(chunk) => chunk,
            absent => absent.insert(Chunk::new(self.taken, &self.ready)),
        };
        let (slot, slot_number) = chunk.take(place);
        self.taken += 1;
        if chunk.taken == 1 && self.empty == Some(number) {
            self.empty = None;
        }
        if !chunk.has_room() {
            self.with_room.pop();
        }
        // SAFETY: the slot was just initialised, and the arena's reference keeps it. Nobody borrows the shared half mutably.
        let flags = unsafe { &slot.as_ref().shared.flags };
        flags.take_seat(number << SLOT_BITS | slot_number);
        flags
    }

    /// The number of a chunk that is to be made.
    #[inline(never)]
    fn add_chunk_number(&mut self) -> u32 {
        let number = u32::try_from(self.chunks.len())
            .ok()
            .filter(|number| number.leading_zeros() >= SLOT_BITS)
            .expect("2^26 chunks of futures at once");
        self.chunks.push(None);
        self.with_room.push(number);
        number
    }

    /// Whoever has the seat.
    #[inline]
    pub(crate) fn get(&mut self, number: u32) -> Option<Member<'_, F>> {
        let chunk = self.chunks.get_mut((number >> SLOT_BITS) as usize)?;
        let chunk = chunk.as_mut()?;
        let slot = chunk.slot(number % MOST_SLOTS as u32)?;
        let chunk = NonNull::from(chunk);
        // SAFETY: the slot is initialised. Only the arena reaches the place, and it is borrowed mutably.
        let is_taken = matches!(unsafe { &*slot.as_ref().place.get() }, Place::Taken { .. });
        is_taken.then_some(Member {
            arena: self,
            number,
            chunk,
            slot,
        })
    }

    /// The seats of all, in the order of their arrival.
    pub(crate) fn in_order(&self) -> Vec<u32> {
        let mut found = Vec::with_capacity(self.taken);
        for (number, chunk) in (0..).zip(&self.chunks) {
            let Some(chunk) = chunk else { continue };
            for slot_number in 0..chunk.begun {
                let Some(slot) = chunk.slot(slot_number) else {
                    continue;
                };
                // SAFETY: the slot is initialised. Only the arena reaches the place, and to change it it is borrowed mutably.
                if let Place::Taken { index, .. } = unsafe { &*slot.as_ref().place.get() } {
                    found.push((*index, number << SLOT_BITS | slot_number));
                }
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, seat)| seat).collect()
    }

    /// Nobody is in the chunk any more. One such is kept, the next is given back.
    #[inline(never)]
    fn emptied(&mut self, number: u32) {
        let Some(chunk) = &mut self.chunks[number as usize] else {
            return;
        };
        let had_room = chunk.has_room();
        if self.empty.is_none() && chunk.clear() {
            self.empty = Some(number);
        } else {
            self.chunks[number as usize] = None;
        }
        if !had_room {
            self.with_room.push(number);
        }
    }
}

impl<F> Member<'_, F> {
    /// All there is of it.
    #[inline]
    pub(crate) fn parts(&mut self) -> Parts<'_, F> {
        // SAFETY: the slot is initialised, and only the arena reaches the place, which is borrowed mutably by this.
        let place = unsafe { &mut *self.slot.as_ref().place.get() };
        let Place::Taken {
            future,
            index,
            is_shielded,
        } = place
        else {
            unreachable!("a member's slot is taken");
        };
        Parts {
            // SAFETY: the future never moves: it is dropped in its place.
            future: unsafe { Pin::new_unchecked(future) },
            waker: BorrowedWaker::new(waker(self.slot.cast())),
            index: *index,
            is_shielded,
        }
    }

    #[inline]
    pub(crate) fn flags(&self) -> &WakeFlags {
        // SAFETY: the arena has a reference, so the slot is there. Nobody borrows the shared half mutably.
        unsafe { &self.slot.as_ref().shared.flags }
    }

    /// Drops the future and frees the seat.
    ///
    /// If the drop panics the future is gone, but the slot is not taken again before all of the chunk is empty.
    // Each member leaves once, and that is a good part of what it costs.
    #[inline(always)]
    pub(crate) fn leave(self) {
        let Self {
            arena,
            number,
            mut chunk,
            slot,
        } = self;
        let chunk_number = number >> SLOT_BITS;
        // SAFETY: it is in a list of the arena, which has been borrowed mutably since it was found there, and lends it to nobody
        // else. The list is not touched as long as this is used.
        let chunk = unsafe { chunk.as_mut() };
        arena.taken -= 1;
        chunk.taken -= 1;
        // SAFETY: the slot is initialised, and only the arena reaches the place, which is borrowed mutably by this. The old
        // value is dropped where it is, and if that panics the new one is there all the same.
        unsafe { *slot.as_ref().place.get() = Place::Free { next: NONE } };
        let had_room = chunk.has_room();
        chunk.free(slot, number % MOST_SLOTS as u32);
        if !had_room && chunk.has_room() {
            arena.with_room.push(chunk_number);
        }
        if chunk.taken == 0 {
            arena.emptied(chunk_number);
        }
    }
}
