//! Stands in for the library, so that the attributes are tested without a loop: the builders write down what they are told
//! and run the body where it stands.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "this stands for another crate, and each of those that include it uses a part"
)]

use std::{cell::RefCell, future::IntoFuture};

thread_local! {
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What the builders were told since the last time somebody asked.
pub fn take_calls() -> Vec<String> {
    CALLS.take()
}

fn note(call: impl Into<String>) {
    CALLS.with_borrow_mut(|calls| calls.push(call.into()));
}

fn block_on<F: IntoFuture>(future: F) -> F::Output {
    futures_lite::future::block_on(future.into_future())
}

pub struct Runner;

impl Runner {
    pub fn builder() -> Builder {
        note("builder");
        Builder
    }
}

pub struct Builder;

impl Builder {
    pub fn handle_signals(self, on: bool) -> Self {
        note(format!("handle_signals {on}"));
        self
    }

    pub fn workers(self, workers: usize) -> Self {
        note(format!("workers {workers}"));
        self
    }

    pub fn tokio(self, on: bool) -> Self {
        note(format!("tokio {on}"));
        self
    }

    #[track_caller]
    pub fn run<F: IntoFuture>(self, main: F) -> F::Output {
        let line = std::panic::Location::caller().line();
        note(format!("run at line {line}"));
        block_on(main)
    }
}

pub mod test {
    //! As the library's module of the same name.
    use super::{IntoFuture, block_on, note};

    pub struct Test;

    impl Test {
        pub fn new() -> Self {
            note("new");
            Self
        }

        pub fn io(self) -> Self {
            note("io");
            self
        }

        pub fn real_time(self) -> Self {
            note("real_time");
            self
        }

        pub fn tokio(self) -> Self {
            note("tokio");
            self
        }

        pub fn seed(self, seed: u64) -> Self {
            note(format!("seed {seed}"));
            self
        }

        pub fn explore(self, runs: u64) -> Exploration {
            note(format!("explore {runs}"));
            Exploration(runs)
        }

        pub fn run<F: IntoFuture>(self, main: F) -> F::Output {
            note("run");
            block_on(main)
        }
    }

    pub struct Exploration(u64);

    impl Exploration {
        pub fn run<F: IntoFuture>(self, main: impl Fn() -> F) -> F::Output {
            note("run");
            for _ in 1..self.0 {
                block_on(main());
            }
            block_on(main())
        }
    }
}
