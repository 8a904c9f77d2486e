//! Permits, given out first come, first served: what semaphores and limiters have in common.

use crate::{line::Line, place::Waited, wakes::Wakes};

#[derive(Default)]
pub(crate) struct Permits {
    /// How many there are. It may fall below what is taken: then nobody gets one until so many have been given back.
    total: usize,
    taken: usize,
    /// Those that wait, and for how many. One that wants many keeps those behind it waiting, or would never have its turn.
    line: Line<usize, usize>,
}

impl Permits {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            ..Self::default()
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    pub(crate) fn available(&self) -> usize {
        self.total.saturating_sub(self.taken)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.line.waiting()
    }

    pub(crate) fn set_total(&mut self, total: usize, wakes: &mut Wakes) {
        self.total = total;
        self.settle(wakes);
    }

    /// Takes so many, if nobody has to come first.
    pub(crate) fn take(&mut self, count: usize) -> Option<usize> {
        let may = count == 0 || (self.line.waiting() == 0 && count <= self.available());
        may.then(|| {
            self.taken += count;
            count
        })
    }

    pub(crate) fn give_back(&mut self, count: usize, wakes: &mut Wakes) {
        self.taken -= count;
        self.settle(wakes);
    }

    /// So many of those that are taken do not come back.
    pub(crate) fn forget(&mut self, count: usize) {
        self.taken -= count;
        self.total -= count;
    }

    /// Gives those at the front of the line what they want, so far as it is there.
    fn settle(&mut self, wakes: &mut Wakes) {
        while let Some(&count) = self.line.first() {
            if count > self.available() {
                return;
            }
            self.taken += count;
            self.line.grant_first(count, wakes);
        }
    }
}

impl Waited for Permits {
    type Want = usize;
    type Grant = usize;

    const HAS_HOLDERS: bool = true;

    fn line(&mut self) -> &mut Line<usize, usize> {
        &mut self.line
    }

    fn attempt(&mut self, want: &usize, _: &mut Wakes) -> Option<usize> {
        self.take(*want)
    }

    fn left(&mut self, grant: Option<usize>, wakes: &mut Wakes) {
        // If it had got nothing, it may have been the one that kept those behind it waiting.
        self.give_back(grant.unwrap_or(0), wakes);
    }
}
