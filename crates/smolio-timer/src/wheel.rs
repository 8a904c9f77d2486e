//! The timing wheel: arms and cancels a timer in a few instructions, however many there are.
//!
//! George Varghese and Tony Lauck, "Hashed and hierarchical timing wheels: data structures for the efficient
//! implementation of a timer facility" (SOSP 1987), scheme 7. Time is counted in ticks. A level is a ring of 64
//! slots, a slot of level 0 holds the timers of one tick, one of level 1 those of 64 ticks, and so on. Six levels
//! reach over 2^36 ticks, two years of milliseconds; what lies beyond waits in a list of its own.
//!
//! Where an entry belongs follows from the bits of its deadline alone: the highest bit in which it differs from the
//! present tick tells the level, the bits of that level the slot. Two things follow that everything else rests on:
//! - all entries of a level are due before all entries of the next one, and within a level they are due in the order
//!   of the slots. So the first slot in use is found by counting the zeros in one word per level, and an expiry that
//!   jumps over a year costs no more than one over a tick.
//! - when the present enters the span of a slot of a higher level, its entries, in order, move down. So the entries
//!   of one tick are always in one list, in the order in which they were armed.
//!
//! The entries lie in one `Vec` and are linked by index. A key names an index and the generation of what was stored
//! there, so that an old key finds nothing.
//!
//! The file depends on nothing, so that the property test can include it.

use std::task::Waker;

const LEVELS: usize = 6;
const BITS_PER_LEVEL: u32 = 6;
const SLOTS_PER_LEVEL: usize = 1 << BITS_PER_LEVEL;
const SLOT_MASK: u64 = SLOTS_PER_LEVEL as u64 - 1;
/// The list of those that are too far away for any level.
const FAR: usize = LEVELS * SLOTS_PER_LEVEL;
/// No entry: the end of a list.
const NONE: u32 = u32::MAX;
/// An empty wheel gives its memory back if it has room for more than this.
const KEPT_ENTRIES: usize = 4096;

/// Names an entry. Once the entry is gone the key finds nothing, for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

struct Entry<T> {
    deadline: u64,
    previous: u32,
    // In a vacant entry: the next vacant one.
    next: u32,
    // How many payloads have come and gone here. At the last number the entry is never used again.
    generation: u32,
    slot: u16,
    payload: Option<T>,
}

// Each sleeping task has one.
const _: () = assert!(size_of::<Entry<Waker>>() <= 40);

#[derive(Clone, Copy)]
struct Slot {
    first: u32,
    last: u32,
    // No entry here is due before this. A removal leaves it as it is: what comes next it would have to search for.
    earliest: u64,
}

impl Slot {
    const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
        earliest: u64::MAX,
    };
}

/// Timers in the order of their deadlines.
pub(crate) struct Wheel<T> {
    // Up to and including this tick all has expired.
    now: u64,
    // One bit for each slot that is not empty.
    occupied: [u64; LEVELS],
    slots: [Slot; FAR + 1],
    entries: Vec<Entry<T>>,
    first_vacant: u32,
    length: usize,
    // The generation of entries that are made from now on, and the highest one that any of them has reached.
    first_generation: u32,
    highest_generation: u32,
}

impl<T> Wheel<T> {
    /// An empty wheel at tick 0.
    pub(crate) fn new() -> Self {
        Self {
            now: 0,
            occupied: [0; LEVELS],
            slots: [Slot::EMPTY; FAR + 1],
            entries: Vec::new(),
            first_vacant: NONE,
            length: 0,
            first_generation: 0,
            highest_generation: 0,
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The tick up to which all has expired.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Arms a timer. A deadline that has passed counts as the present tick: it expires at the next call.
    pub(crate) fn insert(&mut self, deadline: u64, payload: T) -> Key {
        let index = self.vacant_entry();
        let entry = &mut self.entries[index as usize];
        entry.deadline = deadline.max(self.now);
        entry.payload = Some(payload);
        let generation = entry.generation;
        self.link(index);
        self.length += 1;
        Key { index, generation }
    }

    /// Cancels a timer and gives its payload; `None` if it is gone already.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get_mut(key)?;
        self.remove_at(key.index)
    }

    /// The payload, if the entry is still there.
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        if entry.generation == key.generation {
            entry.payload.as_mut()
        } else {
            None
        }
    }

    /// Moves the deadline of an entry, if it is still there, that many ticks into the future.
    pub(crate) fn postpone(&mut self, key: Key, ticks: u64) {
        if self.get_mut(key).is_some() {
            self.unlink(key.index);
            let entry = &mut self.entries[key.index as usize];
            entry.deadline = entry.deadline.saturating_add(ticks);
            self.link(key.index);
        }
    }

    /// No entry is due before this tick, and one is due at it, unless the first of its slot was cancelled. Then there
    /// may be nothing; but expiring up to it moves the slot down, after which the answer is exact.
    ///
    /// To be always exact would take a search through a slot after each cancel.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.first_slot().map(|slot| self.slots[slot].earliest)
    }

    /// Moves the present to `now` and removes one entry that is due by then, the earliest, or of these the one that
    /// was armed first. To be called until it gives `None`.
    ///
    /// One at a time, so that what the caller does with each may arm and cancel others. A `now` that lies before the
    /// present expires nothing.
    pub(crate) fn pop_expired(&mut self, now: u64) -> Option<T> {
        while let Some(slot) = self.first_slot() {
            let start = self.start_of(slot);
            if start > now {
                break;
            }
            self.now = start;
            if slot < SLOTS_PER_LEVEL {
                return self.remove_at(self.slots[slot].first);
            }
            self.move_down(slot);
        }
        self.now = self.now.max(now);
        None
    }

    /// Removes any one entry, in no particular order: for the end of the wheel.
    pub(crate) fn pop_any(&mut self) -> Option<T> {
        let slot = self.first_slot()?;
        self.remove_at(self.slots[slot].first)
    }

    /// The slot that holds the earliest entries.
    fn first_slot(&self) -> Option<usize> {
        if self.length == 0 {
            return None;
        }
        for (level, occupied) in self.occupied.iter().enumerate() {
            if *occupied != 0 {
                return Some(level * SLOTS_PER_LEVEL + occupied.trailing_zeros() as usize);
            }
        }
        Some(FAR)
    }

    /// The first tick of an occupied slot's span, where its entries have to move down.
    fn start_of(&self, slot: usize) -> u64 {
        if slot == FAR {
            // There are no slots that far; what matters is when the first entry comes within reach of the last level.
            let reach = (1 << (LEVELS as u32 * BITS_PER_LEVEL)) - 1;
            return self.slots[FAR].earliest & !reach;
        }
        let shift = (slot / SLOTS_PER_LEVEL) as u32 * BITS_PER_LEVEL;
        let index = slot as u64 & SLOT_MASK;
        let level_start = self.now & !(((SLOT_MASK + 1) << shift) - 1);
        level_start | (index << shift)
    }

    fn slot_for(&self, deadline: u64) -> usize {
        // The lowest bit is set because 0 has no logarithm.
        let level = ((self.now ^ deadline) | 1).ilog2() / BITS_PER_LEVEL;
        if level as usize >= LEVELS {
            return FAR;
        }
        let index = (deadline >> (level * BITS_PER_LEVEL)) & SLOT_MASK;
        level as usize * SLOTS_PER_LEVEL + index as usize
    }

    /// Empties a slot whose span has begun: its entries belong to lower levels now.
    fn move_down(&mut self, slot: usize) {
        let mut index = self.slots[slot].first;
        self.clear(slot);
        while index != NONE {
            let next = self.entries[index as usize].next;
            self.link(index);
            index = next;
        }
    }

    /// Appends an entry to the list where its deadline belongs.
    fn link(&mut self, index: u32) {
        let deadline = self.entries[index as usize].deadline;
        let place = self.slot_for(deadline);
        let slot = &mut self.slots[place];
        slot.earliest = slot.earliest.min(deadline);
        let previous = std::mem::replace(&mut slot.last, index);
        if previous == NONE {
            slot.first = index;
            if let Some(occupied) = self.occupied.get_mut(place / SLOTS_PER_LEVEL) {
                *occupied |= 1 << (place as u64 & SLOT_MASK);
            }
        } else {
            self.entries[previous as usize].next = index;
        }
        let entry = &mut self.entries[index as usize];
        entry.previous = previous;
        entry.next = NONE;
        entry.slot = place as u16;
    }

    /// Takes an entry out of its list and makes it vacant.
    fn remove_at(&mut self, index: u32) -> Option<T> {
        self.unlink(index);
        let entry = &mut self.entries[index as usize];
        let payload = entry.payload.take();
        entry.generation += 1;
        self.highest_generation = self.highest_generation.max(entry.generation);
        // An entry whose generations are used up is left out: 40 bytes lost for every four billion timers.
        if entry.generation != u32::MAX {
            entry.next = std::mem::replace(&mut self.first_vacant, index);
        }
        self.length -= 1;
        if self.length == 0 && self.entries.len() > KEPT_ENTRIES {
            self.release_memory();
        }
        payload
    }

    /// Takes an entry out of its list.
    #[inline]
    fn unlink(&mut self, index: u32) {
        let entry = &self.entries[index as usize];
        let (previous, next) = (entry.previous, entry.next);
        let place = usize::from(entry.slot);
        match previous {
            NONE => self.slots[place].first = next,
            _ => self.entries[previous as usize].next = next,
        }
        match next {
            NONE => self.slots[place].last = previous,
            _ => self.entries[next as usize].previous = previous,
        }
        if self.slots[place].first == NONE {
            self.clear(place);
        }
    }

    fn clear(&mut self, slot: usize) {
        self.slots[slot] = Slot::EMPTY;
        if let Some(occupied) = self.occupied.get_mut(slot / SLOTS_PER_LEVEL) {
            *occupied &= !(1 << (slot as u64 & SLOT_MASK));
        }
    }

    fn vacant_entry(&mut self) -> u32 {
        let index = self.first_vacant;
        if index != NONE {
            self.first_vacant = self.entries[index as usize].next;
            return index;
        }
        let index = u32::try_from(self.entries.len())
            .ok()
            .filter(|index| *index != NONE)
            .expect("memory for four billion timers");
        self.entries.push(Entry {
            deadline: 0,
            previous: NONE,
            next: NONE,
            generation: self.first_generation,
            slot: 0,
            payload: None,
        });
        index
    }

    /// Gives the memory of a past rush back.
    #[cold]
    fn release_memory(&mut self) {
        // Keys to what is released here must go on finding nothing, so generations are never counted anew.
        if self.highest_generation < u32::MAX / 2 {
            self.first_generation = self.highest_generation;
            self.entries = Vec::new();
            self.first_vacant = NONE;
        }
    }
}
