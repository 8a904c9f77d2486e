//! A heap that gives the smallest item first, and the oldest among equals.
//!
//! The standard library's forgets an item when a comparison panics. In this one all comparisons come before the first
//! move, so that a panic in one of them leaves everything as it was. What they find is a position; the way there is that
//! of its ancestors.

use std::mem;

pub(crate) struct Heap<T> {
    // The children of the entry at i are at 2i + 1 and 2i + 2, and neither of them precedes it.
    entries: Vec<Entry<T>>,
    // The two that compare. Pointers to the whole searches, not to the comparison: that is done up to twenty times in each,
    // and is part of them then. Who pushes and pops does not need to know of any order.
    position: fn(&[Entry<T>], &T) -> usize,
    end_of_path: fn(&[Entry<T>]) -> usize,
}

struct Entry<T> {
    item: T,
    arrival: u64,
}

impl<T: Ord> Heap<T> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            position: position_of,
            end_of_path,
        }
    }
}

impl<T> Heap<T> {
    /// An empty one with the same order.
    pub(crate) fn new_empty(&self) -> Self {
        Self {
            entries: Vec::new(),
            ..*self
        }
    }

    /// Puts the item in where it belongs. May panic, and then it is still there, for the comparison is not ours.
    // By itself, so that it is not in the way of the other kinds of queue.
    #[inline(never)]
    pub(crate) fn push(&mut self, item: &mut Option<T>, arrival: u64) {
        let Some(new) = item else {
            return;
        };
        let position = self.position(new);
        if let Some(new) = item.take() {
            self.insert(position, new, arrival);
        }
    }

    /// Where a new item belongs. May panic, for the comparison is not ours.
    #[inline]
    pub(crate) fn position(&self, item: &T) -> usize {
        (self.position)(&self.entries, item)
    }

    /// Puts an item where it belongs.
    #[inline]
    pub(crate) fn insert(&mut self, position: usize, item: T, arrival: u64) {
        // From there down to the end, of which it is an ancestor. Upwards the new one would be read where it was written
        // a moment ago, in other pieces, and for that a processor waits until the writes are done.
        let end = self.entries.len();
        let mut displaced = Entry { item, arrival };
        let mut levels = (end + 1).ilog2() - (position + 1).ilog2();
        while levels > 0 {
            let at = ((end + 1) >> levels) - 1;
            displaced = mem::replace(&mut self.entries[at], displaced);
            levels -= 1;
        }
        self.entries.push(displaced);
    }

    /// Takes the first. May panic, for the comparison is not ours.
    // By itself as well.
    #[inline(never)]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.entries.len() < 2 {
            return self.entries.pop().map(|only| only.item);
        }
        let mut at = (self.end_of_path)(&self.entries);
        let mut displaced = self.entries.pop()?;
        // The last one goes to the end of the path, whose entry goes to its parent, and so on, until the first is left.
        loop {
            displaced = mem::replace(&mut self.entries[at], displaced);
            if at == 0 {
                return Some(displaced.item);
            }
            at = (at - 1) / 2;
        }
    }
}

fn position_of<T: Ord>(entries: &[Entry<T>], item: &T) -> usize {
    let mut position = entries.len();
    while position > 0 {
        let parent = (position - 1) / 2;
        // Among equals the newcomer is the last.
        if item.cmp(&entries[parent].item).is_ge() {
            break;
        }
        position = parent;
    }
    position
}

/// Where the last entry would come to rest if it stood at the root.
///
/// To the bottom first, and from there up again to where the last one belongs: it was at the bottom before, so that is near.
/// To ask on the way down, at each step, whether it belongs there would be twice as many comparisons.
fn end_of_path<T: Ord>(entries: &[Entry<T>]) -> usize {
    let Some((last, others)) = entries.split_last() else {
        return 0;
    };
    let mut at = bottom(others);
    while at > 0 && precedes(last, &others[at]) {
        at = (at - 1) / 2;
    }
    at
}

/// Where it ends to go from the root to the smaller child each time.
fn bottom<T: Ord>(entries: &[Entry<T>]) -> usize {
    let mut at = 0;
    while let Some(grandchild) = first_grandchild(entries, at) {
        at = grandchild;
    }
    loop {
        let left = 2 * at + 1;
        match entries.get(left..) {
            None | Some([]) => return at,
            Some([_]) => return left,
            Some([one, other, ..]) => at = left + usize::from(precedes(other, one)),
        }
    }
}

/// The smaller child of the smaller child of an entry that has four grandchildren.
///
/// Two steps for the time of one: each has to wait for the one before, so it is better to find the smaller children of both
/// children meanwhile than to do without one of these comparisons.
#[inline]
fn first_grandchild<T: Ord>(entries: &[Entry<T>], at: usize) -> Option<usize> {
    let left = 2 * at + 1;
    let grandchildren = 2 * left + 1;
    let [a, b, c, d] = entries.get(grandchildren..grandchildren + 4)? else {
        return None;
    };
    let goes_right = usize::from(precedes(&entries[left + 1], &entries[left]));
    let of_left = usize::from(precedes(b, a));
    let of_right = usize::from(precedes(d, c));
    // A choice would be a branch, and no processor can guess it.
    let of_either = of_left ^ ((of_left ^ of_right) & goes_right);
    Some(grandchildren + 2 * goes_right + of_either)
}

#[inline]
fn precedes<T: Ord>(one: &Entry<T>, other: &Entry<T>) -> bool {
    let order = one.item.cmp(&other.item);
    // All of it each time, for the same reason.
    order.is_lt() | (order.is_eq() & (one.arrival < other.arrival))
}
