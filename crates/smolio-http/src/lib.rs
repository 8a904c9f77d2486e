//! HTTP for programs that make many requests at once, and for those that answer them.

#![forbid(unsafe_code)]

mod body;
mod error;
pub mod server;
mod socket;
mod stream;
mod transport;
mod wire;

pub use body::Body;
pub use error::{BodyError, BodyErrorKind, Phase, RequestError, RequestErrorKind};
pub use server::{serve, serve_local};
pub use transport::{IncomingBody, SmolTransport};
