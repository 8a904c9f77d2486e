//! Where the children of a running group sit: found by number, freed on completion, dropped in reverse order of spawning.

use std::{cmp::Reverse, mem};

use smolio_context::CleanUp;

use crate::{
    cell::{Node, NodeRef},
    task::ChildBox,
};

/// All that is being polled, by the number of its seat.
pub(crate) struct Seats<C> {
    seats: Vec<Option<Seat<C>>>,
    taken: usize,
}

pub(crate) struct Seat<C> {
    pub(crate) occupant: Occupant<C>,
    /// A child that has been let in: a group may limit how many run at a time.
    pub(crate) is_admitted: bool,
    /// A shielded scope was open in it at the end of its last poll.
    pub(crate) is_shielded: bool,
}

pub(crate) enum Occupant<C> {
    /// A child, and how many were spawned before it.
    Child { child: C, order: u64 },
    /// What the drop of a child left to be waited for.
    CleanUp {
        // In a box: every seat is as large as the largest occupant.
        clean_up: Box<CleanUp>,
        node: NodeRef,
    },
}

/// A seat that is free when this is dropped.
struct Left<'a, C>(&'a mut Option<Seat<C>>);

impl<C> Drop for Left<'_, C> {
    #[inline]
    fn drop(&mut self) {
        *self.0 = None;
    }
}

impl<C> Occupant<C> {
    pub(crate) fn node<E>(&self) -> &Node
    where
        C: ChildBox<E>,
    {
        match self {
            Self::Child { child, .. } => child.node(),
            Self::CleanUp { node, .. } => node,
        }
    }
}

impl<C> Seats<C> {
    pub(crate) fn new() -> Self {
        Self {
            seats: Vec::new(),
            taken: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.taken
    }

    /// So many are about to come, most of them one behind the other.
    pub(crate) fn reserve(&mut self, seats: usize) {
        if seats > 1 {
            self.seats.reserve(seats);
        }
    }

    /// Seats the one that `occupant` gives. It is made where it sits: to make and then to move it takes longer.
    #[inline]
    pub(crate) fn seat(&mut self, number: u32, occupant: impl FnOnce() -> Occupant<C>) {
        let index = number as usize;
        while self.seats.len() <= index {
            self.seats.push(None);
        }
        if let Some(seat) = self.seats.get_mut(index) {
            self.taken += 1;
            seat.get_or_insert_with(|| Seat {
                occupant: occupant(),
                is_admitted: false,
                is_shielded: false,
            });
        }
    }

    #[inline]
    pub(crate) fn get(&mut self, seat: u32) -> Option<&mut Seat<C>> {
        self.seats.get_mut(seat as usize)?.as_mut()
    }

    /// Drops whoever sits here, where he sits, after `before` was called with him; the seat is free, whether that panics or not.
    #[inline]
    pub(crate) fn vacate(&mut self, seat: u32, before: impl FnOnce(&mut Occupant<C>)) {
        let Some(place) = self.seats.get_mut(seat as usize) else {
            return;
        };
        if place.is_some() {
            self.taken -= 1;
            let left = Left(place);
            if let Some(seat) = left.0 {
                before(&mut seat.occupant);
            }
        }
    }

    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Occupant<C>> + use<C> {
        self.taken = 0;
        let seats = mem::take(&mut self.seats);
        seats.into_iter().flatten().map(|seat| seat.occupant)
    }

    /// The seats of the children for which `wanted` holds, last spawned first.
    pub(crate) fn children_in_reverse(&self, wanted: impl Fn(&Seat<C>) -> bool) -> Vec<u32> {
        let mut found = Vec::new();
        for (number, seat) in (0..).zip(&self.seats) {
            let Some(seat) = seat.as_ref().filter(|seat| wanted(seat)) else {
                continue;
            };
            if let Occupant::Child { order, .. } = seat.occupant {
                found.push((order, number));
            }
        }
        found.sort_unstable_by_key(|&(order, _)| Reverse(order));
        found.into_iter().map(|(_, seat)| seat).collect()
    }
}
