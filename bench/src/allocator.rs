//! An allocator that counts live bytes, for the memory row alone.
//!
//! Counting is off until that row, in a process of its own, switches it on. In every other process
//! it costs one relaxed load and one branch that always goes the same way: under one percent of the
//! instructions that it takes to spawn and join a task, whichever the library. A second binary
//! would spare even that, but `cargo run` builds only the binary that it runs, so the bench would
//! have to build the other one by itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

static COUNTING: AtomicBool = AtomicBool::new(false);

/// Signed: what was allocated before the count began may be freed during it.
static LIVE_BYTES: AtomicIsize = AtomicIsize::new(0);

/// Counts from now on. There is no way back, nor a need for one.
pub(crate) fn start_counting() {
    COUNTING.store(true, Ordering::Relaxed);
}

/// The bytes asked for since counting began, less those given back. What the allocator itself adds
/// is not in it.
pub(crate) fn live_bytes() -> isize {
    LIVE_BYTES.load(Ordering::Relaxed)
}

struct CountingAllocator;

/// No allocation is larger than `isize::MAX`, so the casts are exact.
#[inline]
fn count(before: usize, after: usize) {
    if COUNTING.load(Ordering::Relaxed) {
        LIVE_BYTES.fetch_add(after as isize - before as isize, Ordering::Relaxed);
    }
}

// SAFETY: every call is handed on to the system allocator as it came, and counting neither
// allocates nor panics.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the same one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the same one.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(layout.size(), new_size);
        // SAFETY: the caller keeps the contract of `realloc`, and all memory of ours is the
        // system's.
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `dealloc`, and all memory of ours is the
        // system's.
        unsafe { System.dealloc(memory, layout) }
    }
}
