//! How the tests are run: each within a limit of time, as a program without tokio and as one with.

use std::{
    fmt::Debug,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use smolio::{Runner, timeout};

/// More than any of it takes on a slow machine. Nothing waits for it to pass.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs it on a loop that knows nothing of tokio.
#[track_caller]
pub(crate) fn as_it_is<T, E: Debug>(test: impl Future<Output = Result<T, E>>) -> T {
    run(false, test)
}

/// Runs it on a loop with `tokio(true)`, as under `#[smolio::main(tokio)]`.
#[track_caller]
pub(crate) fn with_the_switch<T, E: Debug>(test: impl Future<Output = Result<T, E>>) -> T {
    run(true, test)
}

#[track_caller]
fn run<T, E: Debug>(tokio: bool, test: impl Future<Output = Result<T, E>>) -> T {
    let runner = Runner::builder().tokio(tokio);
    // Without optimisation it is copied at each call from here to its poll, and a test's thread has 2 MiB of stack.
    let test = Box::pin(test);
    let result = runner.run(async { timeout(LIMIT, test).await });
    result.expect("it ends in time").expect("it works")
}

/// The text of the panic that the future ends in on a loop without tokio.
pub(crate) fn panic_as_it_is<T>(test: impl Future<Output = T>) -> String {
    let run = || smolio::run(async { timeout(LIMIT, test).await.is_ok() });
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("it was to panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_owned(),
    }
}

/// What tokio says where it has no handle.
pub(crate) const NO_HANDLE: &str = "there is no reactor running";
