//! The tests of this crate, through its public API. A name that begins with `l1`, `n12` and so on is a row of what
//! asyncio and trio promise, in our terms. Where a test says `asyncio: test_cancel_race`, it is that one of `CPython`'s
//! `test_asyncio/test_locks.py`.

mod support;

mod barrier;
mod condition;
mod event;
mod limiter;
mod lock;
mod read_write;
mod semaphore;

mod broadcast;
mod oneshot;
mod watch;

mod cancel;
mod panics;

mod model;
mod model_condition;
mod model_values;
mod stress;

mod bounds;
mod observed;
mod runtimes;
