//! The seeded order: even, the same each time, and each thread's own.

use std::thread;

use smolio_context::{ReadyOrder, ready_order, set_ready_order};

/// Some choices under a seed.
fn picks(seed: u64, length: usize, count: usize) -> Vec<usize> {
    let former = set_ready_order(ReadyOrder::seeded(seed));
    let picks = (0..count).map(|_| ReadyOrder::pick(length)).collect();
    set_ready_order(former);
    picks
}

#[test]
fn first_in_first_out_is_the_default() {
    assert_eq!(ready_order(), ReadyOrder::FIRST_IN_FIRST_OUT);
    assert!((1..100).all(|length| ReadyOrder::pick(length) == 0));
}

#[test]
fn a_seed_gives_the_same_each_time() {
    for seed in [0, 1, 42, u64::MAX] {
        assert_eq!(picks(seed, 10, 100), picks(seed, 10, 100));
    }
    assert_ne!(picks(0, 10, 100), picks(1, 10, 100));
}

/// Setting the order that was in force goes on where it stood.
#[test]
fn an_order_can_be_put_aside() {
    let whole = picks(7, 100, 20);
    set_ready_order(ReadyOrder::seeded(7));
    let mut parts: Vec<_> = (0..10).map(|_| ReadyOrder::pick(100)).collect();
    let aside = set_ready_order(ReadyOrder::FIRST_IN_FIRST_OUT);
    assert_eq!(ReadyOrder::pick(100), 0);
    set_ready_order(aside);
    parts.extend((0..10).map(|_| ReadyOrder::pick(100)));
    assert_eq!(parts, whole);
    set_ready_order(ReadyOrder::FIRST_IN_FIRST_OUT);
}

/// Pearson's test with nine degrees of freedom: below 27.9 in 999 of 1000 cases, and the seeds here are always the same.
#[test]
fn the_choices_are_even() {
    for seed in 0..20 {
        let count = 10_000;
        let mut counts = [0_u32; 10];
        for pick in picks(seed, 10, count) {
            counts[pick] += 1;
        }
        let expected = count as f64 / 10.0;
        let deviation = |count: &u32| (f64::from(*count) - expected).powi(2) / expected;
        let chi_square: f64 = counts.iter().map(deviation).sum();
        assert!(chi_square < 27.9, "under seed {seed}: {counts:?}");
    }
}

/// The first choices under neighbouring seeds are as different as any.
#[test]
fn neighbouring_seeds_are_independent() {
    let mut counts = [0_u32; 4];
    for seed in 0..1000 {
        counts[picks(seed, 4, 1)[0]] += 1;
    }
    assert!(
        counts.iter().all(|count| (200..300).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn choices_are_in_range() {
    for length in [1, 2, 3, 61, 1000, usize::MAX >> 33] {
        assert!(picks(3, length, 100).into_iter().all(|pick| pick < length));
    }
}

#[test]
fn each_thread_has_its_own() {
    set_ready_order(ReadyOrder::seeded(1));
    let other = thread::spawn(ready_order).join().unwrap();
    assert_eq!(other, ReadyOrder::FIRST_IN_FIRST_OUT);
    set_ready_order(ReadyOrder::FIRST_IN_FIRST_OUT);
}
