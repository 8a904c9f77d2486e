//! The tests of this crate, through its public API; only the wheel is tested by itself.

mod harness;

mod backoff;
mod bounds;
mod driver;
mod drops;
mod interval;
mod moved;
mod nested;
mod rate_limiter;
mod rate_limiter_model;
mod reschedule;
mod retry;
mod runtimes;
mod shield;
mod shield_model;
mod shield_nested;
mod sleep;
mod sleep_model;
mod timeout;
mod turn;
mod wheel_model;
