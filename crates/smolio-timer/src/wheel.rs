//! The timing wheel: arms and cancels a timer in a few instructions, however many there are.
//!
//! George Varghese and Tony Lauck, "Hashed and hierarchical timing wheels: data structures for the efficient
//! implementation of a timer facility" (SOSP 1987), scheme 7. Time is counted in ticks. A level is a ring of 64
//! slots, a slot of level 0 holds the timers of one tick, one of level 1 those of 64 ticks, and so on. Five levels
//! reach over 2^30 ticks, twelve days of milliseconds; what lies beyond waits in a list of its own.
//!
//! Where an entry belongs follows from the bits of its deadline alone: the highest bit in which it differs from the
//! present tick tells the level, the bits of that level the slot. Two things follow that everything else rests on:
//! - all entries of a level are due before all entries of the next one, and within a level they are due in the order
//!   of the slots. So the first slot in use is found by counting the zeros in one word per level, and an expiry that
//!   jumps over a year costs no more than one over a tick.
//! - when the present enters the span of a slot of a higher level, its entries, in order, move down. So the entries
//!   of one tick are always in one slot, in the order in which they were armed.
//!
//! The entries lie in one `Vec`, and a slot is a list of their indices and ticks. Not a linked one: with many timers each
//! entry is a cache miss, and a chain of them has to wait for each before it knows the next. That moves down without a
//! look at any entry. An entry does not know its place in a list, so who is cancelled stays there, and its entry is not used
//! again before the list has dropped it: at its tick, or when there are more such than others. A key names an index and the
//! generation of what was stored there, so that an old key finds nothing.
//!
//! The file depends on nothing, so that the property test can include it.

use std::{collections::BTreeMap, mem, task::Waker};

const LEVELS: usize = 5;
const BITS_PER_LEVEL: u32 = 6;
const SLOTS_PER_LEVEL: usize = 1 << BITS_PER_LEVEL;
const SLOT_MASK: u64 = SLOTS_PER_LEVEL as u64 - 1;
/// The list of those that are too far away for any level.
const FAR: usize = LEVELS * SLOTS_PER_LEVEL;
/// The ticks that the levels reach over. Of a deadline within reach no other bits need to be kept: it has the present's.
const REACH: u64 = (1 << (LEVELS as u32 * BITS_PER_LEVEL)) - 1;
/// In place of ticks: the entry is in no slot, until it is [linked](Wheel::link).
const APART: u32 = 1 << 31;
/// In place of ticks: the entry is far away.
const AFAR: u32 = 1 << 30;
/// No entry: the end of the list of those that are vacant.
const NONE: u32 = u32::MAX;
/// So many entries an empty wheel keeps.
const KEPT_ENTRIES: usize = 4096;
/// So much room an empty slot keeps.
const KEPT_PLACES: usize = 32;
/// So many who are gone there may be in a slot, however few others.
const GONE: usize = 32;

/// Names an entry. Once the entry is gone the key finds nothing, for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

struct Entry<T> {
    /// `None` once it is gone, though a slot may list it still.
    payload: Option<T>,
    /// How many payloads have come and gone here. At the last number the entry is never used again.
    generation: u32,
    /// The bits of its deadline that are within [`REACH`], `APART`, or `AFAR`. In a vacant entry: the next vacant one.
    ticks: u32,
}

// Each sleeping task has one.
const _: () = assert!(size_of::<Entry<Waker>>() <= 24);

/// An entry, as its slot lists it.
#[derive(Clone, Copy)]
struct Listed {
    index: u32,
    ticks: u32,
}

struct Slot {
    // Those from `first` on count. Among them are some who are gone.
    entries: Vec<Listed>,
    first: usize,
    // How many are not gone.
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

    /// For one that lists nobody any more.
    fn reset(&mut self) {
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
    // Up to this tick all has expired.
    now: u64,
    // Up to and including this tick all has been popped. Behind the present while some of those that are due are still there.
    popped: u64,
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
            popped: 0,
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

    /// Whether one that was armed for this tick, and not cancelled, has been popped: told without a look at it.
    ///
    /// With many timers that look is a cache miss. Of others it says nothing: what was armed for a tick that had passed is
    /// popped later than this.
    #[inline]
    pub(crate) fn has_popped(&self, deadline: u64) -> bool {
        deadline <= self.popped
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
        entry.ticks = APART;
        self.length += 1;
        Key {
            index,
            generation: entry.generation,
        }
    }

    /// Arms what was inserted apart, if it is still there: as if it were inserted now.
    pub(crate) fn arm(&mut self, key: Key, deadline: u64) {
        if self.get_mut(key).is_some() {
            debug_assert_eq!(self.entries[key.index as usize].ticks, APART, "armed twice");
            self.link(key.index, deadline);
        }
    }

    /// Cancels what was inserted apart, but for its payload, which is then there under another key; `None` if it is gone
    /// already.
    #[inline]
    pub(crate) fn renew(&mut self, key: Key) -> Option<Key> {
        self.get_mut(key)?;
        let entry = &mut self.entries[key.index as usize];
        debug_assert_eq!(entry.ticks, APART, "it is in a slot, which would expire it");
        if entry.generation == u32::MAX - 1 {
            // An entry is not used at its last generation.
            let payload = self.remove(key)?;
            return Some(self.insert_apart(payload));
        }
        entry.generation += 1;
        Some(Key {
            generation: entry.generation,
            ..key
        })
    }

    /// Cancels a timer and gives its payload; `None` if it is gone already.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let ticks = self.entries.get(key.index as usize)?.ticks;
        self.get_mut(key)?;
        let payload = self.take(key.index);
        if ticks == APART {
            self.recycle(key.index);
        } else {
            self.unlink(key.index, ticks);
        }
        self.release_if_empty();
        payload
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
        self.popped = self.now;
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
            return self.slots[FAR].earliest & !REACH;
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
        let (entries, first) = (mem::take(&mut slot.entries), slot.first);
        // The look at each would be the dearest part of it.
        let some_are_gone = entries.len() - first > slot.length;
        self.reset(place);
        for &Listed { index, ticks } in &entries[first..] {
            if some_are_gone && self.is_gone(index) {
                self.recycle(index);
            } else if place == FAR {
                let deadline = self.far.remove(&index).unwrap_or(start);
                self.link(index, deadline);
            } else {
                self.list(index, start & !REACH | u64::from(ticks));
            }
        }
    }

    /// Appends an entry to the slot where its deadline belongs, and lets it know.
    #[inline]
    fn link(&mut self, index: u32, deadline: u64) {
        let deadline = deadline.max(self.now);
        self.entries[index as usize].ticks = self.list(index, deadline);
    }

    /// Appends an entry to the slot where its deadline belongs, and gives what it is to know of that.
    #[inline]
    fn list(&mut self, index: u32, deadline: u64) -> u32 {
        let place = self.slot_for(deadline);
        let ticks = (deadline & REACH) as u32; // 30 bits
        let slot = &mut self.slots[place];
        slot.earliest = slot.earliest.min(deadline);
        slot.length += 1;
        slot.entries.push(Listed { index, ticks });
        if place == FAR {
            self.far.insert(index, deadline);
            return AFAR;
        }
        self.occupied[place / SLOTS_PER_LEVEL] |= 1 << (place as u64 & SLOT_MASK);
        ticks
    }

    /// Removes the first entry of a slot.
    #[inline]
    fn pop_from(&mut self, place: usize) -> Option<T> {
        loop {
            let slot = &mut self.slots[place];
            let index = slot.entries.get(slot.first)?.index;
            slot.first += 1;
            let payload = self.take(index);
            self.recycle(index);
            if payload.is_some() {
                self.slots[place].length -= 1;
                if self.slots[place].length == 0 {
                    self.clear(place);
                }
                if place == FAR {
                    self.far.remove(&index);
                }
                self.release_if_empty();
                return payload;
            }
        }
    }

    /// An entry that knew these ticks has gone: if its slot lists it last, or nobody else, it can be used again.
    // By itself: in the way of one that is apart it would be a third of it.
    #[inline(never)]
    fn unlink(&mut self, index: u32, ticks: u32) {
        let place = if ticks == AFAR {
            self.far.remove(&index);
            FAR
        } else {
            self.slot_for(self.now & !REACH | u64::from(ticks))
        };
        let slot = &mut self.slots[place];
        slot.length -= 1;
        if slot.length == 0 {
            return self.clear(place);
        }
        if slot.entries.last().is_some_and(|last| last.index == index) {
            slot.entries.pop();
            self.recycle(index);
        } else if slot.entries.len() - slot.first > 2 * slot.length + GONE {
            self.forget_gone(place);
        }
    }

    #[cold]
    fn forget_gone(&mut self, place: usize) {
        let slot = &mut self.slots[place];
        let mut entries = mem::take(&mut slot.entries);
        entries.drain(..mem::take(&mut slot.first));
        entries.retain(|listed| {
            let is_gone = self.is_gone(listed.index);
            if is_gone {
                self.recycle(listed.index);
            }
            !is_gone
        });
        let room = 2 * entries.len();
        entries.shrink_to(room.max(KEPT_PLACES));
        self.slots[place].entries = entries;
    }

    /// Empties a slot in which all are gone.
    fn clear(&mut self, place: usize) {
        let first = self.slots[place].first;
        for position in first..self.slots[place].entries.len() {
            self.recycle(self.slots[place].entries[position].index);
        }
        self.reset(place);
    }

    fn reset(&mut self, place: usize) {
        self.slots[place].reset();
        if let Some(occupied) = self.occupied.get_mut(place / SLOTS_PER_LEVEL) {
            *occupied &= !(1 << (place as u64 & SLOT_MASK));
        }
    }

    fn is_gone(&self, index: u32) -> bool {
        self.entries[index as usize].payload.is_none()
    }

    /// Takes the payload of an entry, if it is not gone.
    #[inline]
    fn take(&mut self, index: u32) -> Option<T> {
        let entry = &mut self.entries[index as usize];
        let payload = entry.payload.take()?;
        entry.generation += 1;
        self.length -= 1;
        Some(payload)
    }

    /// The entry of one who is gone, and whom no slot lists any more, may be used again.
    #[inline]
    fn recycle(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        // An entry whose generations are used up is left out: 24 bytes lost for every four billion timers.
        if entry.generation != u32::MAX {
            entry.ticks = mem::replace(&mut self.first_vacant, index);
        }
    }

    #[inline]
    fn vacant_entry(&mut self) -> u32 {
        let index = self.first_vacant;
        if index != NONE {
            self.first_vacant = self.entries[index as usize].ticks;
            return index;
        }
        self.new_entry()
    }

    fn new_entry(&mut self) -> u32 {
        // The last number has a meaning of its own.
        let index = u32::try_from(self.entries.len())
            .ok()
            .filter(|index| *index != NONE)
            .expect("memory for four billion timers");
        self.entries.push(Entry {
            payload: None,
            generation: self.first_generation,
            ticks: APART,
        });
        index
    }

    /// Nobody is there, so no slot lists anybody.
    #[inline]
    fn release_if_empty(&mut self) {
        if self.length == 0 && self.entries.len() > self.kept_entries {
            self.release_memory();
        }
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
