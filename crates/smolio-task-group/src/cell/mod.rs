//! Where futures and what their wakers know of them lie in memory: the only unsafe code of this crate.
//!
//! | module | what it holds |
//! |---|---|
//! | `owner` | one future of any type: the children of a group |
//! | `slab` | the memory of many children; few have allocations of their own |
//! | `promise` | the place for the value of a child, which the child and its handle share |
//! | `arena`, `chunk` | many futures of one type, some dozens in each allocation: the members of a set |
//! | `here` | the queue of the set that a thread is polling, as the wakers of its futures reach it |
//!
//! In both homes the rule is the same. The future belongs to its owner and is touched, and dropped, by nobody else. Wakers
//! hold references that keep memory and no future. So a waker may outlive what the future borrows, and an owner that is
//! leaked leaks its futures without harm.

#![allow(unsafe_code, reason = "the one home of unsafe code in this crate")]

mod arena;
mod chunk;
mod here;
mod owner;
mod promise;
mod slab;

use std::{marker::PhantomData, mem::ManuallyDrop, ops::Deref, task::Waker};

pub(crate) use arena::Arena;
pub(crate) use here::Here;
pub(crate) use owner::{Node, NodeRef, Owner};
pub(crate) use promise::{Answer, Promise};
pub(crate) use slab::Slab;

/// More references than this can only be leaked ones; std's `Arc` stops there, too.
const MOST_REFERENCES: usize = isize::MAX as usize;

/// A waker that lives no longer than the borrow of its future's owner, and holds no reference.
pub(crate) struct BorrowedWaker<'a> {
    waker: ManuallyDrop<Waker>,
    owner: PhantomData<&'a ()>,
}

impl BorrowedWaker<'_> {
    /// `waker` stands for a reference that it does not have: whoever calls this has one for as long as it is borrowed.
    fn new(waker: Waker) -> Self {
        Self {
            waker: ManuallyDrop::new(waker),
            owner: PhantomData,
        }
    }
}

impl Deref for BorrowedWaker<'_> {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.waker
    }
}
