//! The tests of smolio-http, through its public interface.

mod kernel;
mod session;
mod support;
