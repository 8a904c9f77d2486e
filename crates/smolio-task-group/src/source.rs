//! Where the members of a set come from: an iterator that is asked only when there is room.

use std::future::IntoFuture;

use crate::set::Members;

pub(crate) struct Source<I> {
    /// Dropped as soon as it has given its last one.
    iterator: Option<I>,
    /// How many of its futures may be there at the same time.
    limit: usize,
    pulled: usize,
}

impl<I> Source<I> {
    pub(crate) fn new(iterator: I) -> Self {
        Self {
            iterator: Some(iterator),
            limit: usize::MAX,
            pulled: 0,
        }
    }

    #[track_caller]
    pub(crate) fn set_limit(&mut self, limit: usize) {
        assert!(limit > 0, "with a limit of 0 no future would ever run");
        self.limit = limit;
    }

    /// Before the first future: how many will come at least, as far as the iterator knows.
    pub(crate) fn at_least(&self) -> usize
    where
        I: Iterator,
    {
        // Not later: it is not our code, and may panic.
        match &self.iterator {
            Some(iterator) if self.pulled == 0 => iterator.size_hint().0,
            _ => 0,
        }
    }

    /// Fills up the set, as far as one poll may. The futures are numbered as they come.
    #[inline]
    pub(crate) fn fill<F>(&mut self, members: &mut Members<F>)
    where
        I: Iterator<Item: IntoFuture<IntoFuture = F>>,
    {
        while members.len() < self.limit && members.may_admit() {
            let Some(iterator) = &mut self.iterator else {
                return;
            };
            let Some(future) = iterator.next() else {
                self.iterator = None;
                return;
            };
            members.admit(self.pulled, future.into_future());
            self.pulled += 1;
        }
    }
}
