//! The tests of smolio-http, through its public interface.

mod events;
mod events_model;
mod events_server;
mod events_source;
mod guest;
mod server_answers;
mod server_basic;
mod server_bounds;
mod server_failures;
#[cfg(feature = "http2")]
mod server_http2;
mod server_limits;
mod server_load;
mod server_processes;
mod server_shutdown;
mod server_smuggling;
mod server_tls;
mod server_upgrade;
mod session;
mod support;
mod transport;
#[cfg(feature = "websocket")]
mod websocket;
