//! Time for futures: wait, wait no longer than, do it again and again, try it once more, and not too often.
//!
//! The nouns are the [`Sleep`], the [`Timeout`] and the [`Interval`], the [`Backoff`] and the [`RateLimiter`]. Inside a loop of ours they are entries in the
//! loop's timing wheel: armed and cancelled in a few instructions, and on virtual time under test. Under any other
//! executor, tokio's and smol's included, they are timers of async-io and work all the same.
//!
//! ```
//! # smol::block_on(async {
//! use smolio_timer::{interval, sleep, timeout};
//! use std::{future::pending, time::Duration};
//!
//! sleep(Duration::from_millis(1)).await;
//!
//! let answer = timeout(Duration::from_millis(5), pending::<u8>()).await;
//! assert_eq!(answer.unwrap_err().to_string(), "timed out after 5 ms");
//!
//! let mut every = interval(Duration::from_millis(1));
//! for _ in 0..3 {
//!     every.tick().await;
//! }
//! # });
//! ```
//!
//! # When not to use this
//! Where an operation has to end at a time of the calendar: this counts on a clock that knows no dates and, depending
//! on the platform, stands still while the machine sleeps. Where a millisecond is too coarse: neither the wheel nor
//! the operating system's poll promises more. Programs use the facade `smolio`, which re-exports all of this.

#![forbid(unsafe_code)]

mod sleep;

mod deferral;
mod elapsed;
mod limit;
mod scope;
mod timeout;

mod interval;

mod backoff;
mod retry;

mod rate;
mod rate_limiter;

pub mod driver;
mod local;
mod ticks;
mod turn;
mod wheel;

mod foreign;
mod registry;
mod sync;

pub use backoff::Backoff;
pub use elapsed::Elapsed;
pub use interval::{Interval, MissedTick, interval, interval_at};
pub use rate_limiter::{
    AcquireRate, RateError, RateLimiter, RateLimiterStats, TryAcquireRateError,
};
pub use retry::{RetryError, retry};
pub use scope::{RescheduleError, ScopedTimeout, TimeoutHandle, TimeoutScope};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{
    MoveOnAfter, Timeout, TryTimeout, move_on_after, timeout, timeout_at, try_timeout,
};
