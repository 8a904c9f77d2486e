//! The cells that tasks live in. All `unsafe` of this crate is in this module.
//!
//! - [`bound`]: a future that only its home thread may touch: it may be `!Send`, and its wakers may be anywhere.
//! - [`join`]: one value handed from the one who runs a task to the one who holds its handle.
//! - [`joiner`]: that handle, seen from inside: unique, so that the rules of `join` hold by construction.
//! - [`local`]: a task of a loop.
//! - [`owners`]: how many own one.
//! - [`pooled`]: a task of the workers, who move it about.
//! - [`request`]: asking such a task to end.
//! - [`shared`]: the pointer to all of these.
//! - [`table`]: those of a loop that wait to be woken.
//! - [`slot`]: one of the workers' tasks, ready to be run by the first who takes it.
//! - [`slab`]: where their memory comes from; [`free_slots`] is the atomic part of it.

mod bound;
mod free_slots;
mod join;
mod joiner;
mod local;
mod owners;
mod pooled;
mod request;
mod shared;
mod slab;
mod slot;
mod table;

pub(crate) use bound::Thread;
pub(crate) use joiner::{Completion, Failure, Gone, Joiner, Outcome};
pub(crate) use local::{LocalCell, Ran, Runnable, drop_unread};
pub(crate) use pooled::pooled;
pub(crate) use shared::Shared;
pub(crate) use slab::Slab;
pub(crate) use slot::Slot;
pub(crate) use table::Table;
