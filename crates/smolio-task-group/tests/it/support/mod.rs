//! What the tests share: things that count, a log of who went when, and the hook.

mod counting;
mod hook;
mod log;

use std::{
    env,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use smolio_context::{Instant, panic_message};
use smolio_executor::yield_now;

pub(crate) use counting::{Counter, Manual, Polls};
pub(crate) use hook::Hook;
pub(crate) use log::Log;

/// Runs a test in virtual time, first in the order of time, then under 100 shuffled ones.
#[track_caller]
pub(crate) fn explore<F: Future<Output = ()>>(test: impl Fn() -> F) {
    smolio_test::run(test());
    smolio_test::explore(100, test);
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs `round` under `least` seeds, and then under more of them until `SMOLIO_STRESS_SECONDS` are over. `SMOLIO_STRESS_SEED` is the
/// first one.
pub(crate) fn rounds(least: u64, mut round: impl FnMut(u64)) {
    let seconds = env::var("SMOLIO_STRESS_SECONDS")
        .map_or(0.0, |seconds| seconds.parse().expect("a number of seconds"));
    let duration = Duration::from_secs_f64(seconds);
    let first = env::var("SMOLIO_STRESS_SEED").map_or(0, |seed| seed.parse().expect("a seed"));
    let start = Instant::now();
    for seed in first.. {
        if seed - first >= least && start.elapsed() >= duration {
            break;
        }
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

/// The text of the panic that `f` ends in.
#[track_caller]
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("there was no panic"),
        Err(payload) => panic_message(&*payload).to_string(),
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
