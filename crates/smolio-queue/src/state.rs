//! What a queue is, and what can be done to it at once: all that happens under its lock, and nothing that waits.

use std::{sync::Arc, task::Poll, thread, vec};

use crate::{
    error::{GetError, TaskDoneError, TryGetError},
    items::Items,
    line::Line,
    stats::QueueStats,
    wakes::Wakes,
};

/// The capacity of a queue without one.
pub(crate) const UNBOUNDED: usize = usize::MAX;

pub(crate) struct State<T> {
    items: Items<T>,
    capacity: usize,
    shut_down: bool,
    name: Option<Arc<str>>,

    /// How many of the accepted items are done with: `task_done` was called for them, or they were discarded.
    done: u64,
    /// How many times all items were done with. Tells those who wait for that when it was so for a moment.
    completions: u64,
    /// How many counted handles there are.
    producers: usize,

    getters: Line,
    putters: Line,
    joiners: Line,
}

/// Why an item was not put in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    ShutDown,
}

/// What somebody waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// For items.
    Get,
    /// For room.
    Put,
    /// Until all items are done with.
    Join,
}

impl<T> State<T> {
    pub(crate) fn new(items: Items<T>, capacity: usize) -> Self {
        Self {
            items,
            capacity,
            shut_down: false,
            name: None,
            done: 0,
            completions: 0,
            producers: 0,
            getters: Line::default(),
            putters: Line::default(),
            joiners: Line::default(),
        }
    }

    #[inline]
    pub(crate) fn line(&mut self, side: Side) -> &mut Line {
        match side {
            Side::Get => &mut self.getters,
            Side::Put => &mut self.putters,
            Side::Join => &mut self.joiners,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    fn room(&self) -> usize {
        self.capacity - self.items.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        (self.capacity != UNBOUNDED).then_some(self.capacity)
    }

    pub(crate) fn set_name(&mut self, name: Arc<str>) -> Option<Arc<str>> {
        self.name.replace(name)
    }

    pub(crate) fn name(&self) -> Option<Arc<str>> {
        self.name.clone()
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.items.kind()
    }

    /// Takes the item if there is room for it.
    #[inline]
    pub(crate) fn put(&mut self, item: &mut Option<T>) -> Result<(), Refusal> {
        if self.shut_down {
            return Err(Refusal::ShutDown);
        }
        if self.is_full() {
            return Err(Refusal::Full);
        }
        self.items.push(item);
        Ok(())
    }

    /// Takes as many of the items as there is room for. Full: there are more.
    pub(crate) fn put_many(&mut self, rest: &mut vec::IntoIter<T>) -> Result<(), Refusal> {
        if self.shut_down {
            return Err(Refusal::ShutDown);
        }
        self.items.push_many(rest, self.room());
        if rest.len() == 0 {
            Ok(())
        } else {
            Err(Refusal::Full)
        }
    }

    /// The next item, if there is one.
    #[inline]
    pub(crate) fn get(&mut self) -> Result<T, TryGetError> {
        match self.items.pop() {
            Some(item) => Ok(item),
            None if self.shut_down => Err(TryGetError::ShutDown),
            None => Err(TryGetError::Empty),
        }
    }

    /// The next item for those who can wait for one.
    #[inline]
    pub(crate) fn poll_get(&mut self) -> Poll<Result<T, GetError>> {
        match self.get() {
            Ok(item) => Poll::Ready(Ok(item)),
            Err(TryGetError::ShutDown) => Poll::Ready(Err(GetError::new())),
            Err(TryGetError::Empty) => Poll::Pending,
        }
    }

    /// Moves as many items as there are, `most` of them at most, to `taken`. The inner result is what became of the
    /// comparisons.
    pub(crate) fn poll_get_many(
        &mut self,
        taken: &mut Vec<T>,
        most: usize,
    ) -> Poll<Result<thread::Result<()>, GetError>> {
        if self.items.len() > 0 {
            return Poll::Ready(Ok(self.items.pop_many(taken, most)));
        }
        if self.shut_down {
            return Poll::Ready(Err(GetError::new()));
        }
        Poll::Pending
    }

    pub(crate) fn unfinished(&self) -> u64 {
        self.items.accepted() - self.done
    }

    pub(crate) fn completions(&self) -> u64 {
        self.completions
    }

    pub(crate) fn task_done(&mut self) -> Result<(), TaskDoneError> {
        if self.unfinished() == 0 {
            return Err(TaskDoneError::new());
        }
        self.finish(1);
        Ok(())
    }

    fn finish(&mut self, items: u64) {
        // Where `task_done` was called for items that are still queued, fewer are left than are discarded.
        let items = items.min(self.unfinished());
        self.done += items;
        if items > 0 && self.unfinished() == 0 {
            self.completions += 1;
        }
    }

    pub(crate) fn shut_down(&mut self) {
        self.shut_down = true;
    }

    /// Gives what was queued, to be dropped where the lock is free.
    pub(crate) fn shut_down_now(&mut self) -> Items<T> {
        self.shut_down = true;
        self.finish(self.items.len() as u64);
        self.items.take_all()
    }

    pub(crate) fn add_producer(&mut self) {
        self.producers += 1;
    }

    pub(crate) fn remove_producer(&mut self) {
        self.producers -= 1;
        if self.producers == 0 {
            self.shut_down();
        }
    }

    /// After each change: notifies as many of those that wait as can be served.
    #[inline]
    pub(crate) fn settle(&mut self, wakes: &mut Wakes) {
        let items = self.available(self.len());
        self.getters.notify(items, wakes);
        let room = self.available(self.room());
        self.putters.notify(room, wakes);
        if self.joiners.is_waited_in() && self.unfinished() == 0 {
            self.joiners.notify(u64::MAX, wakes);
        }
    }

    /// Who is told that the queue is shut down needs no item and no room for that.
    #[inline]
    fn available(&self, there: usize) -> u64 {
        if self.shut_down {
            u64::MAX
        } else {
            there as u64
        }
    }

    pub(crate) fn stats(&self) -> QueueStats {
        QueueStats {
            items: self.len(),
            capacity: self.capacity(),
            getters: self.getters.len(),
            putters: self.putters.len(),
            joiners: self.joiners.len(),
            producers: self.producers,
            accepted: self.items.accepted(),
            unfinished: self.unfinished(),
            shut_down: self.shut_down,
        }
    }

    /// For the report of who waits for what. The words of one wait must not change while it lasts.
    pub(crate) fn waiting_for(&self, side: Side) -> String {
        let kind = self.kind();
        let on = match &self.name {
            Some(name) => format!(" on {name:?}"),
            None => String::new(),
        };
        match side {
            Side::Get => format!("{kind}::get{on} (empty)"),
            Side::Put => format!("{kind}::put{on} (full, capacity {})", self.capacity),
            Side::Join => format!("{kind}::join{on} ({} unfinished)", self.unfinished()),
        }
    }
}
