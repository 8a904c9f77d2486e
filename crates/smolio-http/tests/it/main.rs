//! The tests of smolio-http, through its public interface.

mod guest;
mod hook;
mod kernel;
mod server_basic;
mod server_bounds;
mod server_failures;
mod server_limits;
mod server_load;
mod server_shutdown;
mod server_smuggling;
mod server_tls;
mod server_upgrade;
mod support;
