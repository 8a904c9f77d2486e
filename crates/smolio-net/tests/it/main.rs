//! The tests of this crate, through its public API. The race and the server are in virtual time, with attempts and listeners that
//! are made up, the reader has sources that are made up; the others use real sockets on loopback.

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

mod served;
mod server;

mod bounds;
mod runtimes;
