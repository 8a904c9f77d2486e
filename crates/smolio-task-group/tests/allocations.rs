//! What groups promise about memory: two allocations for a child, and none that stay. In a program of its own, because it has
//! an allocator of its own, which counts.

#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::{Future, poll_fn},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use smolio_context::{Unhandled, set_unhandled_hook};
use smolio_task_group::{LocalTaskGroup, Supervisor, TaskGroup};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // Those of this thread alone: tests may run side by side.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, and a count.
struct Counting;

/// No allocation is larger than `isize::MAX`, so the casts are exact.
fn count(before: usize, after: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + usize::from(after > 0));
    LIVE_BYTES.set(LIVE_BYTES.get() + after as isize - before as isize);
}

// SAFETY: every call is handed on to the system's allocator as it came, and counting neither allocates nor panics: these
// thread locals are made at compile time and have no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the same one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(layout.size(), new_size);
        // SAFETY: the caller keeps the contract of `realloc`, and all memory of ours is the system's.
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `dealloc`, and all memory of ours is the system's.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How many allocations there are while `future` runs to its end.
async fn allocations_of<F: Future>(future: F) -> usize {
    let before = ALLOCATIONS.get();
    future.await;
    ALLOCATIONS.get() - before
}

/// Lets the others run once.
async fn yield_once() {
    let mut is_done = false;
    poll_fn(|cx| {
        if is_done {
            return Poll::Ready(());
        }
        is_done = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// How many are spawned before the first one runs.
const WAVE: usize = 100;
const WAVES: usize = 10;

#[track_caller]
fn assert_two_for_each(all: usize) {
    let children = WAVE * WAVES;
    assert!(
        all <= 2 * children,
        "{all} allocations for {children} children"
    );
}

#[test]
fn a_child_takes_two_allocations() {
    let group = TaskGroup::<String>::new();
    let wave = async || {
        for number in 0..WAVE {
            // Its handle is dropped, as that of a child for whose value nobody asks.
            group.spawn(async move {
                yield_once().await;
                Ok(number)
            });
        }
        while group.stats().alive > 0 {
            yield_once().await;
        }
    };
    futures_lite::future::block_on(group.run(async {
        // These fill the lists, which stay.
        wave().await;
        wave().await;
        let waves = async {
            for _ in 0..WAVES {
                wave().await;
            }
        };
        assert_two_for_each(allocations_of(waves).await);
        Ok(())
    }))
    .unwrap();
}

/// Small children share what is allocated; this one is too large for that.
#[test]
fn a_large_child_lies_by_itself() {
    let group = TaskGroup::infallible();
    let run = group.run_value(async {
        let wave = async || {
            for _ in 0..WAVE {
                let large = [0_u8; 2000];
                group.spawn(async move {
                    yield_once().await;
                    assert_eq!(large[1999], 0);
                });
            }
            while group.stats().alive > 0 {
                yield_once().await;
            }
        };
        wave().await;
        let all = allocations_of(wave()).await;
        assert!((WAVE..=2 * WAVE).contains(&all), "{all} allocations");
    });
    futures_lite::future::block_on(run).unwrap();
}

#[test]
fn a_child_whose_value_is_awaited_takes_no_more() {
    let group = LocalTaskGroup::infallible();
    let mut children = Vec::with_capacity(WAVE);
    let run = group.run_value(async {
        let mut wave = async || {
            for number in 0..WAVE {
                children.push(group.spawn_value(async move {
                    yield_once().await;
                    number
                }));
            }
            let mut sum = 0;
            for child in children.drain(..) {
                sum += child.await;
            }
            assert_eq!(sum, WAVE * (WAVE - 1) / 2);
        };
        // These fill the lists, which stay.
        wave().await;
        wave().await;
        let waves = async {
            for _ in 0..WAVES {
                wave().await;
            }
        };
        assert_two_for_each(allocations_of(waves).await);
    });
    futures_lite::future::block_on(run).unwrap();
}

#[test]
fn children_that_come_one_after_the_other_take_no_more() {
    let group = TaskGroup::infallible();
    let run = group.run_value(async {
        let one_after_the_other = async || {
            for number in 0..WAVE * WAVES {
                let child = group.spawn_value(async move { number });
                assert_eq!(child.await, number);
            }
        };
        one_after_the_other().await;
        assert_two_for_each(allocations_of(one_after_the_other()).await);
    });
    futures_lite::future::block_on(run).unwrap();
}

#[test]
fn t28_failures_that_nobody_reads_take_no_more_and_no_more_memory() {
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    set_unhandled_hook(Some(Arc::new(move |_: &Unhandled| {
        count.fetch_add(1, Relaxed);
    })));
    let supervisor = Supervisor::<usize>::new();
    let wave = async |first: usize| {
        for number in first..first + WAVE {
            drop(supervisor.spawn(async move {
                yield_once().await;
                // A tenth of them, and each with an error of some size.
                if number % 10 == 7 {
                    Err(number)
                } else {
                    Ok(number)
                }
            }));
        }
        while supervisor.stats().alive > 0 {
            yield_once().await;
        }
    };
    let run = supervisor.run(async {
        // The first 1,000 fill all the lists, and what the supervisor keeps of failures.
        for number in 0..10 {
            wave(number * WAVE).await;
        }
        let before = LIVE_BYTES.get();
        for number in 10..100 {
            wave(number * WAVE).await;
        }
        LIVE_BYTES.get() - before
    });
    let grown = futures_lite::future::block_on(run).unwrap();
    set_unhandled_hook(None);
    assert_eq!(told.load(Relaxed), 1000);
    assert_eq!(supervisor.stats().failed, 1000);
    assert_eq!(
        grown, 0,
        "bytes that are kept for 9,000 children that are gone"
    );
}
