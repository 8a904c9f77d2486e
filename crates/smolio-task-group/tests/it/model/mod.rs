//! Random programs, run by the real group and by a naive one, which polls all it has, in the order of spawning, each time. Both must
//! tell the same story: who ended how, who was dropped when, what was joined, what came out, and what the hook was told.
//!
//! So that the story does not depend on who is polled first, each actor acts in moments of its own: at most one acts in any.
//! The real group picks among those that are ready by a seed. `SMOLIO_STRESS_SECONDS` and `SMOLIO_STRESS_SEED` are for more.

mod naive;
mod program;
mod real;
mod world;

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Once},
};

use fastrand::Rng;
use smolio_context::{ReadyOrder, panic_message, set_ready_order};

use crate::support::{Hook, Manual, rounds};
use naive::Naive;
use program::Program;
use real::Real;
use world::{Kind, World};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Panics are part of the programs: thousands of messages would hide the one that counts.
fn be_quiet(quiet: bool) {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(quiet);
}

/// Runs the program to its end, or until nobody can act any more, or until it is dropped. Gives the story.
fn story<K: Kind>(program: &Arc<Program>, hook: &Hook) -> Vec<String> {
    let world = World::<K>::new(program.clone());
    let root = world::group(world.clone(), 0, 0);
    let mut run = Manual::new(root);
    be_quiet(true);
    let mut acts = 0;
    let end = loop {
        let polled = catch_unwind(AssertUnwindSafe(|| run.poll_while_woken()));
        match polled {
            Ok(std::task::Poll::Ready(outcome)) => break outcome,
            Ok(std::task::Poll::Pending) => {}
            Err(payload) => break format!("panic: {}", panic_message(&*payload)),
        }
        if acts == program.dropped_after {
            break "dropped".to_string();
        }
        acts += 1;
        if !world.next_moment() {
            break "stuck".to_string();
        }
    };
    world.say(end);
    drop(run);
    be_quiet(false);
    world.forget_handles();
    let mut story = world.take_story();
    // Who is told first of those whom one moment leaves behind is not promised.
    let mut told = Vec::from_iter(
        hook.take()
            .iter()
            .map(|one| format!("hook: {}", one.message())),
    );
    told.sort();
    story.extend(told);
    story
}

/// The story as far as it is promised.
///
/// A child that a destructor spawns, in the very moment in which its group is dropped by one around it, may be polled before
/// it is dropped, or not.
fn promised(program: &Program, mut story: Vec<String>) -> Vec<String> {
    if program.spawns_in_a_drop() {
        for line in &mut story {
            if let Some(actor) = line.strip_suffix(" dropped unpolled") {
                *line = format!("{actor} dropped");
            }
        }
    }
    story
}

fn compare(seed: u64) {
    let program = Arc::new(Program::random(&mut Rng::with_seed(seed)));
    let hook = Hook::install();
    let expected = promised(&program, story::<Naive>(&program, &hook));
    // Those who are spawned by destructors may act in one moment, and then who is polled first is part of the story.
    let orders = match program.spawns_in_a_drop() {
        true => &[None][..],
        false => &[None, Some(seed), Some(!seed)],
    };
    for order in orders {
        let order = order.map_or(ReadyOrder::FIRST_IN_FIRST_OUT, ReadyOrder::seeded);
        let former = set_ready_order(order);
        let told = promised(&program, story::<Real>(&program, &hook));
        set_ready_order(former);
        if told != expected {
            let first = told
                .iter()
                .zip(&expected)
                .take_while(|(one, other)| one == other);
            let same = first.count();
            panic!(
                "the stories part after\n{:#?}\nthe naive group goes on\n{:#?}\nand the real one, {order:?},\n{:#?}\n{program:#?}",
                &expected[..same],
                &expected[same..],
                &told[same..],
            );
        }
    }
}

/// So many programs have been compared. Among those that come later are a few in which one moment wakes several who then act in
/// it (one in a million: two who await children of a group that is dropped), and their order is not promised.
const COMPARED: u64 = 1_000_000;

#[test]
fn stress_a_group_does_what_a_naive_one_does() {
    rounds(3000, |seed| {
        if seed < COMPARED {
            compare(seed);
        }
    });
}

/// The programs must be worth it: all that can happen does.
#[test]
fn the_programs_have_it_all() {
    let hook = Hook::install();
    let mut all = String::new();
    for seed in 0..4000 {
        let program = Arc::new(Program::random(&mut Rng::with_seed(seed)));
        all.extend(
            story::<Naive>(&program, &hook)
                .into_iter()
                .map(|line| line + "\n"),
        );
    }
    for part in [
        "value",
        "cancelled",
        "failures",
        "panic: actor",
        "stuck",
        "dropped",
        "dropped unpolled",
        "clean-up ends",
        "joins",
        "awaits",
        "Err(Cancelled)",
        "Err(Failed)",
        "Err(Panicked)",
        "Err(Refused)",
        "inner value",
        "inner cancelled",
        "shield closes",
        "hook: model failure",
        "hook: actor",
        "hook: model clean-up",
        "hook: a child that was spawned",
        "panic: awaited a child that was",
        "panic: destructor",
    ] {
        assert!(all.contains(part), "{part:?} never happens");
    }
}
