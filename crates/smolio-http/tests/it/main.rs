//! The tests of smolio-http, through its public interface.

mod answers;
mod events;
mod events_model;
mod events_server;
mod events_source;
mod guest;
mod hook;
mod kernel;
mod server_basic;
mod server_failures;
mod server_smuggling;
mod session;
mod support;
