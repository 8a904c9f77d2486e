//! What the tests share: things that count, a log of who went when, and the hook.

mod counting;
mod hook;
mod log;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use smolio_context::panic_message;
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
