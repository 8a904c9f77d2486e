//! A pointer that is counted, as std's `Arc` is, but for three things: there are no weak ones, so that the end takes no exchange
//! for them; the last owner sees that it is the last by a look, and needs no exchange either; and the memory is the loop's, see
//! [`slab`](super::slab).

use std::{
    alloc::Layout,
    mem::{ManuallyDrop, forget},
    ops::Deref,
    ptr::{NonNull, drop_in_place},
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::{
    owners::Owners,
    slab::{Notes, Place, allocate, free},
};
use crate::local::Local;

/// What is pointed to.
pub(super) struct Block<C: ?Sized> {
    owners: Owners,
    place: Place,
    value: C,
}

/// A block that is being made: it is written part by part, where it is to stay.
///
/// A cell that is made elsewhere and then moved is read in words that were written in pieces, for which a processor waits until all
/// of them have reached its cache. That was a quarter of a spawn.
pub(super) struct Blank<C>(NonNull<Block<C>>);

impl<C> Blank<C> {
    /// Memory of `local`, if it has some.
    #[inline(always)]
    pub(super) fn new(local: Option<&Local>) -> Self {
        let (memory, place) = allocate(local, Layout::new::<Block<C>>());
        let block = memory.cast::<Block<C>>();
        // SAFETY: the memory is new, and has the size and the alignment of a block.
        unsafe {
            (&raw mut (*block.as_ptr()).owners).write(Owners::new(2));
            (&raw mut (*block.as_ptr()).place).write(place);
        }
        Self(block)
    }

    /// Where the cell is to be written.
    #[inline(always)]
    pub(super) fn value(&self) -> *mut C {
        // SAFETY: the memory has room for a block.
        unsafe { &raw mut (*self.0.as_ptr()).value }
    }

    /// As [`Shared::pair`].
    ///
    /// # Safety
    /// The cell has been written.
    #[inline(always)]
    pub(super) unsafe fn finish(self) -> (Shared<C>, Shared<C>) {
        (Shared(self.0), Shared(self.0))
    }
}

pub(crate) struct Shared<C: ?Sized>(NonNull<Block<C>>);

// SAFETY: as for `Arc`: owners on several threads share the value, and the last one drops it, wherever it is.
unsafe impl<C: ?Sized + Send + Sync> Send for Shared<C> {}
// SAFETY: as above.
unsafe impl<C: ?Sized + Send + Sync> Sync for Shared<C> {}

impl<C> Shared<C> {
    /// Two owners at once, which spares an exchange. The memory is that of `local`, if it has some.
    pub(super) fn pair(local: Option<&Local>, value: C) -> (Self, Self) {
        let blank = Blank::<C>::new(local);
        // SAFETY: there is room for it, and then it has been written.
        unsafe {
            blank.value().write(value);
            blank.finish()
        }
    }

    /// The owner that has this address.
    ///
    /// # Safety
    /// It is the address of a `Shared` of this very type, which is forgotten, or outlives what is given and stands for it.
    #[inline]
    pub(super) unsafe fn at(address: NonNull<()>) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(address.cast()))
    }
}

impl<C: ?Sized> Shared<C> {
    /// The owner as a pointer, which std can make one to a trait object.
    #[inline]
    pub(super) fn into_block(self) -> NonNull<Block<C>> {
        ManuallyDrop::new(self).0
    }

    /// The owner once more.
    ///
    /// # Safety
    /// The pointer is from [`into_block`](Self::into_block), or from a coercion of that, and is used for one owner only.
    #[inline]
    pub(super) unsafe fn from_block(block: NonNull<Block<C>>) -> Self {
        Self(block)
    }

    /// The owner once more, without counting it.
    ///
    /// # Safety
    /// An owner stays as long as what is given is used, which is not dropped.
    #[inline]
    pub(super) unsafe fn borrowed(&self) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(self.0))
    }

    /// The same without its type.
    #[inline]
    pub(super) fn address(&self) -> NonNull<()> {
        self.0.cast()
    }

    /// What the handle among the owners keeps here for itself.
    #[inline]
    pub(super) fn notes(&self) -> &Notes {
        // SAFETY: as long as there is an owner, the block is there.
        unsafe { &(*self.0.as_ptr()).place.notes }
    }

    #[inline]
    fn owners(&self) -> &Owners {
        // SAFETY: as long as there is an owner, the block is there.
        unsafe { &(*self.0.as_ptr()).owners }
    }

    /// The last owner is gone.
    #[inline(never)]
    unsafe fn end(block: NonNull<Block<C>>) {
        struct Free(NonNull<u8>, Place, Layout);
        impl Drop for Free {
            #[inline(always)]
            fn drop(&mut self) {
                // SAFETY: the block was allocated for this layout, and its value is gone.
                unsafe { free(self.0, &self.1, self.2) };
            }
        }
        // SAFETY: the caller was the last owner, so the block is its own.
        unsafe {
            let layout = Layout::for_value(block.as_ref());
            // Also if the drop panics.
            let _free = Free(block.cast(), block.as_ref().place.copy(), layout);
            drop_in_place(block.as_ptr());
        }
    }
}

impl<C: ?Sized> Clone for Shared<C> {
    #[inline]
    fn clone(&self) -> Self {
        self.owners().add();
        Self(self.0)
    }
}

impl<C: ?Sized> Drop for Shared<C> {
    #[inline]
    fn drop(&mut self) {
        if self.owners().remove() {
            // SAFETY: we were the last.
            unsafe { Self::end(self.0) };
        }
    }
}

impl<C: ?Sized> Deref for Shared<C> {
    type Target = C;

    #[inline]
    fn deref(&self) -> &C {
        // SAFETY: as long as there is an owner, the block is there, and nobody has it to himself.
        unsafe { &self.0.as_ref().value }
    }
}

/// Something that is shared by its wakers.
pub(crate) trait Wakes: Send + Sync + 'static {
    fn wake(&self);
}

impl<C: Wakes> Shared<C> {
    const WAKER: RawWakerVTable = RawWakerVTable::new(
        Self::clone_waker,
        Self::wake,
        Self::wake_by_ref,
        Self::drop_waker,
    );

    /// A waker made from an owner that has this address, without counting it.
    ///
    /// # Safety
    /// It is the address of a `Shared` of this very type, which outlives what is given. That stays where it is, and is not dropped.
    #[inline]
    pub(super) unsafe fn waker(owner: NonNull<()>) -> ManuallyDrop<Waker> {
        // SAFETY: the functions of the table are for addresses of this type. As it is not dropped it stands for the owner that the
        // caller has.
        ManuallyDrop::new(unsafe { Waker::new(owner.as_ptr(), &Self::WAKER) })
    }

    /// # Safety
    /// As for all four: `address` is that of a waker made from [`WAKER`](Self::WAKER), which owns the cell or is outlived by
    /// one who does.
    unsafe fn clone_waker(address: *const ()) -> RawWaker {
        // SAFETY: the waker that is cloned stands for an owner.
        forget(unsafe { Self::of_waker(address) }.deref().clone());
        RawWaker::new(address, &Self::WAKER)
    }

    unsafe fn wake(address: *const ()) {
        // SAFETY: the waker is consumed, and its owner with it.
        let cell = ManuallyDrop::into_inner(unsafe { Self::of_waker(address) });
        cell.value().wake();
    }

    unsafe fn wake_by_ref(address: *const ()) {
        // SAFETY: the waker stands for an owner, and outlives this call.
        unsafe { Self::of_waker(address) }.value().wake();
    }

    unsafe fn drop_waker(address: *const ()) {
        // SAFETY: the waker is consumed, and its owner with it.
        drop(ManuallyDrop::into_inner(unsafe { Self::of_waker(address) }));
    }

    #[inline]
    unsafe fn of_waker(address: *const ()) -> ManuallyDrop<Self> {
        // SAFETY: the caller's promise. It is not null, since it came from a `NonNull`.
        unsafe { Self::at(NonNull::new_unchecked(address.cast_mut())) }
    }

    #[inline]
    fn value(&self) -> &C {
        self
    }
}
