//! The tests of smolio-http, through its public interface.

mod guest;
mod kernel;
mod server_basic;
mod support;
