//! `Exploration`: one test under many seeds, until one fails.

use std::{env, future::IntoFuture, thread};

use crate::{Test, TestOutcome};

/// The environment variable that repeats one run of an exploration.
const SEED_VARIABLE: &str = "SMOLIO_TEST_SEED";

/// A test that is run many times, each time with the ready tasks in another order: for what goes wrong in one order of a
/// hundred.
///
/// The seeds are the same each time: 0, 1, 2 and so on, or from [`Test::seed`] on. So a test that passed passes again, and one
/// that fails can be repeated. The first run that panics or returns an error is the last one; its seed is printed, and with
/// the environment variable `SMOLIO_TEST_SEED` set to it only that run takes place.
///
/// ```should_panic
/// use smolio_executor::{spawn, yield_now};
/// use smolio_test::Test;
/// use std::sync::{Arc, atomic::{AtomicU32, Ordering::Relaxed}};
///
/// async fn add_one(counter: Arc<AtomicU32>) {
///     let before = counter.load(Relaxed);
///     yield_now().await; // another task may add one here, and have it overwritten
///     counter.store(before + 1, Relaxed);
/// }
///
/// Test::new().explore(1000).run(|| async {
///     let counter = Arc::new(AtomicU32::new(0));
///     let one = spawn(add_one(counter.clone()));
///     let other = spawn(add_one(counter.clone()));
///     (one.await, other.await);
///     assert_eq!(counter.load(Relaxed), 2);
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "an exploration does nothing until `run`"]
pub struct Exploration {
    test: Test,
    runs: u64,
}

impl Exploration {
    pub(crate) fn new(test: Test, runs: u64) -> Self {
        Self { test, runs }
    }

    /// Runs the future that `main` makes under one seed after the other. Returns what the last run returned: the first
    /// failure, or the value of the last seed.
    ///
    /// # Panics
    /// As the first run that does. Also if there are no runs, if the test runs in real time (a seed would not repeat it), or if
    /// `SMOLIO_TEST_SEED` is no seed.
    #[track_caller]
    pub fn run<F>(self, main: impl Fn() -> F) -> F::Output
    where
        F: IntoFuture,
        F::Output: TestOutcome,
    {
        assert!(
            !self.test.is_real_time(),
            "an exploration in real time: a seed would not give the same run again"
        );
        if let Some(seed) = seed_from_environment() {
            return self.test.seed(seed).run(main());
        }
        let first = self.test.first_seed();
        let mut outcome = None;
        for number in 0..self.runs {
            let seed = first.wrapping_add(number);
            let announcement = Announcement::new(seed, number);
            let value = self.test.clone().seed(seed).run(main());
            if value.is_failure() {
                announcement.print();
                return value;
            }
            outcome = Some(value);
        }
        outcome.expect("an exploration of no runs tests nothing")
    }
}

/// Runs the future that `main` makes `runs` times in virtual time, each time under another seed:
/// `Test::new().explore(runs).run(main)`.
///
/// ```
/// let last = smolio_test::explore(100, || async { Ok::<_, std::fmt::Error>("fine") });
/// assert_eq!(last, Ok("fine"));
/// ```
///
/// # Panics
/// As [`Exploration::run`] does.
#[track_caller]
pub fn explore<F>(runs: u64, main: impl Fn() -> F) -> F::Output
where
    F: IntoFuture,
    F::Output: TestOutcome,
{
    Test::new().explore(runs).run(main)
}

/// The one seed that is to be run.
fn seed_from_environment() -> Option<u64> {
    let value = env::var_os(SEED_VARIABLE)?;
    let seed = value.to_str().and_then(|text| text.trim().parse().ok());
    Some(seed.unwrap_or_else(|| panic!("{SEED_VARIABLE} is a number from 0 on, not {value:?}")))
}

/// Prints the seed of a run that fails, also when the run unwinds. A guard, not a `catch_unwind`: the panic goes on as it is.
struct Announcement {
    seed: u64,
    passed: u64,
    /// The exploration itself may stand in a destructor.
    unwinding_before: bool,
}

impl Announcement {
    fn new(seed: u64, passed: u64) -> Self {
        Self {
            seed,
            passed,
            unwinding_before: thread::panicking(),
        }
    }

    #[expect(clippy::print_stderr, reason = "tests speak there, and it is captured")]
    fn print(&self) {
        let Self { seed, passed, .. } = self;
        eprintln!(
            "smolio: failed under seed {seed}, after {passed} others; {SEED_VARIABLE}={seed} repeats this run alone"
        );
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding_before {
            self.print();
        }
    }
}
