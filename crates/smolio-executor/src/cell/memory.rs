//! The memory of tasks that have ended, for those to come: a loop makes and frees many blocks of a few sizes, which the
//! allocator of the process does at a third of the price of a whole spawn.
//!
//! Each loop keeps some for itself. A block is an allocation of its own, so it may be freed anywhere: on another thread, or after
//! its loop, it goes back to the allocator.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    cell::Cell,
    ptr::NonNull,
};

use crate::local::Local;

/// Blocks are as large as a multiple of this.
const STEP: usize = 16;
/// Larger ones are not kept: for them the allocator is the smaller part.
const LARGEST: usize = 512;
/// How many bytes a loop keeps: a thousand small tasks, and some more.
const MOST_KEPT: usize = 256 * 1024;

/// The blocks that a loop keeps, in a list for each size.
pub(crate) struct Memory {
    lists: [Cell<Option<NonNull<Kept>>>; LARGEST / STEP],
    kept: Cell<usize>,
}

/// What stands in a block that is kept.
struct Kept {
    next: Option<NonNull<Kept>>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            lists: [const { Cell::new(None) }; LARGEST / STEP],
            kept: Cell::new(0),
        }
    }

    /// The list of the blocks for `layout`, if there is one.
    #[inline]
    fn list(&self, layout: Layout) -> Option<&Cell<Option<NonNull<Kept>>>> {
        // The sanitizer must see who uses memory that was freed.
        if cfg!(smolio_keeps_no_memory) || layout.align() > align_of::<Kept>() {
            return None;
        }
        self.lists.get(layout.size().div_ceil(STEP).wrapping_sub(1))
    }

    /// A block that was kept.
    #[inline]
    fn take(&self, layout: Layout) -> Option<NonNull<u8>> {
        let list = self.list(layout)?;
        let block = list.get()?;
        // SAFETY: who keeps a block has written this, and nobody else knows the block.
        list.set(unsafe { block.read() }.next);
        self.kept.set(self.kept.get() - padded(layout).size());
        Some(block.cast())
    }

    /// Keeps a block, unless there are enough.
    ///
    /// # Safety
    /// The block is from [`allocate`] for `layout`, and nobody uses it any more.
    #[inline]
    unsafe fn keep(&self, block: NonNull<u8>, layout: Layout) -> bool {
        let Some(list) = self.list(layout) else {
            return false;
        };
        let kept = self.kept.get() + padded(layout).size();
        if kept > MOST_KEPT {
            return false;
        }
        self.kept.set(kept);
        let block = block.cast::<Kept>();
        // SAFETY: it is ours now, large enough for one word, and aligned: `list` has looked.
        unsafe { block.write(Kept { next: list.get() }) };
        list.set(Some(block));
        true
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        for index in 0..self.lists.len() {
            let layout = Layout::from_size_align((index + 1) * STEP, align_of::<Kept>());
            let layout = layout.expect("that of a block that could be allocated");
            while let Some(block) = self.take(layout) {
                // SAFETY: nobody else knows the block, which was allocated with a layout that had the same size when padded.
                unsafe { dealloc(block.as_ptr(), padded(layout)) };
            }
        }
    }
}

/// What is asked of the allocator: the same for all that share a list.
#[inline]
const fn padded(layout: Layout) -> Layout {
    if layout.align() > align_of::<Kept>() || layout.size() > LARGEST {
        return layout;
    }
    match Layout::from_size_align(layout.size().next_multiple_of(STEP), align_of::<Kept>()) {
        Ok(padded) => padded,
        Err(_) => layout,
    }
}

/// Memory for a task of `local`.
///
/// `layout` is not empty.
#[inline]
pub(super) fn allocate(local: Option<&Local>, layout: Layout) -> NonNull<u8> {
    assert!(layout.size() > 0, "a task takes some memory");
    if let Some(block) = local.and_then(|local| local.memory().take(layout)) {
        return block;
    }
    // SAFETY: the layout is not empty.
    let block = unsafe { alloc(padded(layout)) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives memory back, to the loop of this thread if there is one.
///
/// # Safety
/// The block is from [`allocate`] for this very layout, and nobody uses it any more.
#[inline]
pub(super) unsafe fn free(block: NonNull<u8>, layout: Layout) {
    // SAFETY: the caller's promise.
    let keep = |local: &Local| unsafe { local.memory().keep(block, layout) };
    if Local::with_current(keep) != Some(true) {
        // SAFETY: the caller's promise; `allocate` pads in the same way.
        unsafe { dealloc(block.as_ptr(), padded(layout)) };
    }
}
