//! The paths, each asked once or twice, without a wire between; and the server that has them.

mod access;
mod bytes;
mod documents;
mod forms;
mod redirects;
mod server;
mod support;
