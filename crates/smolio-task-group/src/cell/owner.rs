//! A cell: a future of any type, together with what its wakers know of it.
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
    mem::{ManuallyDrop, MaybeUninit},
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

use super::{BorrowedWaker, MOST_REFERENCES};
use crate::{
    ready::{Ready, WakeFlags},
    task::AnyChild,
};

/// Whatever the future is, this comes first; `repr(C)` keeps it there.
#[repr(C)]
pub(super) struct Cell<F: ?Sized> {
    node: Node,
    future: UnsafeCell<ManuallyDrop<F>>,
}

/// What is known of a future without its type.
pub(crate) struct Node {
    references: AtomicUsize,
    /// There as long as the cell.
    home: NonNull<Home>,
    flags: WakeFlags,
}

/// What a cell lies in: an allocation of its own, or one for many.
pub(super) struct Home {
    ready: Arc<Ready>,
    /// Gives back the memory of a cell in this home, to which no reference is left.
    free: unsafe fn(NonNull<Home>, NonNull<Node>),
}

impl Home {
    pub(super) fn new(ready: Arc<Ready>, free: unsafe fn(NonNull<Home>, NonNull<Node>)) -> Self {
        Self { ready, free }
    }
}

/// An allocation for one cell.
#[repr(C)]
struct Alone<F> {
    home: Home,
    cell: MaybeUninit<Cell<F>>,
}

impl Node {
    pub(crate) fn ready(&self) -> &Ready {
        // SAFETY: the home is there as long as the cell.
        unsafe { &self.home.as_ref().ready }
    }

    #[inline]
    pub(crate) fn schedule(&self) {
        self.flags.schedule(self.ready());
    }

    pub(crate) fn cancel(&self) {
        self.flags.set_cancelled();
        self.schedule();
    }
}

impl Deref for Node {
    type Target = WakeFlags;

    fn deref(&self) -> &WakeFlags {
        &self.flags
    }
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
        Self::boxed(ready, future, 1)
    }

    /// In an allocation of its own. There are so many references to it, the owner's included.
    pub(super) fn boxed(ready: Arc<Ready>, future: F, references: usize) -> Self {
        let (cell, home) = Self::room(ready);
        // SAFETY: it is new.
        unsafe { Self::place(cell, home, future, references) }
    }

    /// An allocation of its own for [`place`](Self::place), and its home.
    #[inline(never)]
    pub(super) fn room(ready: Arc<Ready>) -> (NonNull<Cell<F>>, NonNull<Home>) {
        let alone = Box::into_raw(Box::new(Alone {
            home: Home::new(ready, free::<F>),
            cell: MaybeUninit::<Cell<F>>::uninit(),
        }));
        // SAFETY: the pointers come from a box. It has room for the cell, and is its home.
        unsafe {
            let cell = NonNull::new_unchecked(&raw mut (*alone).cell);
            (cell.cast(), NonNull::new_unchecked(alone).cast())
        }
    }

    /// # Safety
    /// `cell` has room for one, and belongs to whoever calls this until `home` is told to free it. That is where it lies, and
    /// stays until then.
    #[inline(always)]
    pub(super) unsafe fn place(
        cell: NonNull<Cell<F>>,
        home: NonNull<Home>,
        future: F,
        references: usize,
    ) -> Self {
        let node = Node {
            references: AtomicUsize::new(references),
            home,
            flags: WakeFlags::new(),
        };
        let future = UnsafeCell::new(ManuallyDrop::new(future));
        // SAFETY: see above.
        unsafe { cell.write(Cell { node, future }) };
        Self {
            cell,
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
/// `home` is that of an `Alone<F>`, and no reference is left to its cell.
unsafe fn free<F>(home: NonNull<Home>, _: NonNull<Node>) {
    // SAFETY: it was made by `Owner::<F>::boxed` as a box of this type, and the home comes first. The future is dropped
    // already, and nothing else in a cell needs a drop.
    drop(unsafe { Box::from_raw(home.cast::<Alone<F>>().as_ptr()) });
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
        unsafe { &(*self.cell.as_ptr()).node }
    }

    pub(super) fn head(&self) -> NonNull<Node> {
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
pub(crate) struct NodeRef(pub(super) NonNull<Node>);

// SAFETY: it reaches the node, which is `Sync`, and the counter. Whoever frees the cell frees memory and the node.
unsafe impl Send for NodeRef {}
// SAFETY: as above.
unsafe impl Sync for NodeRef {}

impl NodeRef {
    /// A node of its own, of a future that sits elsewhere.
    pub(crate) fn new(ready: Arc<Ready>) -> Self {
        // The owner's drop would do nothing but give up its reference.
        Self(ManuallyDrop::new(Owner::new(ready, ())).head())
    }

    pub(crate) fn waker(&self) -> BorrowedWaker<'_> {
        BorrowedWaker::new(waker(self.0))
    }
}

impl Deref for NodeRef {
    type Target = Node;

    fn deref(&self) -> &Node {
        // SAFETY: this is a reference, so the cell is there; nobody borrows the head mutably.
        unsafe { self.0.as_ref() }
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
unsafe fn retain(head: NonNull<Node>) {
    // SAFETY: a reference is left, so the cell is there.
    let references = unsafe { &head.as_ref().references };
    // Relaxed: whoever makes a new reference has one already.
    if references.fetch_add(1, Ordering::Relaxed) > MOST_REFERENCES {
        abort();
    }
}

/// # Safety
/// The caller gives up a reference of its own.
unsafe fn release(head: NonNull<Node>) {
    // SAFETY: the caller's reference is left, so the cell is there.
    let Node {
        references, home, ..
    } = unsafe { head.as_ref() };
    let home = *home;
    // Release and acquire: all that was done with the cell comes before its end. Where this is the only reference, and so
    // nobody can make another one, to look is enough.
    if references.load(Ordering::Acquire) == 1 || references.fetch_sub(1, Ordering::AcqRel) == 1 {
        // SAFETY: that was the last reference, the owner's included; `free` was made for this home.
        unsafe { (home.as_ref().free)(home, head) };
    }
}

const WAKERS: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

/// A waker that stands for a reference, which the caller gives, or keeps by never dropping the waker.
fn waker(head: NonNull<Node>) -> Waker {
    // SAFETY: the functions below keep the contract of wakers: they may be called on any thread, and count references.
    unsafe { Waker::from_raw(RawWaker::new(head.as_ptr().cast(), &WAKERS)) }
}

/// # Safety
/// For all four: `data` comes from a waker of `waker`, and so is the head of a cell to which a reference is left.
unsafe fn head_of(data: *const ()) -> NonNull<Node> {
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
