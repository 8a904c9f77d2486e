//! The tests of smolio-http, through its public interface.

mod events;
mod events_model;
mod events_server;
mod server_basic;
mod session;
mod support;
mod transport;
