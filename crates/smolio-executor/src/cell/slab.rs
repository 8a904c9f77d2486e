//! The memory of the tasks of a loop, where they are small: some dozens in one allocation. The allocator of the process would
//! take a third of the time of a whole spawn.
//!
//! A chunk has slots of one size, and two words with a bit for each that is free. Whoever gives up the last reference to a task
//! sets its bit: in the one word while the loop is driven on his thread, which takes no atomic exchange, in the other from
//! elsewhere. The loop takes all that are set at once, when it has used up those it had. When the loop is gone, what is left is
//! chunks that somebody still refers to: the last of them frees the chunk.
//!
//! smolio-task-group has the same for the children of a group, who are of another kind in all that matters here.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    array,
    cell::{Cell, RefCell},
    ptr::NonNull,
    sync::atomic::{AtomicU8, Ordering},
};

use super::free_slots::{FreeSlots, Freed, MOST_SLOTS};
use crate::{local::Local, loops::LoopId};

/// A chunk begins with this. Its slots come behind, and each of them is aligned as it is.
struct Chunk {
    free: FreeSlots,
    /// Those that became free where their loop was driven. Touched there only, and by the slab, which is the loop's.
    free_here: Cell<u64>,
    home: LoopId,
    /// How many bytes a slot takes.
    stride: u16,
    slots: u8,
}

const ALIGN: usize = align_of::<Chunk>();
const HEAD: usize = size_of::<Chunk>();
/// Larger tasks lie by themselves: for them the allocator is the smaller part.
const LARGEST: usize = 512;
/// The first chunk of a size; each is twice as large as the one before.
const FEWEST_SLOTS: u32 = 4;
/// In how many chunks free slots are looked for before there is a new one.
const LOOKS: usize = 4;
/// So many chunks may be empty before it is worth a look which they are.
const MOST_EMPTY: usize = 64;
/// Or this part of all, if that is more: a look goes through all, and a crowd that leaves must not be gone through again and again.
const MOST_EMPTY_PART: usize = 4;

/// Where the tasks of a loop lie.
pub(crate) struct Slab {
    home: LoopId,
    /// By the size of their slots.
    classes: [RefCell<Class>; LARGEST / ALIGN],
    /// How many chunks have become empty since somebody looked; some may be in use again.
    emptied: Cell<usize>,
    /// How many that may be before somebody looks again.
    most_empty: Cell<usize>,
}

#[derive(Default)]
struct Class {
    chunks: Vec<NonNull<Chunk>>,
    /// The chunk that slots are taken from, and those that were taken over from its word.
    current: usize,
    free: u64,
}

/// Where a task lies: in which slot of a chunk, or by itself.
pub(super) struct Place {
    /// Of its chunk. 0: by itself.
    stride: u16,
    slot: u8,
    /// Not a matter of places. By itself it would take a word of each task.
    pub(super) notes: Notes,
}

/// What the handle of a task notes for itself, beside the task, so that it is no more than a pointer.
pub(super) struct Notes(AtomicU8);

impl Notes {
    /// The outcome was taken.
    pub(super) const TAKEN: u8 = 1;
    /// Somebody has waited for the outcome.
    pub(super) const AWAITED: u8 = 2;

    #[inline]
    pub(super) fn has(&self, note: u8) -> bool {
        self.0.load(Ordering::Relaxed) & note != 0
    }

    /// For the handle alone: so there is nobody whose notes this could lose.
    #[inline]
    pub(super) fn add(&self, note: u8) {
        let notes = self.0.load(Ordering::Relaxed);
        self.0.store(notes | note, Ordering::Relaxed);
    }
}

impl Place {
    fn by_itself() -> Self {
        Self::new(0, 0)
    }

    #[inline]
    fn new(stride: u16, slot: u8) -> Self {
        let notes = Notes(AtomicU8::new(0));
        Self {
            stride,
            slot,
            notes,
        }
    }

    /// The same place, without the notes.
    #[inline]
    pub(super) fn copy(&self) -> Self {
        Self::new(self.stride, self.slot)
    }
}

impl Slab {
    pub(crate) fn new(home: LoopId) -> Self {
        Self {
            home,
            classes: array::from_fn(|_| RefCell::default()),
            emptied: Cell::new(0),
            most_empty: Cell::new(MOST_EMPTY),
        }
    }

    /// A slot, unless a task of this layout lies by itself.
    #[inline(always)]
    fn take(&self, layout: Layout) -> Option<(NonNull<u8>, Place)> {
        // The sanitizer must see who uses memory that was freed.
        if cfg!(smolio_no_slab) || layout.align() > ALIGN {
            return None;
        }
        let stride = layout.size().next_multiple_of(ALIGN);
        let class = self.classes.get((stride / ALIGN).wrapping_sub(1))?;
        Some(class.borrow_mut().take(stride, self.home))
    }

    /// Gives back chunks that are empty, if there may be many.
    #[inline]
    pub(crate) fn trim(&self) {
        if self.emptied.get() > self.most_empty.get() {
            self.trim_all();
        }
    }

    #[cold]
    fn trim_all(&self) {
        let mut chunks = 0;
        for class in &self.classes {
            let mut class = class.borrow_mut();
            class.trim();
            chunks += class.chunks.len();
        }
        self.emptied.set(0);
        self.most_empty
            .set(MOST_EMPTY.max(chunks / MOST_EMPTY_PART));
    }
}

impl Class {
    #[inline(always)]
    fn take(&mut self, stride: usize, home: LoopId) -> (NonNull<u8>, Place) {
        if self.free == 0 {
            self.refill(stride, home);
        }
        let slot = self.free.trailing_zeros();
        assert!(slot < MOST_SLOTS, "a slab has no room");
        self.free &= self.free - 1;
        // SAFETY: the current chunk has a slot of each number that is free.
        let memory = unsafe {
            let chunk = self.chunks[self.current].cast::<u8>();
            chunk.add(HEAD + slot as usize * stride)
        };
        // 512 and 62 at most.
        (memory, Place::new(stride as u16, slot as u8))
    }

    /// Takes over what has become free in one of the next chunks, or makes a new one.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, stride: usize, home: LoopId) {
        for _ in 0..LOOKS.min(self.chunks.len()) {
            self.current = (self.current + 1) % self.chunks.len();
            // SAFETY: chunks stay until they are given back here, all of them free.
            let chunk = unsafe { self.chunks[self.current].as_ref() };
            self.free = chunk.free_here.take() | chunk.free.take_over();
            if self.free != 0 {
                return;
            }
        }
        let slots = (FEWEST_SLOTS << self.chunks.len().min(4)).min(MOST_SLOTS);
        self.current = self.chunks.len();
        self.chunks.push(Chunk::new(slots, stride, home));
        self.free = all(slots);
    }

    /// Gives back the chunks that are empty, but for a few, and for the current one.
    fn trim(&mut self) {
        let Some(&current) = self.chunks.get(self.current) else {
            return;
        };
        let mut kept = 0;
        self.chunks.retain(|&chunk| {
            // SAFETY: chunks stay until they are given back here. If all slots are free nobody refers to it.
            unsafe {
                if chunk == current || !chunk.as_ref().is_empty() {
                    return true;
                }
                kept += 1;
                if kept <= MOST_EMPTY / 2 {
                    return true;
                }
                Chunk::give_back(chunk);
                false
            }
        });
        let position = self.chunks.iter().position(|&chunk| chunk == current);
        self.current = position.unwrap_or(0);
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        for (number, &chunk) in self.chunks.iter().enumerate() {
            let unused = if number == self.current { self.free } else { 0 };
            // SAFETY: the chunk is there: this is the first that says it is abandoned. If all of its slots are free, nobody
            // else will give it back.
            unsafe {
                let chunk_ref = chunk.as_ref();
                let unused = unused | chunk_ref.free_here.get();
                if chunk_ref.free.abandon(unused, chunk_ref.all()) {
                    Chunk::give_back(chunk);
                }
            }
        }
    }
}

/// The bits of so many slots.
#[inline]
fn all(slots: u32) -> u64 {
    (1 << slots) - 1
}

/// Whether this loop is driven on this thread, which then is its own.
#[inline]
fn is_here(home: LoopId) -> bool {
    Local::with_current(|local| local.id() == home) == Some(true)
}

impl Chunk {
    fn layout(slots: u32, stride: usize) -> Layout {
        let size = HEAD + slots as usize * stride;
        Layout::from_size_align(size, ALIGN).expect("some kilobytes")
    }

    /// The bits of all its slots.
    #[inline]
    fn all(&self) -> u64 {
        all(self.slots.into())
    }

    /// Whether nobody refers to it any more. For the loop to which it belongs.
    #[inline]
    fn is_empty(&self) -> bool {
        self.free.are_all_free(self.all() & !self.free_here.get())
    }

    fn new(slots: u32, stride: usize, home: LoopId) -> NonNull<Self> {
        let layout = Self::layout(slots, stride);
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc(layout) };
        let Some(chunk) = NonNull::new(memory.cast::<Self>()) else {
            handle_alloc_error(layout);
        };
        // SAFETY: the memory begins with room for this, aligned for it.
        unsafe {
            chunk.write(Self {
                free: FreeSlots::none(),
                free_here: Cell::new(0),
                home,
                stride: stride as u16, // 512 at most
                slots: slots as u8,    // 63 at most
            });
        }
        chunk
    }

    /// # Safety
    /// All slots are free, and nobody uses the chunk any more.
    unsafe fn give_back(chunk: NonNull<Self>) {
        // SAFETY: it was made by `new`, with this layout.
        unsafe {
            let &Self { slots, stride, .. } = chunk.as_ref();
            let layout = Self::layout(slots.into(), stride.into());
            dealloc(chunk.as_ptr().cast(), layout);
        }
    }
}

/// Memory for a task of `local`, or for one that lies by itself.
#[inline(always)]
pub(super) fn allocate(local: Option<&Local>, layout: Layout) -> (NonNull<u8>, Place) {
    if let Some(taken) = local.and_then(|local| local.slab().take(layout)) {
        return taken;
    }
    assert!(layout.size() > 0, "a task takes some memory");
    // SAFETY: the layout is not empty.
    let memory = unsafe { alloc(layout) };
    let memory = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout));
    (memory, Place::by_itself())
}

/// Gives the memory of a task back, on whatever thread.
///
/// # Safety
/// It is from [`allocate`], with this very place and layout, and nobody uses it any more.
#[inline(always)]
pub(super) unsafe fn free(memory: NonNull<u8>, place: &Place, layout: Layout) {
    if place.stride == 0 {
        // SAFETY: the caller's promise.
        unsafe { dealloc(memory.as_ptr(), layout) };
        return;
    }
    let slot = u32::from(place.slot);
    // SAFETY: as long as the slot is not free the chunk is there, so far in front of it. Afterwards it is, if it is said to be the
    // caller's.
    unsafe {
        let offset = HEAD + slot as usize * usize::from(place.stride);
        let chunk = memory.sub(offset).cast::<Chunk>();
        let chunk_ref = chunk.as_ref();
        if is_here(chunk_ref.home) {
            // Nobody else touches this word, and the slab is there as long as the loop is driven.
            chunk_ref
                .free_here
                .set(chunk_ref.free_here.get() | 1 << slot);
            if chunk_ref.is_empty() {
                note_empty();
            }
            return;
        }
        match chunk_ref.free.free(slot, chunk_ref.all()) {
            Freed::One => {}
            Freed::All => note_empty(),
            Freed::Abandoned => Chunk::give_back(chunk),
        }
    }
}

/// A chunk is empty. Of another thread's loop, perhaps: then that one learns it from the next.
#[cold]
fn note_empty() {
    Local::with_current(|local| {
        let emptied = &local.slab().emptied;
        emptied.set(emptied.get() + 1);
    });
}
