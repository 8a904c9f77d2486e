//! The order in which ready tasks run: first in first out, or shuffled by a seed to find the tests that depend on it.

use std::cell::Cell;

thread_local! {
    static ORDER: Cell<ReadyOrder> = const { Cell::new(ReadyOrder::FIRST_IN_FIRST_OUT) };
}

/// How the loop and the groups of this thread choose among those that are ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadyOrder {
    // The state of the generator; `None`: first in, first out.
    state: Option<u64>,
}

impl ReadyOrder {
    /// Whoever became ready first runs first: asyncio's order, and the default.
    pub const FIRST_IN_FIRST_OUT: Self = Self { state: None };

    /// A pseudo-random order, the same each time for the same seed.
    pub const fn seeded(seed: u64) -> Self {
        Self { state: Some(seed) }
    }

    /// Which of `length` ready ones is next: 0 is the one that has waited longest.
    ///
    /// Called by schedulers, once per choice. `length` must not be 0.
    #[inline]
    pub fn pick(length: usize) -> usize {
        debug_assert!(length > 0, "nothing to choose from");
        let order = ORDER.get();
        match order.state {
            None => 0,
            Some(state) => {
                let (state, random) = split_mix_64(state);
                ORDER.set(Self { state: Some(state) });
                // Multiply and shift maps the 32 high bits to the range without a division (Lemire, 2016).
                (((random >> 32) * length as u64) >> 32) as usize
            }
        }
    }
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (OOPSLA 2014).
fn split_mix_64(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state, z ^ (z >> 31))
}

/// The order in force on this thread.
pub fn ready_order() -> ReadyOrder {
    ORDER.get()
}

/// Sets the order for this thread and gives the one before.
pub fn set_ready_order(order: ReadyOrder) -> ReadyOrder {
    ORDER.replace(order)
}
