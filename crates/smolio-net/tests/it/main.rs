//! The tests of this crate, through its public API. Those of the race are in virtual time, with attempts that are made up; the
//! others use real sockets on loopback.

mod network;

mod order;
mod race;

mod address;
mod loopback;
#[cfg(unix)]
mod unix;

mod bounds;
mod runtimes;
