//! The tests of this crate, through its public API. A name that begins with `q1`, `x1` and so on is a row of what asyncio and trio
//! promise, in our terms. What is true of all three kinds is run for all three.

mod support;

mod batches;
mod end;
mod order;
mod work;

mod cancel;
mod panics;
mod waiters;

mod model;
mod stress;

mod bounds;
mod observed;
mod runtimes;
