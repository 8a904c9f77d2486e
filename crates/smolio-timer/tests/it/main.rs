//! The tests of this crate, through its public API; only the wheel is tested by itself.

mod wheel_model;
