//! What a queue tells about itself.

/// The numbers of a queue at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct QueueStats {
    /// How many items are in the queue.
    pub items: usize,
    /// How many there may be; `None` is any number.
    pub capacity: Option<usize>,
    /// How many futures wait for an item.
    pub getters: usize,
    /// How many futures wait for room.
    pub putters: usize,
    /// How many futures wait until all items are done with.
    pub joiners: usize,
    /// How many counted handles there are.
    pub producers: usize,
    /// How many items have ever been put in.
    pub accepted: u64,
    /// For how many of them `task_done` is still to be called.
    pub unfinished: u64,
    /// Whether puts are refused.
    pub shut_down: bool,
}
