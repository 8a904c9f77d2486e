//! HTTP for programs that make many requests at once, and for those that answer them.

#![forbid(unsafe_code)]

mod auth;
mod body;
mod error;
mod socket;
mod stream;
mod tls;
mod transport;
mod wire;

pub use body::Body;
pub use error::{BodyError, BodyErrorKind, Phase, RequestError, RequestErrorKind};
pub use tls::{TlsError, TlsErrorKind};
pub use transport::{
    IncomingBody, Proxies, ProxyError, SmolTransport, Timeouts, TlsOptions, TransportBuilder,
    TransportStats,
};
