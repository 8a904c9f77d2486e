//! One allocation of an [`Arena`](super::Arena): slots for some dozens of futures, and the wakers that refer to them.
//!
//! A future and what its wakers know of it lie in one slot. The memory goes when the arena has let go of the chunk and no slot
//! of it has a reference left.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    cell::UnsafeCell,
    mem,
    process::abort,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering, fence},
    },
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::MOST_REFERENCES;
use crate::ready::{Ready, WakeFlags};

/// The numbers of slots within a chunk have so many bits in the number of a seat.
pub(super) const SLOT_BITS: u32 = 6;
pub(super) const MOST_SLOTS: usize = 1 << SLOT_BITS;
/// A chunk is no larger, unless one future is: that much may lie idle for the sake of one that goes on.
const MOST_BYTES: usize = 4096;
/// The first chunks are small, since most sets are.
const FEWEST_SLOTS: usize = 4;

/// What a chunk has in front of its slots.
struct Head {
    /// How many of the slots somebody may still reach: all, until the arena lets go of the chunk.
    in_use: AtomicUsize,
    layout: Layout,
    ready: Arc<Ready>,
}

/// The half of a slot that its wakers know, whatever the future is.
pub(super) struct Shared {
    /// The arena's, and those of wakers.
    references: AtomicUsize,
    pub(super) flags: WakeFlags,
    chunk: NonNull<Head>,
}

/// `repr(C)`: a pointer to the shared half is one to the slot.
#[repr(C)]
pub(super) struct Slot<F> {
    pub(super) shared: Shared,
    /// The arena's.
    pub(super) place: UnsafeCell<Place<F>>,
}

pub(super) enum Place<F> {
    Taken {
        future: F,
        /// What the set's owner calls it; in the order of arrival.
        index: usize,
        /// A shielded scope was open in it at the end of its last poll.
        is_shielded: bool,
    },
    Free {
        /// The slot of this chunk that was left before this one, or `NONE`.
        next: u32,
    },
}

/// A chunk as its arena knows it. Numbers of slots are within the chunk.
pub(super) struct Chunk<F> {
    head: NonNull<Head>,
    slots: NonNull<Slot<F>>,
    capacity: u32,
    /// How many have ever been taken: those from here on are not initialised.
    pub(super) begun: u32,
    pub(super) taken: u32,
    /// The slot that was left last and not taken again, or `NONE`.
    free: u32,
}

/// The number of no slot.
pub(super) const NONE: u32 = u32::MAX;

impl<F> Chunk<F> {
    /// An empty one, for a set that has so many members already.
    #[inline(never)]
    pub(super) fn new(members: usize, ready: &Arc<Ready>) -> Self {
        let most = (MOST_BYTES / size_of::<Slot<F>>()).clamp(1, MOST_SLOTS);
        let capacity = members.clamp(FEWEST_SLOTS, MOST_SLOTS).min(most);
        let (layout, offset) = Layout::array::<Slot<F>>(capacity)
            .and_then(|slots| Layout::new::<Head>().extend(slots))
            .expect("one future, or a few kilobytes");
        // SAFETY: the layout is not empty: it has a head.
        let memory = unsafe { alloc(layout) };
        let Some(head) = NonNull::new(memory.cast::<Head>()) else {
            handle_alloc_error(layout);
        };
        // SAFETY: the memory has room for a head, aligned for it, and the slots `offset` bytes behind its beginning.
        let slots = unsafe {
            head.write(Head {
                in_use: AtomicUsize::new(capacity),
                layout,
                ready: ready.clone(),
            });
            head.byte_add(offset).cast()
        };
        Self {
            head,
            slots,
            capacity: capacity as u32, // 64 at most
            begun: 0,
            taken: 0,
            free: NONE,
        }
    }

    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.free != NONE || self.begun < self.capacity
    }

    /// A slot that has been taken before.
    #[inline]
    pub(super) fn slot(&self, number: u32) -> Option<NonNull<Slot<F>>> {
        // SAFETY: those that have begun are within the chunk.
        (number < self.begun).then(|| unsafe { self.slots.add(number as usize) })
    }

    /// Puts somebody into a slot. There must be room.
    #[inline]
    pub(super) fn take(&mut self, place: Place<F>) -> (NonNull<Slot<F>>, u32) {
        self.taken += 1;
        let Some(slot) = self.slot(self.free) else {
            return self.begin(place);
        };
        let number = self.free;
        // SAFETY: the slot is initialised, its place is free, and only the arena reaches that, which is borrowed mutably. Its
        // wakers are all gone, so nobody else reaches the flags: what they did to these came before.
        unsafe {
            let old = slot.as_ref().place.get();
            if let Place::Free { next } = &*old {
                self.free = *next;
            }
            // What is free needs no drop.
            old.write(place);
            (*slot.as_ptr()).shared.flags = WakeFlags::new();
        }
        (slot, number)
    }

    /// Initialises the next slot.
    #[inline]
    fn begin(&mut self, place: Place<F>) -> (NonNull<Slot<F>>, u32) {
        let number = self.begun;
        assert!(number < self.capacity, "a chunk has no room");
        self.begun += 1;
        let shared = Shared {
            references: AtomicUsize::new(1),
            flags: WakeFlags::new(),
            chunk: self.head,
        };
        let place = UnsafeCell::new(place);
        // SAFETY: the slot is within the chunk, and nobody has ever reached it.
        unsafe {
            let slot = self.slots.add(number as usize);
            slot.write(Slot { shared, place });
            (slot, number)
        }
    }

    /// The slot is free to be taken again, if no waker of it is left. One with wakers stays as it is until all of the chunk is
    /// empty.
    #[inline]
    pub(super) fn free(&mut self, slot: NonNull<Slot<F>>, number: u32) {
        // SAFETY: the slot is initialised; only the arena, which is borrowed mutably, reaches the place.
        unsafe {
            if is_alone(&slot.as_ref().shared) {
                let next = mem::replace(&mut self.free, number);
                *slot.as_ref().place.get() = Place::Free { next };
            }
        }
    }

    /// Makes all slots free again, if nobody is in them and no wakers are left of any.
    pub(super) fn clear(&mut self) -> bool {
        let is_alone = |number| {
            let slot = self.slot(number);
            // SAFETY: those that have begun are initialised.
            slot.is_some_and(|slot| unsafe { is_alone(&slot.as_ref().shared) })
        };
        if !(0..self.begun).all(is_alone) {
            return false;
        }
        self.free = NONE;
        self.begun = 0;
        true
    }
}

/// Whether there is no reference but the arena's: then none can come, and all that was done with others has been done.
#[inline]
fn is_alone(shared: &Shared) -> bool {
    shared.references.load(Ordering::Acquire) == 1
}

impl<F> Drop for Chunk<F> {
    fn drop(&mut self) {
        let mut gone = (self.capacity - self.begun) as usize;
        for number in 0..self.begun {
            // SAFETY: the slot is initialised. Its share in `in_use` is there as long as the arena's reference, which is
            // given up here: until then the chunk is.
            let is_last = unsafe {
                let references = &self.slots.add(number as usize).as_ref().shared.references;
                references.load(Ordering::Acquire) == 1
                    || references.fetch_sub(1, Ordering::AcqRel) == 1
            };
            gone += usize::from(is_last);
        }
        if gone > 0 {
            // SAFETY: these slots have no reference left, and their share has not been given up yet.
            unsafe { give_up(self.head, gone) };
        }
    }
}

/// # Safety
/// So many slots of the chunk have no reference left, and nobody else says so.
unsafe fn give_up(head: NonNull<Head>, slots: usize) {
    // SAFETY: the share of these slots keeps the chunk.
    let in_use = unsafe { &head.as_ref().in_use };
    // Release and acquire: all that was done with the chunk comes before its end.
    if in_use.fetch_sub(slots, Ordering::Release) == slots {
        fence(Ordering::Acquire);
        // SAFETY: nobody reaches the chunk any more, and all its futures are gone. What slots have besides needs no drop.
        unsafe {
            let Head { layout, ready, .. } = head.read();
            dealloc(head.as_ptr().cast(), layout);
            drop(ready);
        }
    }
}

const WAKERS: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

/// A waker that stands for a reference, which the caller gives, or keeps by never dropping the waker.
#[inline]
pub(super) fn waker(shared: NonNull<Shared>) -> Waker {
    // SAFETY: the functions below keep the contract of wakers: they may be called on any thread, and count references.
    unsafe { Waker::new(shared.as_ptr().cast(), &WAKERS) }
}

/// # Safety
/// For all five: `data` comes from a waker of `waker`, and so points to the shared half of a slot to which a reference is
/// left, for as long as the caller's is.
unsafe fn shared_of<'a>(data: *const ()) -> &'a Shared {
    // SAFETY: see above; nobody borrows it mutably while wakers are left.
    unsafe { &*data.cast() }
}

unsafe fn clone_waker(data: *const ()) -> RawWaker {
    // SAFETY: see `shared_of`. Relaxed: whoever makes a new reference has one already.
    let references = unsafe { shared_of(data) }
        .references
        .fetch_add(1, Ordering::Relaxed);
    if references > MOST_REFERENCES {
        abort();
    }
    RawWaker::new(data, &WAKERS)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: see `shared_of`; the waker's reference is given up at the end, and by nobody else.
    unsafe {
        let _reference = Reference(data);
        wake_by_ref(data);
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: see `shared_of`; a reference keeps the chunk as well.
    unsafe {
        let shared = shared_of(data);
        shared.flags.schedule(&shared.chunk.as_ref().ready);
    }
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: see `shared_of`. The head is read before the reference is given up: afterwards the slot may be somebody else's.
    unsafe {
        let Shared {
            references, chunk, ..
        } = shared_of(data);
        let chunk = *chunk;
        if references.fetch_sub(1, Ordering::AcqRel) == 1 {
            // The arena's has gone before.
            give_up(chunk, 1);
        }
    }
}

/// A waker's, given up when this is dropped.
struct Reference(*const ());

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: whoever made this has given the reference over.
        unsafe { drop_waker(self.0) };
    }
}
