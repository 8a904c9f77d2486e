//! `Test`: how one test is run, and what is put in place around it.

use std::{future::IntoFuture, rc::Rc};

use smolio_context::{
    ClockGuard, ObservationGuard, ReadyOrder, VirtualClock, observe, set_ready_order,
};
use smolio_executor::Runner;

use crate::{
    Exploration,
    policy::Policy,
    session::{Session, SessionGuard},
};

/// Which clock a test has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Time {
    /// Jumps as soon as nothing can run.
    #[default]
    Virtual,
    /// Jumps once nothing has happened for a while of real time.
    VirtualWithIo,
    /// The machine's.
    Real,
}

/// How a test is run: on which clock, and in which order its tasks.
///
/// ```
/// use smolio_test::Test;
/// let answer = Test::new().seed(7).run(async { 42 });
/// assert_eq!(answer, 42);
/// ```
#[derive(Clone, Default, Debug)]
#[must_use = "a test does nothing until `run`"]
pub struct Test {
    time: Time,
    seed: Option<u64>,
    #[cfg(feature = "tokio-compat")]
    tokio: bool,
}

impl Test {
    /// A test in virtual time, in which those run first that were ready first.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a test with sockets, files, processes or threads of its own: virtual time, but the clock waits for 5 ms of real
    /// idleness before each jump, and a test in which all are blocked fails after 5 s.
    ///
    /// What takes longer than these 5 ms to answer is jumped over if a timer is armed. Then [`real_time`](Self::real_time) is
    /// the honest choice.
    pub fn io(mut self) -> Self {
        self.time = Time::VirtualWithIo;
        self
    }

    /// On the machine's clock. Such a test is not failed when all are blocked: it may be waiting for the world.
    pub fn real_time(mut self) -> Self {
        self.time = Time::Real;
        self
    }

    /// Makes crates that call tokio inside work, as `smolio_executor::Builder::tokio` says. Only on the machine's clock, so with
    /// [`real_time`](Self::real_time): a virtual one does not see what tokio waits for, and would jump over it.
    ///
    /// For a single future in a test with [`io`](Self::io) there is `smolio_executor::compat`: then tokio's peers have the 5 ms
    /// to answer, and `tokio::time` goes by the machine's clock while ours jumps.
    ///
    /// ```
    /// use smolio_test::Test;
    /// use std::time::Duration;
    /// Test::new().real_time().tokio().run(async {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    /// });
    /// ```
    #[cfg(feature = "tokio-compat")]
    pub fn tokio(mut self) -> Self {
        self.tokio = true;
        self
    }

    /// Shuffles the order in which ready tasks run, in the same way for the same seed.
    ///
    /// It starts the thread's `fastrand` generator as well. What depends on anything else, such as on the order of a `HashMap`
    /// or on the operating system, is not repeated.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Makes it a test that is run `runs` times, each under a seed of its own.
    pub fn explore(self, runs: u64) -> Exploration {
        Exploration::new(self, runs)
    }

    /// Runs `main` as the main task of a loop on this thread, and returns its value.
    ///
    /// The clock and the order are those of the thread until this returns or unwinds. Then the former ones are back.
    ///
    /// # Panics
    /// As `main` does. In virtual time also when all tasks are blocked and no timer is left; the message is a report of who
    /// waits for what. If `tokio` was called, and `real_time` was not. And as `smolio_executor::run` does: on a thread that runs a
    /// loop already, or when none can be built.
    #[track_caller]
    pub fn run<F: IntoFuture>(self, main: F) -> F::Output {
        #[cfg(feature = "tokio-compat")]
        assert!(
            self.is_real_time() || !self.tokio,
            "a test with tokio in virtual time, which does not see what tokio waits for, and jumps over it: \
             call `real_time()` too"
        );
        let surroundings = Surroundings::enter(&self);
        let policy = Policy::new(self.time, surroundings.session.clone());
        // One worker, whatever the environment says: a clock has one thread.
        let builder = Runner::builder().workers(1).idle_policy(Rc::new(policy));
        #[cfg(feature = "tokio-compat")]
        let builder = builder.tokio(self.tokio);
        builder.run(surroundings.session.clone().watch(main))
    }

    pub(crate) fn is_real_time(&self) -> bool {
        self.time == Time::Real
    }

    pub(crate) fn first_seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }
}

/// Runs `main` as a test in virtual time: `Test::new().run(main)`.
///
/// ```
/// use std::time::Duration;
/// smolio_test::run(async {
///     smolio_timer::sleep(Duration::from_secs(3600)).await; // takes no time
/// });
/// ```
///
/// # Panics
/// As [`Test::run`] does.
#[track_caller]
pub fn run<F: IntoFuture>(main: F) -> F::Output {
    Test::new().run(main)
}

/// What is in force on the thread while a test runs; what was before comes back when it is dropped.
struct Surroundings {
    session: Rc<Session>,
    _session: SessionGuard,
    _clock: Option<ClockGuard>,
    _order: OrderGuard,
    _observation: ObservationGuard,
}

impl Surroundings {
    fn enter(test: &Test) -> Self {
        let clock = (test.time != Time::Real).then(VirtualClock::new);
        let clock_guard = clock.as_ref().map(VirtualClock::install);
        let session = Rc::new(Session::new(clock));
        Self {
            _session: session.clone().enter(),
            session,
            _clock: clock_guard,
            _order: OrderGuard::set(test.seed),
            _observation: observe(),
        }
    }
}

/// Puts the order and the generator back.
struct OrderGuard {
    order: ReadyOrder,
    /// `None`: the generator was left alone.
    generator: Option<u64>,
}

impl OrderGuard {
    fn set(seed: Option<u64>) -> Self {
        let order = seed.map_or(ReadyOrder::FIRST_IN_FIRST_OUT, ReadyOrder::seeded);
        let generator = seed.map(|seed| {
            let former = fastrand::get_seed();
            fastrand::seed(seed);
            former
        });
        Self {
            order: set_ready_order(order),
            generator,
        }
    }
}

impl Drop for OrderGuard {
    fn drop(&mut self) {
        set_ready_order(self.order);
        if let Some(seed) = self.generator {
            fastrand::seed(seed);
        }
    }
}
