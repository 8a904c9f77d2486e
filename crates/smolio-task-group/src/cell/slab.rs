//! The memory of a group's children, where there are many and small ones: some dozens in one allocation.
//!
//! A chunk has slots of one size, and a word with a bit for each that is free. Whoever gives up the last reference to a cell
//! sets its bit, on whatever thread; the group takes all that are set at once, when it has used up those it had. So a slot
//! is taken again as soon as nobody knows it, and what is left of a group is chunks that somebody still refers to: the last
//! of them frees the chunk.
//!
//! While a thread polls a group it gives back those of one chunk together: children that lie in one chunk mostly go one
//! after the other, and an atomic exchange for each would be the dearest part of its end.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    cell,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Answer, Here, Owner,
    owner::{Cell, Home, Node},
};
use crate::{ready::Ready, task::ChildTask};

/// A chunk begins with this. Its slots come behind.
#[repr(C, align(64))]
struct Chunk {
    // First: a pointer to one is a pointer to the other.
    home: Home,
    /// The free slots, but for those that the group has taken over; and `ABANDONED`.
    free: AtomicU64,
    /// The slots that there are.
    all: u64,
    /// How many bytes a slot takes.
    stride: u32,
}

/// The group is gone: whoever frees the last slot frees the chunk.
const ABANDONED: u64 = 1 << 63;

const ALIGN: usize = align_of::<Chunk>();
/// Slots are aligned like this, and as large as several of it: with whole cache lines a quarter of the memory would lie idle.
const GRAIN: usize = 16;
/// There are so many bits for slots.
const MOST_SLOTS: usize = 63;
/// Larger cells lie by themselves: for them the allocator is the smaller part.
const LARGEST: usize = 512;
/// A chunk is no larger than this.
const MOST_BYTES: usize = 4096;
/// The first chunk of a size.
const FEWEST_SLOTS: usize = 8;
/// So many children lie by themselves before there are chunks: most groups have no more.
const FEW: usize = 8;
/// In how many chunks free slots are looked for before there is a new one.
const LOOKS: usize = 4;

/// Where the children of a group lie.
#[derive(Default)]
pub(crate) struct Slab {
    children: usize,
    /// By the size of their slots; children of a group are of a few types, so these are few.
    classes: Vec<Class>,
    slots: usize,
    /// With fewer children than this it is worth a look which chunks are empty.
    trim_below: usize,
}

struct Class {
    stride: usize,
    chunks: Vec<NonNull<Chunk>>,
    /// The chunk that slots are taken from, and those that were taken over from its word.
    current: usize,
    free: u64,
}

// SAFETY: it owns memory, and no futures. What is in the chunks belongs to those who have a reference to it.
unsafe impl Send for Class {}

impl Slab {
    /// A child, and what its handle holds. `child` must not panic, or its place is lost.
    // It is written in one place, where it is to stay, so that it need not lie anywhere before. What is moved in wide words
    // right after it was written in narrow ones makes a processor wait: that was a tenth of a child.
    #[inline(always)]
    pub(crate) fn child<F, T>(
        &mut self,
        ready: &Arc<Ready>,
        child: impl FnOnce() -> ChildTask<F, T>,
    ) -> (Owner<ChildTask<F, T>>, Answer<T>) {
        self.children += 1;
        let layout = Layout::new::<Cell<ChildTask<F, T>>>();
        let (cell, home) =
            if self.children <= FEW || layout.size() > LARGEST || layout.align() > GRAIN {
                Owner::<ChildTask<F, T>>::room(ready.clone())
            } else {
                let (chunk, slot) = self.take(layout.size().next_multiple_of(GRAIN), ready);
                (slot.cast(), chunk.cast())
            };
        // SAFETY: it is an allocation for this cell. Or the slot is free, large enough, and aligned, and its memory is given
        // back through the home of the chunk.
        Owner::with_answer(unsafe { Owner::place(cell, home, child(), 2) })
    }

    #[inline]
    fn take(&mut self, stride: usize, ready: &Arc<Ready>) -> (NonNull<Chunk>, NonNull<u8>) {
        let known = self.classes.iter().position(|class| class.stride == stride);
        let number = known.unwrap_or_else(|| {
            self.classes.push(Class {
                stride,
                chunks: Vec::new(),
                current: 0,
                free: 0,
            });
            self.classes.len() - 1
        });
        let class = &mut self.classes[number];
        if class.free == 0 {
            let new = class.refill(ready);
            if new > 0 {
                self.slots += new;
                self.trim_below = self.slots / 4;
            }
        }
        class.take()
    }

    /// So many children are alive: gives back chunks that are empty, if there may be many.
    pub(crate) fn trim(&mut self, alive: usize) {
        if alive >= self.trim_below {
            return;
        }
        for class in &mut self.classes {
            self.slots -= class.trim();
        }
        // Twice as many as there are must have gone before it is worth another look.
        self.trim_below = alive / 2;
    }
}

impl Class {
    /// There must be one.
    #[inline]
    fn take(&mut self) -> (NonNull<Chunk>, NonNull<u8>) {
        let number = self.free.trailing_zeros() as usize;
        assert!(number < MOST_SLOTS, "a slab has no room");
        self.free &= self.free - 1;
        let chunk = self.chunks[self.current];
        // SAFETY: the chunk has a slot of each number that is free.
        let slot = unsafe { chunk.cast::<u8>().add(ALIGN + number * self.stride) };
        (chunk, slot)
    }

    /// Takes over what has become free in one of the next chunks, or makes a new one. Gives how many slots are new.
    #[inline(never)]
    fn refill(&mut self, ready: &Arc<Ready>) -> usize {
        give_back_kept();
        for _ in 0..LOOKS.min(self.chunks.len()) {
            self.current = (self.current + 1) % self.chunks.len();
            // SAFETY: chunks stay until they are given back here, all of them free.
            let word = unsafe { &self.chunks[self.current].as_ref().free };
            // Acquire: all that was done with these cells comes before.
            if word.load(Ordering::Relaxed) != 0 {
                self.free = word.swap(0, Ordering::Acquire);
                return 0;
            }
        }
        let most = ((MOST_BYTES - ALIGN) / self.stride).min(MOST_SLOTS);
        let slots = (FEWEST_SLOTS << self.chunks.len().min(3)).min(most);
        let chunk = Chunk::new(slots, self.stride, ready.clone());
        self.current = self.chunks.len();
        self.chunks.push(chunk);
        self.free = (1 << slots) - 1;
        slots
    }

    /// Gives back the chunks that are empty, but for the current one. Gives how many slots these had.
    fn trim(&mut self) -> usize {
        let before = self.chunks.len();
        let Some(&current) = self.chunks.get(self.current) else {
            return 0;
        };
        let mut gone = 0;
        self.chunks.retain(|&chunk| {
            // SAFETY: chunks stay until they are given back here. If all slots are free nobody refers to it.
            unsafe {
                let Chunk { free, all, .. } = chunk.as_ref();
                let is_empty = chunk != current && free.load(Ordering::Acquire) == *all;
                if is_empty {
                    gone += all.count_ones() as usize;
                    Chunk::give_back(chunk);
                }
                !is_empty
            }
        });
        if self.chunks.len() < before {
            let position = self.chunks.iter().position(|&chunk| chunk == current);
            self.current = position.unwrap_or(0);
        }
        gone
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        for (number, &chunk) in self.chunks.iter().enumerate() {
            let kept = if number == self.current { self.free } else { 0 };
            // SAFETY: the chunk is there: this is the first that says it is abandoned. If all of its slots are free, nobody
            // else will give it back.
            unsafe {
                let Chunk { free, all, .. } = chunk.as_ref();
                let all = *all;
                if free.fetch_or(kept | ABANDONED, Ordering::AcqRel) | kept == all {
                    Chunk::give_back(chunk);
                }
            }
        }
    }
}

impl Chunk {
    fn layout(slots: usize, stride: usize) -> Layout {
        Layout::from_size_align(ALIGN + slots * stride, ALIGN).expect("a few kilobytes")
    }

    fn new(slots: usize, stride: usize, ready: Arc<Ready>) -> NonNull<Self> {
        let layout = Self::layout(slots, stride);
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc(layout) };
        let Some(chunk) = NonNull::new(memory.cast::<Self>()) else {
            handle_alloc_error(layout);
        };
        // SAFETY: the memory begins with room for this, aligned for it.
        unsafe {
            chunk.write(Self {
                home: Home::new(ready, free),
                free: AtomicU64::new(0),
                all: (1 << slots) - 1,
                stride: stride as u32, // a few kilobytes at most
            });
        }
        chunk
    }

    /// # Safety
    /// All slots are free, and nobody uses the chunk any more.
    unsafe fn give_back(chunk: NonNull<Self>) {
        // SAFETY: it was made by `new`, with this layout.
        unsafe {
            let Self {
                home, all, stride, ..
            } = chunk.read();
            let layout = Self::layout(all.count_ones() as usize, stride as usize);
            dealloc(chunk.as_ptr().cast(), layout);
            drop(home);
        }
    }
}

/// Slots of one chunk that are free, and whose bits this thread has not set yet.
#[derive(Clone, Copy)]
struct Kept {
    chunk: NonNull<Chunk>,
    bits: u64,
}

thread_local! {
    static KEPT: cell::Cell<Option<Kept>> = const { cell::Cell::new(None) };
}

/// To be called at the end of each turn of a set: nothing is kept where none is polled.
#[inline]
pub(super) fn give_back_kept() {
    if let Some(Kept { chunk, bits }) = KEPT.take() {
        // SAFETY: these slots are free, and nobody else says so: what was kept has been taken.
        unsafe { set_free(chunk, bits) };
    }
}

/// # Safety
/// `home` is that of a chunk, and `cell` that of a slot of it, to which no reference is left.
unsafe fn free(home: NonNull<Home>, cell: NonNull<Node>) {
    let chunk = home.cast::<Chunk>();
    // SAFETY: as long as the slot is not free, the chunk is there.
    let stride = unsafe { chunk.as_ref().stride };
    let offset = cell.as_ptr().addr() - chunk.as_ptr().addr() - ALIGN;
    let mut bits = 1 << (offset as u32 / stride);
    if !Here::is_any() {
        // SAFETY: this slot is free, says the caller, and nobody else does.
        return unsafe { set_free(chunk, bits) };
    }
    match KEPT.get() {
        Some(kept) if kept.chunk == chunk => bits |= kept.bits,
        _ => give_back_kept(),
    }
    KEPT.set(Some(Kept { chunk, bits }));
}

/// # Safety
/// These slots of the chunk are free, and whoever calls this is the only one to say so.
unsafe fn set_free(chunk: NonNull<Chunk>, bits: u64) {
    // SAFETY: as long as the slots are not said to be free, the chunk is there.
    unsafe {
        let Chunk { free, all, .. } = chunk.as_ref();
        let all = *all;
        // Release and acquire: all that was done with its cells comes before the end of the chunk, and before they are
        // taken again. The bits are not set, so to add them sets them; that is one instruction, where an "or" is a loop.
        if free.fetch_add(bits, Ordering::AcqRel) + bits == all | ABANDONED {
            Chunk::give_back(chunk);
        }
    }
}

const _: () = assert!(size_of::<Chunk>() == ALIGN);
