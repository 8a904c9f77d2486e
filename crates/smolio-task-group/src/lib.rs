//! Structured concurrency: children that borrow, end with their scope, and lose no error.
//!
//! The nouns are the [`TaskGroup`] (asyncio's, with borrowing children), the [`Supervisor`] (whose children may fail) and the
//! [`CancelScope`]. Beside them stand functions for futures that run at the same time within one: [`gather`], [`try_gather`],
//! [`race`], [`as_completed`] and [`wait`].
//!
//! ```
//! use smolio_task_group::TaskGroup;
//! # futures_lite::future::block_on(async {
//! let words = vec!["structured".to_string(), "concurrency".to_string()];
//! let group = TaskGroup::infallible();
//! let longest = group
//!     .run_value(async {
//!         let lengths: Vec<_> = words
//!             .iter()
//!             .map(|word| group.spawn_value(async move { word.len() })) // borrows: no Arc, no clone
//!             .collect();
//!         let mut longest = 0;
//!         for length in lengths {
//!             longest = longest.max(length.await);
//!         }
//!         longest
//!     })
//!     .await;
//! assert_eq!(longest.unwrap(), 11);
//! # });
//! ```
//!
//! All of it runs on any executor. What the compiler may have to say about groups, and what to write instead, is in
//! [`compile_errors`].
//!
//! # When not to use this
//! The children of a group share one thread at a time. Work that is to use several cores goes into tasks of an executor;
//! let the children await those.

#![deny(unsafe_code)]

#[macro_use]
mod methods;

mod group;
mod local;
mod outcome;

mod child;
mod error;
mod start;

mod supervisor;

mod scope;
mod token;

mod gather;
mod gathered;
mod race;
mod try_gather;
mod tuples;

mod as_completed;
mod wait;

pub mod compile_errors;

mod cell;
mod collecting;
mod core;
mod deadline;
mod keep;
mod list;
mod members;
mod panics;
mod place;
mod queue;
mod ready;
mod run;
mod seats;
mod set;
mod source;
mod supervision;
mod task;
mod waiters;

pub use as_completed::{AsCompleted, AsCompletedStats, NextCompleted, as_completed};
pub use child::{Child, ChildError, Join};
pub use core::TaskGroupStats;
pub use error::{Cancelled, Failure, SpawnError, TaskGroupError};
pub use gather::{Gather, GatherIter, GatherTuple, gather};
pub use gathered::Gathered;
pub use group::{Spawner, TaskGroup};
pub use local::{LocalSpawner, LocalTaskGroup};
pub use outcome::Outcome;
pub use race::{EmptyRace, Race, RaceIter, RaceTuple, race};
pub use scope::{CancelScope, CancelScopeStats};
pub use start::{ReadySignal, StartError};
pub use supervision::{ChildPanic, SupervisedError};
pub use supervisor::{Supervisor, SupervisorStats};
pub use token::{CancelToken, CancelTokenStats};
pub use try_gather::{TryGather, TryGatherIter, TryGatherTuple, try_gather};
pub use tuples::{
    Or2, Or3, Or4, Or5, Or6, Or7, Or8, Or9, Or10, Or11, Or12, Or13, Or14, Or15, Or16,
};
pub use wait::{All, FirstCompleted, FirstError, Until, Wait, WaitSet, WaitSetStats, wait};
