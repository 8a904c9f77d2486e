//! The tests of this crate, through its public API. Those of the race are in virtual time, with attempts that are made up, and
//! those of the reader have sources that are made up; the others use real sockets on loopback.

mod network;

mod order;
mod race;

mod address;
mod loopback;
#[cfg(unix)]
mod unix;

mod source;

mod lines;
mod reader;
mod reader_model;
mod streams;

mod bounds;
mod runtimes;
