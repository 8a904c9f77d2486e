//! Connections: opened by name, to whichever address of the name answers first.
//!
//! The nouns are the [`Address`] (where to connect to: a name and a port, or socket addresses) and the [`TcpStream`] that
//! [`open_connection`] gives. All of it works under any executor.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use smolio_net::{TcpListener, open_connection};
//!
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let port = listener.local_addr()?.port();
//!
//! let mut stream = open_connection(("localhost", port)).await?;
//! let (mut peer, _) = listener.accept().await?;
//! peer.write_all(b"hello").await?;
//! drop(peer);
//!
//! let mut greeting = String::new();
//! stream.read_to_string(&mut greeting).await?;
//! assert_eq!(greeting, "hello");
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap();
//! ```
//!
//! Names are looked up on a thread, so that nobody waits for the lookup but the one who asked. The addresses of a name are
//! tried as [`happy_eyeballs`] says: a broken IPv6 costs a quarter of a second, not a minute.
//!
//! A limit of time is not an option of these functions: put a `timeout` around them.
//!
//! # When not to use this
//! For a socket with options of its own that must be set before it is connected (a local address, keep-alive): make it with
//! async-net or async-io, and give that to [`happy_eyeballs`] as the way to connect. For datagrams nothing here adds to
//! async-net. For HTTP a client of HTTP is wanted, which does this and more. Programs use the facade `smolio` with its
//! feature `net`, which re-exports all of this.

#![forbid(unsafe_code)]

mod address;
mod connect;
#[cfg(unix)]
mod unix;

mod eyeballs;
mod order;

mod error;

mod sockets;

pub use address::Address;
pub use connect::{OpenConnection, open_connection};
pub use error::{AttemptsError, ConnectCause, ConnectError, FailedAttempt};
pub use eyeballs::happy_eyeballs;
pub use sockets::{TcpListener, TcpStream};
#[cfg(unix)]
pub use sockets::{UnixListener, UnixStream};
#[cfg(unix)]
pub use unix::{OpenUnixConnection, UnixConnectError, open_unix_connection};
