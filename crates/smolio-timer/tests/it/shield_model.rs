//! Random programs of timeouts, shields and waits: each ends, and no shield is dropped while it is open.

use std::{cell::Cell, future::Future, pin::Pin, rc::Rc};

use fastrand::Rng;
use smol::future::{yield_now, zip};
use smolio_timer::{TimeoutScope, move_on_after, sleep, timeout};

use crate::harness::{Harness, as_child, ms, shield};

type Program = Pin<Box<dyn Future<Output = ()>>>;

/// What all parts of a program have in common.
#[derive(Clone)]
struct Seen {
    opened: Rc<Cell<u32>>,
    dropped_open: Rc<Cell<u32>>,
    elapsed: Rc<Cell<u32>>,
}

/// Within a shield: complains if it is dropped before it was told that the end was reached.
struct Open {
    seen: Seen,
    is_done: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_done {
            self.seen.dropped_open.set(self.seen.dropped_open.get() + 1);
        }
    }
}

/// A program that comes to an end; or, within a timeout, one that perhaps does not.
fn random(random: &mut Rng, depth: u32, may_be_endless: bool, seen: &Seen) -> Program {
    let limit = ms(random.u64(0..12));
    if depth == 0 {
        return match random.u32(0..4) {
            0 if may_be_endless => Box::pin(std::future::pending()),
            1 => Box::pin(yield_now()),
            2 => Box::pin(async {}),
            _ => Box::pin(sleep(limit)),
        };
    }
    let mut part = |may_be_endless| self::random(random, depth - 1, may_be_endless, seen);
    let (one, other) = (part(may_be_endless), part(may_be_endless));
    let (finite, limited) = (part(false), part(true));
    let elapsed = seen.elapsed.clone();
    let note = move |is_elapsed: bool| elapsed.set(elapsed.get() + u32::from(is_elapsed));
    match random.u32(0..10) {
        0..3 => {
            let seen = seen.clone();
            Box::pin(async move {
                seen.opened.set(seen.opened.get() + 1);
                shield(async move {
                    let mut open = Open {
                        seen,
                        is_done: false,
                    };
                    finite.await;
                    open.is_done = true;
                })
                .await;
            })
        }
        3 | 4 => Box::pin(async move { note(timeout(limit, limited).await.is_err()) }),
        5 => Box::pin(async move { note(move_on_after(limit, limited).await.is_none()) }),
        6 => Box::pin(async move {
            let scope = TimeoutScope::after(limit);
            let handle = scope.handle();
            let moved = async {
                sleep(limit / 2).await;
                handle
                    .reschedule(smolio_context::Instant::now() + limit)
                    .ok();
            };
            let result = scope.run(zip(limited, moved)).await;
            note(result.is_err());
        }),
        7 => Box::pin(async move {
            zip(one, other).await;
        }),
        8 => Box::pin(async move {
            one.await;
            other.await;
        }),
        _ => Box::pin(as_child(one)),
    }
}

#[test]
fn programs_end_and_shields_are_not_dropped_while_they_are_open() {
    let (mut opened, mut elapsed) = (0, 0);
    for seed in 0..3000 {
        let mut source = Rng::with_seed(seed);
        let seen = Seen {
            opened: Rc::default(),
            dropped_open: Rc::default(),
            elapsed: Rc::default(),
        };
        let harness = Harness::new();
        // The harness panics if it is pending and nothing is armed.
        let depth = 1 + (seed % 5) as u32;
        harness.run(random(&mut source, depth, false, &seen));
        assert_eq!(seen.dropped_open.get(), 0, "seed {seed}");
        assert!(harness.driver.is_empty(), "seed {seed}");
        opened += seen.opened.get();
        elapsed += seen.elapsed.get();
    }
    // Else it would prove nothing.
    assert!(opened > 1000 && elapsed > 1000, "{opened}, {elapsed}");
}
