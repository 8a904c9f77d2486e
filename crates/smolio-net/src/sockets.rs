//! The sockets, which are async-net's on purpose: whoever has one can use all that there is for them. This is the one module
//! that shows them.

pub use async_net::{TcpListener, TcpStream};

#[cfg(unix)]
pub use async_net::unix::{UnixListener, UnixStream};
