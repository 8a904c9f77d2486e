//! What is in a queue, and in which order it comes out.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    thread, vec,
};

use crate::heap::Heap;

pub(crate) struct Items<T> {
    order: Order<T>,
    // How many were ever put in, and how many have left again. Each change asks for the difference: it must not need to
    // know the order.
    accepted: u64,
    given: u64,
}

/// The one difference between the three kinds. Not a type parameter: so all three share their futures, their handles
/// and their compiled code.
// With a tag of its own: hidden in a length it would take as many instructions to find as to take an item out.
#[repr(u8)]
enum Order<T> {
    FirstInFirstOut(VecDeque<T>),
    LastInFirstOut(Vec<T>),
    SmallestFirst(Heap<T>),
}

impl<T> Items<T> {
    pub(crate) fn first_in_first_out() -> Self {
        Self::new(Order::FirstInFirstOut(VecDeque::new()))
    }

    pub(crate) fn last_in_first_out() -> Self {
        Self::new(Order::LastInFirstOut(Vec::new()))
    }

    pub(crate) fn smallest_first() -> Self
    where
        T: Ord,
    {
        Self::new(Order::SmallestFirst(Heap::new()))
    }

    fn new(order: Order<T>) -> Self {
        Self {
            order,
            accepted: 0,
            given: 0,
        }
    }

    /// What the user calls a queue of this order.
    pub(crate) fn kind(&self) -> &'static str {
        match self.order {
            Order::FirstInFirstOut(_) => "Queue",
            Order::LastInFirstOut(_) => "LifoQueue",
            Order::SmallestFirst(_) => "PriorityQueue",
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        (self.accepted - self.given) as usize
    }

    /// How many items have ever been put in.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Puts the item in. If its comparison panics it stays with the caller, and nothing has happened.
    #[inline]
    pub(crate) fn push(&mut self, item: &mut Option<T>) {
        match (&mut self.order, item.take()) {
            (_, None) => return,
            (Order::FirstInFirstOut(items), Some(new)) => items.push_back(new),
            (Order::LastInFirstOut(items), Some(new)) => items.push(new),
            (Order::SmallestFirst(items), Some(new)) => {
                // Back to its place first, for that is where it stays if this panics.
                *item = Some(new);
                items.push(item, self.accepted);
            }
        }
        self.accepted += 1;
    }

    /// Puts in `most` of the items at most. If a comparison panics, its item and the rest stay with the caller.
    pub(crate) fn push_many(&mut self, rest: &mut vec::IntoIter<T>, most: usize) {
        let most = most.min(rest.len());
        match &mut self.order {
            Order::FirstInFirstOut(items) => items.extend(rest.take(most)),
            Order::LastInFirstOut(items) => items.extend(rest.take(most)),
            Order::SmallestFirst(items) => {
                for _ in 0..most {
                    let Some(new) = rest.as_slice().first() else {
                        return;
                    };
                    let position = items.position(new);
                    if let Some(new) = rest.next() {
                        items.insert(position, new, self.accepted);
                        self.accepted += 1;
                    }
                }
                return;
            }
        }
        self.accepted += most as u64;
    }

    /// Takes the next item out. If a comparison panics, nothing has happened.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let item = match &mut self.order {
            Order::FirstInFirstOut(items) => items.pop_front(),
            Order::LastInFirstOut(items) => items.pop(),
            Order::SmallestFirst(items) => items.pop(),
        }?;
        self.given += 1;
        Some(item)
    }

    /// Moves the next items out, `most` of them at most. If a comparison panics it ends there and gives the payload; what
    /// has been taken by then is in `taken`.
    pub(crate) fn pop_many(&mut self, taken: &mut Vec<T>, most: usize) -> thread::Result<()> {
        let most = most.min(self.len());
        let before = taken.len();
        let result = self.pop_into(taken, most);
        self.given += (taken.len() - before) as u64;
        result
    }

    fn pop_into(&mut self, taken: &mut Vec<T>, most: usize) -> thread::Result<()> {
        match &mut self.order {
            Order::FirstInFirstOut(items) => taken.extend(items.drain(..most)),
            Order::LastInFirstOut(items) => {
                taken.extend(items.drain(items.len() - most..).rev());
            }
            Order::SmallestFirst(items) => {
                return catch_unwind(AssertUnwindSafe(|| {
                    while let Some(item) = (taken.len() < most).then(|| items.pop()).flatten() {
                        taken.push(item);
                    }
                }));
            }
        }
        Ok(())
    }

    /// Takes all of it away, to be dropped elsewhere.
    pub(crate) fn take_all(&mut self) -> Self {
        let empty = match &self.order {
            Order::FirstInFirstOut(_) => Order::FirstInFirstOut(VecDeque::new()),
            Order::LastInFirstOut(_) => Order::LastInFirstOut(Vec::new()),
            Order::SmallestFirst(items) => Order::SmallestFirst(items.new_empty()),
        };
        let order = std::mem::replace(&mut self.order, empty);
        self.given = self.accepted;
        Self::new(order)
    }
}
