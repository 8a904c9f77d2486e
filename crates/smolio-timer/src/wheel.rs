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
//!   of one tick are always in one slot, in the order in which they were armed.
//!
//! The entries lie in one `Vec`, and a slot is a list of their indices. Not a linked one: with many timers each entry is a
//! cache miss, and a chain of them has to wait for each before it knows the next. Who is cancelled leaves a gap in the
//! list; these are closed before there are more gaps than entries. A key names an index and the generation of what was
//! stored there, so that an old key finds nothing.
//!
//! The file depends on nothing, so that the property test can include it.

use std::{collections::BTreeMap, mem, task::Waker};

const LEVELS: usize = 6;
const BITS_PER_LEVEL: u32 = 6;
const SLOTS_PER_LEVEL: usize = 1 << BITS_PER_LEVEL;
const SLOT_MASK: u64 = SLOTS_PER_LEVEL as u64 - 1;
/// The list of those that are too far away for any level.
const FAR: usize = LEVELS * SLOTS_PER_LEVEL;
/// In the place of a slot: the entry is in none, until it is [linked](Wheel::link).
const APART: u16 = FAR as u16 + 1;
/// No entry: a gap, or the end of the list of those that are vacant.
const NONE: u32 = u32::MAX;
/// So many entries an empty wheel keeps.
const KEPT_ENTRIES: usize = 4096;
/// So much room an empty slot keeps.
const KEPT_PLACES: usize = 32;
/// So many gaps there may be in a slot, however few entries.
const GAPS: usize = 32;

/// Names an entry. Once the entry is gone the key finds nothing, for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

struct Entry<T> {
    payload: Option<T>,
    // How many payloads have come and gone here. At the last number the entry is never used again.
    generation: u32,
    // Where it stands in its slot. In a vacant entry: the next vacant one.
    position: u32,
    // The lower half of the deadline. The rest follows from the slot, but for those that are far away.
    ticks: u32,
    slot: u16,
}

// Each sleeping task has one.
const _: () = assert!(size_of::<Entry<Waker>>() <= 32);

struct Slot {
    // Those from `first` on count. Among them are gaps, but the last is none.
    entries: Vec<u32>,
    first: usize,
    // How many are no gaps.
    length: usize,
    // No entry here is due before this. A removal leaves it as it is: what comes next it would have to search for.
    earliest: u64,
}

impl Slot {
    const EMPTY: Self = Self {
        entries: Vec::new(),
        first: 0,
        length: 0,
        earliest: u64::MAX,
    };

    fn clear(&mut self) {
        if self.entries.capacity() > KEPT_PLACES {
            self.entries = Vec::new();
        }
        self.entries.clear();
        self.first = 0;
        self.length = 0;
        self.earliest = u64::MAX;
    }
}

/// Timers in the order of their deadlines.
pub(crate) struct Wheel<T> {
    // Up to and including this tick all has expired.
    now: u64,
    // One bit for each slot that is not empty.
    occupied: [u64; LEVELS],
    slots: [Slot; FAR + 1],
    entries: Vec<Entry<T>>,
    // The deadlines of those that are far away, by index.
    far: BTreeMap<u32, u64>,
    first_vacant: u32,
    length: usize,
    // The generation of entries that are made from now on.
    first_generation: u32,
    // An empty wheel gives its memory back if it has more entries than this.
    kept_entries: usize,
}

impl<T> Wheel<T> {
    /// An empty wheel at tick 0.
    pub(crate) fn new() -> Self {
        Self {
            now: 0,
            occupied: [0; LEVELS],
            slots: [const { Slot::EMPTY }; FAR + 1],
            entries: Vec::new(),
            far: BTreeMap::new(),
            first_vacant: NONE,
            length: 0,
            first_generation: 0,
            kept_entries: KEPT_ENTRIES,
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
        let key = self.insert_apart(payload);
        self.link(key.index, deadline);
        key
    }

    /// Takes a payload in that never expires, until it is [armed](Self::arm): for those of whom most are removed before.
    #[inline]
    pub(crate) fn insert_apart(&mut self, payload: T) -> Key {
        let index = self.vacant_entry();
        let entry = &mut self.entries[index as usize];
        entry.payload = Some(payload);
        entry.slot = APART;
        self.length += 1;
        Key {
            index,
            generation: entry.generation,
        }
    }

    /// Arms what was inserted apart, if it is still there: as if it were inserted now.
    pub(crate) fn arm(&mut self, key: Key, deadline: u64) {
        if self.get_mut(key).is_some() {
            debug_assert_eq!(self.entries[key.index as usize].slot, APART, "armed twice");
            self.link(key.index, deadline);
        }
    }

    /// Cancels a timer and gives its payload; `None` if it is gone already.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get_mut(key)?;
        if self.entries[key.index as usize].slot != APART {
            self.unlink(key.index);
        }
        self.vacate(key.index)
    }

    /// The payload, if the entry is still there.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        if entry.generation == key.generation {
            entry.payload.as_mut()
        } else {
            None
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
                return self.pop_from(slot);
            }
            self.move_down(slot, start);
        }
        self.now = self.now.max(now);
        None
    }

    /// Removes any one entry, in no particular order, but for those that were inserted apart: for the end of the wheel.
    pub(crate) fn pop_any(&mut self) -> Option<T> {
        let slot = self.first_slot()?;
        self.pop_from(slot)
    }

    /// The slot that holds the earliest entries.
    fn first_slot(&self) -> Option<usize> {
        for (level, occupied) in self.occupied.iter().enumerate() {
            if *occupied != 0 {
                return Some(level * SLOTS_PER_LEVEL + occupied.trailing_zeros() as usize);
            }
        }
        (self.slots[FAR].length > 0).then_some(FAR)
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

    /// Empties a slot whose span has begun, at `start`: its entries belong to lower levels now.
    fn move_down(&mut self, place: usize, start: u64) {
        let slot = &mut self.slots[place];
        let (indices, first) = (mem::take(&mut slot.entries), slot.first);
        self.clear(place);
        // A slot's span is no longer than this.
        let upper_half = start & !u64::from(u32::MAX);
        for &index in &indices[first..] {
            if index == NONE {
                continue;
            }
            let deadline = if place == FAR {
                self.far.remove(&index).unwrap_or(start)
            } else {
                upper_half | u64::from(self.entries[index as usize].ticks)
            };
            self.link(index, deadline);
        }
    }

    /// Appends an entry to the slot where its deadline belongs.
    #[inline]
    fn link(&mut self, index: u32, deadline: u64) {
        let deadline = deadline.max(self.now);
        let place = self.slot_for(deadline);
        if place == FAR {
            self.far.insert(index, deadline);
        }
        let slot = &mut self.slots[place];
        slot.earliest = slot.earliest.min(deadline);
        if slot.length == 0 {
            if let Some(occupied) = self.occupied.get_mut(place / SLOTS_PER_LEVEL) {
                *occupied |= 1 << (place as u64 & SLOT_MASK);
            }
        }
        slot.length += 1;
        let entry = &mut self.entries[index as usize];
        // There are fewer entries than a slot can number, with all its gaps: see `new_entry`.
        entry.position = slot.entries.len() as u32;
        entry.ticks = deadline as u32;
        entry.slot = place as u16;
        slot.entries.push(index);
    }

    /// Removes the first entry of a slot.
    #[inline]
    fn pop_from(&mut self, place: usize) -> Option<T> {
        let slot = &mut self.slots[place];
        let rest = slot.entries.get(slot.first..)?;
        let gaps = rest.iter().position(|index| *index != NONE)?;
        let index = rest[gaps];
        slot.first += gaps + 1;
        slot.length -= 1;
        if slot.length == 0 {
            self.clear(place);
        }
        if place == FAR {
            self.far.remove(&index);
        }
        self.vacate(index)
    }

    /// Takes an entry out of its slot.
    fn unlink(&mut self, index: u32) {
        let entry = &self.entries[index as usize];
        let (position, place) = (entry.position as usize, usize::from(entry.slot));
        if place == FAR {
            self.far.remove(&index);
        }
        let slot = &mut self.slots[place];
        slot.length -= 1;
        if slot.length == 0 {
            return self.clear(place);
        }
        slot.entries[position] = NONE;
        while slot.entries.last() == Some(&NONE) {
            slot.entries.pop();
        }
        if slot.entries.len() - slot.first > 2 * slot.length + GAPS {
            self.close_gaps(place);
        }
    }

    #[cold]
    fn close_gaps(&mut self, place: usize) {
        let Slot { entries, first, .. } = &mut self.slots[place];
        entries.drain(..mem::take(first));
        entries.retain(|index| *index != NONE);
        for (position, index) in (0..).zip(&*entries) {
            self.entries[*index as usize].position = position;
        }
        let room = 2 * entries.len();
        entries.shrink_to(room.max(KEPT_PLACES));
    }

    fn clear(&mut self, place: usize) {
        self.slots[place].clear();
        if let Some(occupied) = self.occupied.get_mut(place / SLOTS_PER_LEVEL) {
            *occupied &= !(1 << (place as u64 & SLOT_MASK));
        }
    }

    /// Takes the payload of an entry that is in no slot any more.
    #[inline]
    fn vacate(&mut self, index: u32) -> Option<T> {
        let entry = &mut self.entries[index as usize];
        let payload = entry.payload.take();
        entry.generation += 1;
        // An entry whose generations are used up is left out: 32 bytes lost for every four billion timers.
        if entry.generation != u32::MAX {
            entry.position = mem::replace(&mut self.first_vacant, index);
        }
        self.length -= 1;
        if self.length == 0 && self.entries.len() > self.kept_entries {
            self.release_memory();
        }
        payload
    }

    #[inline]
    fn vacant_entry(&mut self) -> u32 {
        let index = self.first_vacant;
        if index != NONE {
            self.first_vacant = self.entries[index as usize].position;
            return index;
        }
        self.new_entry()
    }

    fn new_entry(&mut self) -> u32 {
        // Far from the numbers' end, since a slot has places for gaps as well.
        let index = u32::try_from(self.entries.len())
            .ok()
            .filter(|index| *index < NONE / 4)
            .expect("memory for a billion timers");
        self.entries.push(Entry {
            payload: None,
            generation: self.first_generation,
            position: NONE,
            ticks: 0,
            slot: APART,
        });
        index
    }

    /// Gives the memory of a past rush back.
    #[cold]
    fn release_memory(&mut self) {
        // Keys to what is released here must go on finding nothing, so generations are never counted anew.
        let generations = self.entries.iter().map(|entry| entry.generation);
        let highest = generations.fold(self.first_generation, u32::max);
        if highest < u32::MAX / 2 {
            self.first_generation = highest;
            self.entries = Vec::new();
            self.first_vacant = NONE;
        } else {
            // Nor is this asked again.
            self.kept_entries = usize::MAX;
        }
    }
}
