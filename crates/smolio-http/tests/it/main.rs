//! The tests of smolio-http, through its public interface.

mod answers;
mod kernel;
mod session;
mod support;
