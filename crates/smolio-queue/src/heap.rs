//! A heap that gives the smallest item first, and the oldest among equals.
//!
//! The standard library's forgets an item when a comparison panics. In this one all comparisons come before the first
//! move, so that a panic in one of them leaves everything as it was.

use std::cmp::Ordering;

pub(crate) struct Heap<T> {
    // The children of the entry at i are at 2i + 1 and 2i + 2, and neither of them precedes it.
    entries: Vec<Entry<T>>,
    compare: fn(&T, &T) -> Ordering,
}

struct Entry<T> {
    item: T,
    arrival: u64,
}

/// The way down from the root: at each step to the left child or to the right one.
struct Path {
    length: u32,
    // A bit for each step, set for the right one. A heap that fills the memory has fewer than 64 levels.
    rights: u64,
}

impl<T> Heap<T> {
    pub(crate) fn new(compare: fn(&T, &T) -> Ordering) -> Self {
        Self {
            entries: Vec::new(),
            compare,
        }
    }

    /// An empty one with the same order.
    pub(crate) fn new_empty(&self) -> Self {
        Self::new(self.compare)
    }

    /// Where a new item belongs. May panic, for the comparison is not ours.
    pub(crate) fn position(&self, item: &T) -> usize {
        let mut position = self.entries.len();
        while position > 0 {
            let parent = (position - 1) / 2;
            // Among equals the newcomer is the last.
            if (self.compare)(item, &self.entries[parent].item).is_ge() {
                break;
            }
            position = parent;
        }
        position
    }

    /// Puts an item where it belongs.
    pub(crate) fn insert(&mut self, position: usize, item: T, arrival: u64) {
        let mut at = self.entries.len();
        self.entries.push(Entry { item, arrival });
        while at > position {
            let parent = (at - 1) / 2;
            self.entries.swap(at, parent);
            at = parent;
        }
    }

    /// Takes the first. May panic, for the comparison is not ours.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let last = self.entries.len().checked_sub(1)?;
        let path = self.path_of(last);
        let first = self.entries.swap_remove(0);
        let mut at = 0;
        for step in 0..path.length {
            let child = 2 * at + 1 + (path.rights >> step & 1) as usize;
            self.entries.swap(at, child);
            at = child;
        }
        Some(first.item)
    }

    /// How the last entry would sink if it stood at the root.
    fn path_of(&self, last: usize) -> Path {
        let (mut length, mut rights, mut at) = (0, 0, 0);
        loop {
            let left = 2 * at + 1;
            if left >= last {
                break;
            }
            let goes_right = left + 1 < last && self.precedes(left + 1, left);
            let child = left + usize::from(goes_right);
            if !self.precedes(child, last) {
                break;
            }
            rights |= u64::from(goes_right) << length;
            length += 1;
            at = child;
        }
        Path { length, rights }
    }

    fn precedes(&self, left: usize, right: usize) -> bool {
        let (left, right) = (&self.entries[left], &self.entries[right]);
        (self.compare)(&left.item, &right.item)
            .then(left.arrival.cmp(&right.arrival))
            .is_lt()
    }
}
