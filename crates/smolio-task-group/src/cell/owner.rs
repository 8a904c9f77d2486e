//! One allocation for a future of any type and for what its wakers know of it.
//!
//! | who | holds | touches |
//! |---|---|---|
//! | [`Owner`], one | the future and a reference | the future |
//! | [`NodeRef`] and wakers, many, on any thread | a reference | the [`Node`]: flags and a number |
//!
//! The future is dropped when its owner is, by the owner, whatever references are left: they keep memory, and no future.
//! So a waker may outlive what the future borrows, and a group that is leaked leaks its futures without harm. The memory is
//! freed with the last reference. Counting is as in std's `Arc`.

use std::{
    cell::UnsafeCell,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    pin::Pin,
    process::abort,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::{Answer, BorrowedWaker, MOST_REFERENCES, Promise};
use crate::{
    ready::{Node, Ready},
    task::AnyChild,
};

/// Whatever the future is, this comes first; `repr(C)` keeps it there.
#[repr(C)]
pub(crate) struct Cell<F: ?Sized> {
    head: Head,
    future: UnsafeCell<ManuallyDrop<F>>,
}

struct Head {
    references: AtomicUsize,
    /// Frees the memory; it knows the future's type.
    free: unsafe fn(NonNull<Head>),
    node: Node,
}

/// A future in its cell. It is dropped here, and polled here.
pub(crate) struct Owner<F: ?Sized> {
    cell: NonNull<Cell<F>>,
    owned: PhantomData<F>,
}

// SAFETY: with the owner goes the future; all else in the cell is `Sync`.
unsafe impl<F: Send + ?Sized> Send for Owner<F> {}
// SAFETY: a shared owner lends the future shared, and the node, which is `Sync`.
unsafe impl<F: Sync + ?Sized> Sync for Owner<F> {}
// The future is pinned in the cell, not in the owner.
impl<F: ?Sized> Unpin for Owner<F> {}

impl<F> Owner<F> {
    pub(crate) fn new(ready: Arc<Ready>, future: F) -> Self {
        Self::with_references(ready, future, 1)
    }

    /// As [`new`](Self::new), and a reference to a promise that is a part of the future, or all of it.
    pub(super) fn shared<T>(
        ready: Arc<Ready>,
        future: F,
        promise: impl FnOnce(&F) -> &Promise<T>,
    ) -> (Self, Answer<T>) {
        let owner = Self::with_references(ready, future, 2);
        let promise = NonNull::from(promise(owner.future()));
        let answer = Answer::new(promise, NodeRef(owner.head()));
        (owner, answer)
    }

    fn with_references(ready: Arc<Ready>, future: F, references: usize) -> Self {
        let cell = Box::new(Cell {
            head: Head {
                references: AtomicUsize::new(references),
                free: free::<F>,
                node: Node::new(ready),
            },
            future: UnsafeCell::new(ManuallyDrop::new(future)),
        });
        Self {
            cell: NonNull::from(Box::leak(cell)),
            owned: PhantomData,
        }
    }

    /// The same, of which only the kind of child is known.
    pub(crate) fn erase<'a, E>(self) -> Owner<dyn AnyChild<E> + Send + 'a>
    where
        F: AnyChild<E> + Send + 'a,
    {
        let cell: NonNull<Cell<dyn AnyChild<E> + Send + 'a>> = ManuallyDrop::new(self).cell;
        Owner {
            cell,
            owned: PhantomData,
        }
    }

    /// As [`erase`](Self::erase), for what is not `Send`.
    pub(crate) fn erase_local<'a, E>(self) -> Owner<dyn AnyChild<E> + 'a>
    where
        F: AnyChild<E> + 'a,
    {
        let cell: NonNull<Cell<dyn AnyChild<E> + 'a>> = ManuallyDrop::new(self).cell;
        Owner {
            cell,
            owned: PhantomData,
        }
    }
}

/// # Safety
/// `head` is that of a `Cell<F>` to which no reference is left.
unsafe fn free<F>(head: NonNull<Head>) {
    // SAFETY: it was made by `Owner::<F>::new` as a box of this type, and its head comes first. The future's drop is not
    // run again: it is a `ManuallyDrop`.
    drop(unsafe { Box::from_raw(head.cast::<Cell<F>>().as_ptr()) });
}

impl<F: ?Sized> Owner<F> {
    /// The future, and what wakes it: a waker that borrows.
    pub(crate) fn parts(&mut self) -> (Pin<&mut F>, BorrowedWaker<'_>) {
        let waker = BorrowedWaker::new(waker(self.head()));
        // SAFETY: the owner holds a reference, so the cell is there. Only the owner reaches the future, and it is borrowed
        // mutably. The future never moves: it is dropped in place.
        let future = unsafe { Pin::new_unchecked(&mut **(*self.cell.as_ptr()).future.get()) };
        (future, waker)
    }

    pub(crate) fn future(&self) -> &F {
        // SAFETY: as in `parts`, but shared: a mutable borrow of the future needs one of the owner.
        unsafe { &*(*self.cell.as_ptr()).future.get() }
    }

    pub(crate) fn node(&self) -> &Node {
        // SAFETY: the owner holds a reference, so the cell is there; nobody borrows the head mutably.
        unsafe { &(*self.cell.as_ptr()).head.node }
    }

    pub(crate) fn reference(&self) -> NodeRef {
        let head = self.head();
        // SAFETY: the owner holds a reference of its own.
        unsafe { retain(head) };
        NodeRef(head)
    }

    fn head(&self) -> NonNull<Head> {
        self.cell.cast()
    }
}

impl<F: ?Sized> Drop for Owner<F> {
    fn drop(&mut self) {
        // The reference goes even if the future's drop panics.
        let _reference = NodeRef(self.head());
        // SAFETY: the owner is the only one to reach the future, and it is not used again.
        unsafe { ManuallyDrop::drop(&mut *(*self.cell.as_ptr()).future.get()) };
    }
}

/// A reference to the node of a future, which may be gone.
pub(crate) struct NodeRef(NonNull<Head>);

// SAFETY: it reaches the node, which is `Sync`, and the counter. Whoever frees the cell frees memory and the node.
unsafe impl Send for NodeRef {}
// SAFETY: as above.
unsafe impl Sync for NodeRef {}

impl NodeRef {
    /// A node of its own, of a future that sits elsewhere.
    pub(crate) fn new(ready: Arc<Ready>) -> Self {
        Owner::new(ready, ()).reference()
    }

    pub(crate) fn waker(&self) -> BorrowedWaker<'_> {
        BorrowedWaker::new(waker(self.0))
    }
}

impl Deref for NodeRef {
    type Target = Node;

    fn deref(&self) -> &Node {
        // SAFETY: this is a reference, so the cell is there; nobody borrows the head mutably.
        unsafe { &self.0.as_ref().node }
    }
}

impl Drop for NodeRef {
    fn drop(&mut self) {
        // SAFETY: this is a reference, and it is not used again.
        unsafe { release(self.0) };
    }
}

/// # Safety
/// The caller has a reference, or borrows from one who has.
unsafe fn retain(head: NonNull<Head>) {
    // SAFETY: a reference is left, so the cell is there.
    let references = unsafe { &head.as_ref().references };
    // Relaxed: whoever makes a new reference has one already.
    if references.fetch_add(1, Ordering::Relaxed) > MOST_REFERENCES {
        abort();
    }
}

/// # Safety
/// The caller gives up a reference of its own.
unsafe fn release(head: NonNull<Head>) {
    // SAFETY: the caller's reference is left, so the cell is there.
    let (references, free) = unsafe { (&head.as_ref().references, head.as_ref().free) };
    // Release and acquire: all that was done with the cell comes before its end. Where this is the only reference, and so
    // nobody can make another one, to look is enough.
    if references.load(Ordering::Acquire) == 1 || references.fetch_sub(1, Ordering::AcqRel) == 1 {
        // SAFETY: that was the last reference, the owner's included; `free` was made for this type of cell.
        unsafe { free(head) };
    }
}

const WAKERS: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

/// A waker that stands for a reference, which the caller gives, or keeps by never dropping the waker.
fn waker(head: NonNull<Head>) -> Waker {
    // SAFETY: the functions below keep the contract of wakers: they may be called on any thread, and count references.
    unsafe { Waker::from_raw(RawWaker::new(head.as_ptr().cast(), &WAKERS)) }
}

/// # Safety
/// For all four: `data` comes from a waker of `waker`, and so is the head of a cell to which a reference is left.
unsafe fn head_of(data: *const ()) -> NonNull<Head> {
    // SAFETY: it was made from a `NonNull`.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

unsafe fn clone_waker(data: *const ()) -> RawWaker {
    // SAFETY: see `head_of`.
    unsafe { retain(head_of(data)) };
    RawWaker::new(data, &WAKERS)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: see `head_of`; the waker's reference goes over to this one.
    NodeRef(unsafe { head_of(data) }).schedule();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: see `head_of`; the waker keeps its reference.
    ManuallyDrop::new(NodeRef(unsafe { head_of(data) })).schedule();
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: see `head_of`; the waker's reference is given up.
    unsafe { release(head_of(data)) };
}
