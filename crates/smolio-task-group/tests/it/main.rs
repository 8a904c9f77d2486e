//! The tests of this crate, through its public API. A name that begins with `t1`, `n7` and so on is a row of what asyncio and trio
//! promise, in our terms.

mod support;

mod ui;
mod usage;

mod children;
mod failure;

mod cancel;
mod drops;
mod ending;
mod panicking_wakers;
mod panics;
mod start;
mod supervisor;
mod try_spawn;

mod limit;
mod scope;
mod scope_deadline;

mod cleanup;
mod context;
mod debug;
mod fairness;
mod promises;
mod runtimes;

mod as_completed;
mod gather;
mod race;
mod try_gather;
mod wait;

mod set_drops;
mod set_model;
mod set_promises;
mod set_runtimes;
mod set_shields;

mod model;
mod stress;
mod stress_cells;
mod wakers;
