//! A loop for tasks: run, spawn, cancel, clean up, and close in good order.
//!
//! The nouns are [`run`] (and the [`Runner`] behind it), the [`Task`] that [`spawn`] gives, and the [`Handle`] for other threads;
//! a program that is not async has a [`Portal`] to a loop in the background.
//!
//! ```
//! use smolio_executor::{run, spawn, yield_now};
//!
//! let total = run(async {
//!     let tasks: Vec<_> = (1..=3)
//!         .map(|n| spawn(async move { yield_now().await; n * n }))
//!         .collect();
//!     let mut total = 0;
//!     for task in tasks {
//!         total += task.await;
//!     }
//!     total
//! });
//! assert_eq!(total, 14);
//! ```
//!
//! One worker, the default, is asyncio's loop: tasks take turns on one thread. With several
//! ([`Builder::workers`]) the tasks that are `Send` run on any of them.
//!
//! # Features
//! `spans`: each task and child of a group is a span of the crate `tracing`; see `smolio-context`. `tokio-compat` adds
//! `Builder::tokio` and `compat`, for crates that call tokio inside. Without it there is no tokio in the tree.
//!
//! # When not to use this
//! Where tokio runs already, or where another executor is part of the deal (embedded, a browser): the timers, queues and task groups of
//! smolio work there without this crate.

mod build_error;
mod builder;
mod runner;
mod task;

mod handle;
mod portal;
mod spawn;
mod thread;
mod yield_now;

mod finally;
mod shield;
mod signal;
mod stdin;

#[cfg(feature = "tokio-compat")]
mod compat;

pub mod idle;

mod alarm;
mod cell;
mod debug;
mod inbox;
mod local;
mod loops;
mod pool;
mod queues;
mod registry;
mod runtime;
mod settings;
mod shutdown;
mod sleepers;
mod sync;
mod tokio_handle;
mod wake;
mod wake_state;

pub use build_error::BuildError;
pub use builder::Builder;
#[cfg(feature = "tokio-compat")]
pub use compat::{Compat, compat};
pub use finally::{Finally, finally, with_cleanup};
pub use handle::{Closed, Handle};
pub use portal::{CallError, Portal};
pub use runner::{Runner, run};
pub use shield::{Shield, Shielded, shield, shield_value};
pub use signal::{CtrlC, Interrupted, ShutdownSignal, ctrl_c, shutdown_signal};
pub use spawn::{TaskBuilder, all_tasks, spawn, spawn_local};
pub use stdin::{LongLine, Stdin, StdinError, stdin};
pub use task::{Cancel, Join, JoinError, Task};
pub use thread::{ThreadLimit, to_thread, to_thread_with};
pub use yield_now::{YieldNow, yield_now};
