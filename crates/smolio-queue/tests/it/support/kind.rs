//! The three kinds under one name, so that one test serves all of them.

use std::fmt::Debug;

use futures_core::Stream;
use smolio_queue::{
    Get, GetJob, GetMany, Join, LifoQueue, Next, PriorityQueue, Producer, Put, PutAll, Queue,
    QueueStats, TaskDoneError, TryGetError, TryPutError,
};

/// A queue of numbers, of one of the three kinds.
pub(crate) trait Kind:
    Clone + Debug + Send + Sync + Unpin + Stream<Item = u32> + 'static
{
    /// Which of the items comes out next, obvious and slow.
    fn next_of(items: &[u32]) -> usize;

    fn bounded(capacity: usize) -> Self;
    fn unbounded() -> Self;
    fn named(self, name: &str) -> Self;
    fn put(&self, item: u32) -> Put<'_, u32>;
    fn try_put(&self, item: u32) -> Result<(), TryPutError<u32>>;
    fn put_all(&self, items: Vec<u32>) -> PutAll<'_, u32>;
    fn get(&self) -> Get<'_, u32>;
    fn try_get(&self) -> Result<u32, TryGetError>;
    fn next(&self) -> Next<'_, u32>;
    fn get_many(&self, max: usize) -> GetMany<'_, u32>;
    fn get_job(&self) -> GetJob<'_, u32>;
    fn task_done(&self) -> Result<(), TaskDoneError>;
    fn join(&self) -> Join<'_, u32>;
    fn producer(&self) -> Producer<u32>;
    fn shutdown(&self);
    fn shutdown_now(&self);
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool;
    fn is_full(&self) -> bool;
    fn capacity(&self) -> Option<usize>;
    fn stats(&self) -> QueueStats;

    /// The items in the order in which this kind gives them, if all are in before the first is got.
    fn in_order(items: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut items = Vec::from_iter(items);
        let mut ordered = Vec::new();
        while !items.is_empty() {
            ordered.push(items.remove(Self::next_of(&items)));
        }
        ordered
    }
}

macro_rules! kind {
    ($queue:ident, $next_of:expr) => {
        impl Kind for $queue<u32> {
            fn next_of(items: &[u32]) -> usize {
                $next_of(items)
            }
            kind!(delegate $queue:
                bounded(capacity: usize) -> Self;
                unbounded() -> Self;
            );
            fn named(self, name: &str) -> Self {
                self.named(name)
            }
            kind!(delegate $queue:
                put(&self, item: u32) -> Put<'_, u32>;
                try_put(&self, item: u32) -> Result<(), TryPutError<u32>>;
                put_all(&self, items: Vec<u32>) -> PutAll<'_, u32>;
                get(&self) -> Get<'_, u32>;
                try_get(&self) -> Result<u32, TryGetError>;
                next(&self) -> Next<'_, u32>;
                get_many(&self, max: usize) -> GetMany<'_, u32>;
                get_job(&self) -> GetJob<'_, u32>;
                task_done(&self) -> Result<(), TaskDoneError>;
                join(&self) -> Join<'_, u32>;
                producer(&self) -> Producer<u32>;
                shutdown(&self) -> ();
                shutdown_now(&self) -> ();
                len(&self) -> usize;
                is_empty(&self) -> bool;
                is_full(&self) -> bool;
                capacity(&self) -> Option<usize>;
                stats(&self) -> QueueStats;
            );
        }
    };
    (delegate $queue:ident: $($name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        $(fn $name($($argument: $type),*) -> $output { $queue::$name($($argument),*) })*
    };
    (delegate $queue:ident: $($name:ident(&self $(, $argument:ident: $type:ty)*) -> $output:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)*) -> $output { $queue::$name(self $(, $argument)*) })*
    };
}

kind!(Queue, |_: &[u32]| 0);
kind!(LifoQueue, |items: &[u32]| items.len() - 1);
kind!(PriorityQueue, |items: &[u32]| {
    let smallest = items.iter().enumerate().min_by_key(|(_, item)| **item);
    smallest.expect("there are items").0
});

/// Each function, generic over the kind, becomes three tests.
macro_rules! for_all_kinds {
    ($($test:ident),* $(,)?) => {
        mod first_in_first_out {
            $(#[test] fn $test() { super::$test::<smolio_queue::Queue<u32>>(); })*
        }
        mod last_in_first_out {
            $(#[test] fn $test() { super::$test::<smolio_queue::LifoQueue<u32>>(); })*
        }
        mod smallest_first {
            $(#[test] fn $test() { super::$test::<smolio_queue::PriorityQueue<u32>>(); })*
        }
    };
}
pub(crate) use for_all_kinds;
