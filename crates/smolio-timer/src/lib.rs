//! Time for futures: [`sleep`], and what is built of it.

#![forbid(unsafe_code)]

mod sleep;

pub mod driver;
mod local;
mod wheel;

mod foreign;
mod registry;
mod sync;

pub use sleep::{Sleep, sleep, sleep_until};
