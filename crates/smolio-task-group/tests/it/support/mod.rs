//! What the tests share: things that count, a log of who went when, and the hook.

mod kinds;
mod log;
mod manual;

use std::{
    env,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use smolio_context::{Instant, panic_message};
use smolio_executor::yield_now;

pub(crate) use kinds::{KINDS, Kind, Member};
pub(crate) use log::Log;
pub(crate) use manual::Manual;
pub(crate) use smolio_testing::{Counter, DropGuard, Hook, Polls, Wakes, panic_of};

/// Runs a test in virtual time, first in the order of time, then under 100 shuffled ones.
#[track_caller]
pub(crate) fn explore<F: Future<Output = ()>>(test: impl Fn() -> F) {
    smolio_test::run(test());
    smolio_test::explore(100, test);
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// How long a stress test goes on, and its first seed.
fn stress() -> (Option<Duration>, u64) {
    let number = |name: &str| {
        let value = env::var(name).ok()?;
        Some(value.parse::<f64>().expect("a number"))
    };
    let duration = number("SMOLIO_STRESS_SECONDS").map(Duration::from_secs_f64);
    let first = number("SMOLIO_STRESS_SEED").map_or(0, |seed| seed as u64);
    (duration, first)
}

/// Runs `round` under so many seeds, or for `SMOLIO_STRESS_SECONDS`.
pub(crate) fn rounds(count: u64, round: impl FnMut(u64)) {
    let (duration, first) = stress();
    rounds_while(first, round, |seed, elapsed| match duration {
        Some(duration) => elapsed < duration,
        None => seed - first < count,
    });
}

/// Runs `round` under one seed after the other for a third of a second, or for `SMOLIO_STRESS_SECONDS`.
pub(crate) fn rounds_for(round: impl FnMut(u64)) {
    let (duration, first) = stress();
    let duration = duration.unwrap_or(ms(300));
    rounds_while(first, round, |_, elapsed| elapsed < duration);
}

fn rounds_while(first: u64, mut round: impl FnMut(u64), go_on: impl Fn(u64, Duration) -> bool) {
    let start = Instant::now();
    for seed in (first..).take_while(|seed| go_on(*seed, start.elapsed())) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| round(seed))) {
            panic!("under seed {seed}: {}", panic_message(&*payload));
        }
    }
}

/// Lets the others run `times` times.
pub(crate) async fn yields(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// The text of the panic that `future` ends in.
pub(crate) async fn panic_in<F: Future>(future: F) -> String {
    use futures_lite::FutureExt;
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(_) => panic!("there was no panic"),
        Err(payload) => panic_message(&*payload).to_string(),
    }
}
