//! Tests of async code that own their time, can shuffle their schedule, and explain their deadlocks.
//!
//! The nouns are the [`Test`] (how a test is run; [`run`] is the short form) and the [`Exploration`] (a test that is run
//! under many seeds; [`explore`] is the short form). From inside, a test can wait until [`all_blocked`], and [`advance`] the
//! clock by hand.
//!
//! ```
//! use smolio_context::Instant;
//! use smolio_executor::spawn;
//! use smolio_timer::sleep;
//! use std::time::Duration;
//!
//! smolio_test::run(async {
//!     let start = Instant::now();
//!     let year = Duration::from_secs(365 * 24 * 60 * 60);
//!     let sleeper = spawn(async move { sleep(year).await });
//!     smolio_test::all_blocked().await; // the sleeper is asleep now
//!     assert_eq!(start.elapsed(), Duration::ZERO);
//!     sleeper.await; // takes no time
//!     assert_eq!(start.elapsed(), year);
//! });
//! ```
//!
//! # Virtual time
//! The clock stands still while any task can run. When none can, and the operating system has no event either, it jumps to
//! the next deadline. So everything takes the time that it says it takes, exactly, and the test takes none. While a
//! `to_thread` closure runs the clock stands.
//!
//! A test in which every task waits for something and no timer is left would wait for ever. It fails instead, at once, with a
//! report of who waits for what, since when, and where they were spawned.
//!
//! Of sockets, files, processes and foreign threads the clock knows nothing: it would jump over an answer that takes a
//! millisecond, or take the wait for it for a deadlock. [`Test::io`] is for these.
//!
//! # When not to use this
//! Not for benchmarks, which are about real time. Not where the test is about more than one worker: virtual time has one
//! thread. Programs' tests use the facade: `#[smolio::test]` is [`Test::run`] as an attribute, and `smolio::test` is this
//! crate.

#![forbid(unsafe_code)]

mod exploration;
mod outcome;
mod test;

mod quiet;
mod session;

mod policy;
mod report;

pub use exploration::{Exploration, explore};
pub use outcome::TestOutcome;
pub use quiet::{advance, all_blocked};
pub use test::{Test, run};
