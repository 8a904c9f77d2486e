//! What several of the examples need and none of them is about: a small HTTP server, and a client that gets a page; and what runs
//! the sections of the guide.

pub mod guide;
pub mod http;

pub use guide::Guide;
pub use http::{Server, get};
