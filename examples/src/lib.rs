//! What several of the examples need and none of them is about: a small HTTP server, and a client that gets a page.

pub mod http;

pub use http::{Server, get};
