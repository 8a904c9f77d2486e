//! The tests of this crate, through its public API; only the wheel is tested by itself.

mod harness;

mod bounds;
mod driver;
mod drops;
mod interval;
mod moved;
mod nested;
mod reschedule;
mod runtimes;
mod shield;
mod shield_model;
mod shield_nested;
mod sleep;
mod sleep_model;
mod timeout;
mod turn;
mod wheel_model;
