//! The seats that are ready, in their order: two lists, of which one is read while the other is written.
//!
//! A ring, which would do as well, has to see to its ends at each step. This was a tenth of what a member of a `gather`
//! costs.

use std::mem;

use smolio_context::ReadyOrder;

#[derive(Default)]
pub(crate) struct Queue {
    /// Those from `first` on come first.
    front: Vec<u32>,
    first: usize,
    /// These come after them.
    back: Vec<u32>,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.front.len() - self.first + self.back.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, seat: u32) {
        self.back.push(seat);
    }

    /// Takes over all of `seats`, in their order.
    pub(crate) fn append(&mut self, seats: &mut Vec<u32>) {
        self.back.append(seats);
    }

    /// The next seat, in first-in-first-out order or as the seed of a test has it.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<u32> {
        if self.first == self.front.len() && !self.turn_over() {
            return None;
        }
        let next = match ReadyOrder::pick(self.len()) {
            0 => self.front[self.first],
            other => self.take_for_first(other),
        };
        self.first += 1;
        Some(next)
    }

    /// The front is empty: the back becomes the front. Whether there is anybody.
    fn turn_over(&mut self) -> bool {
        self.front.clear();
        self.first = 0;
        mem::swap(&mut self.front, &mut self.back);
        !self.front.is_empty()
    }

    /// The seat that is so many behind the first one, which takes its place: the order is random anyway.
    #[cold]
    fn take_for_first(&mut self, behind: usize) -> u32 {
        let first = self.front[self.first];
        let rest = self.front.len() - self.first;
        let place = if behind < rest {
            &mut self.front[self.first + behind]
        } else {
            &mut self.back[behind - rest]
        };
        mem::replace(place, first)
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;

    #[test]
    fn first_in_first_out_whichever_list_they_are_in() {
        let mut queue = Queue::default();
        assert_eq!(queue.pop(), None);
        queue.push(1);
        queue.append(&mut vec![2, 3]);
        assert_eq!((queue.pop(), queue.len()), (Some(1), 2));
        queue.push(4);
        assert_eq!(queue.len(), 3);
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!((rest.as_slice(), queue.len()), ([2, 3, 4].as_slice(), 0));
        queue.push(5);
        assert_eq!(queue.pop(), Some(5));
    }

    #[test]
    fn what_is_taken_out_of_turn_is_replaced_by_the_first() {
        let mut queue = Queue::default();
        queue.append(&mut vec![1, 2, 3]);
        assert!(queue.turn_over());
        queue.push(4);
        assert_eq!(queue.take_for_first(3), 4);
        queue.first += 1;
        assert_eq!(queue.take_for_first(1), 3);
        queue.first += 1;
        let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest, [2, 1]);
    }
}
