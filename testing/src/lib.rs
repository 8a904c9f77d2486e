//! What the tests of several of our crates share: things that count, wakers, and the unhandled hook. For the workspace alone.
//!
//! `smolio-test` is for programs; this is for what is beneath it, and knows nothing but `smolio-context`.

#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, reason = "they are assertions")]

mod counting;
mod hook;
mod panics;
pub mod reports;
mod wakes;

pub use counting::{Counter, DropGuard, Polls};
pub use hook::Hook;
pub use panics::panic_of;
pub use wakes::{PanicWaker, Wakes};
