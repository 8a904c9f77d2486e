//! The transport against peers that do what they should, and those that do not.

mod answers;
mod cancel;
#[cfg(feature = "http2")]
mod http2;
mod kernel;
mod places;
mod proxies;
mod random;
mod requests;
mod retries;
mod timeouts;
mod tls;
