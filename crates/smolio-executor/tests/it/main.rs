//! The tests of this crate, through its public API. A name that begins with `c1`, `r2` and so on is a row of what asyncio and
//! trio promise, in our terms.

#![allow(
    clippy::async_yields_async,
    reason = "a run hands its tasks out, to the next run"
)]

mod support;

mod cancel;
mod detached;
mod foreign_wakers;
mod join;
mod panics;
mod variables;

mod close;
mod close_reports;
mod handle;
mod portal;
mod runs;
mod settings;
#[cfg(unix)]
mod signals;

mod cleanup;
mod drops;
mod finally;
mod shield;
mod stdin;
mod thread;

mod debug;
mod debug_handles;
mod fairness;
mod idle;
mod observed;
mod order;
mod stealing;
mod tasks;
#[cfg(feature = "tokio-compat")]
mod tokio_compat;
mod watchdog;
mod workers;

mod promises;
mod stress;
mod stress_workers;
