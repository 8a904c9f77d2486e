//! The tests of smolio-http, through its public interface.

mod guest;
mod hook;
mod kernel;
mod server_basic;
mod server_failures;
mod server_smuggling;
mod support;
