//! The tests of smolio-http, through its public interface.

mod answers;
mod events;
mod events_model;
mod events_server;
mod kernel;
mod server_basic;
mod session;
mod support;
