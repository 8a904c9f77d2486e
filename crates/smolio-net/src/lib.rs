//! Connections: opened by name, to whichever address of the name answers first, served, and read message by message.
//!
//! The nouns are the [`TcpStream`] that [`open_connection`] gives, the [`Server`] that [`start_server`] makes, and the
//! [`StreamReader`] (exactly so many bytes, as far as a separator, or [`Lines`]). All of it works under any executor.
//!
//! ```
//! # futures_lite::future::block_on(async {
//! use futures_lite::AsyncWriteExt;
//! use smolio_net::{StreamReader, TcpConnection, open_connection, start_server};
//! use std::io;
//!
//! async fn greet(mut connection: TcpConnection) -> io::Result<()> {
//!     connection.stream.write_all(b"hello\r\nworld\r\n").await
//! }
//!
//! let server = start_server("127.0.0.1:0", greet).await?;
//! let port = server.local_addresses()[0].port();
//! let guest = async {
//!     let stream = open_connection(("localhost", port)).await?;
//!     let mut reader = StreamReader::new(stream);
//!     let mut lines = reader.lines(1024);
//!     while let Some(line) = lines.next().await {
//!         println!("{}", line?);
//!     }
//!     Ok::<_, io::Error>(())
//! };
//! server.serve_until(guest).await.reason?;
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap();
//! ```
//!
//! Names are looked up on a thread, so that nobody waits for the lookup but the one who asked. The addresses of a name are
//! tried as [`happy_eyeballs`] says: a broken IPv6 costs a quarter of a second, not a minute.
//!
//! A server's connections live inside of the future that serves, so none of them outlives it. A failure of one concerns no
//! other. When it is told to stop it shuts the door, and waits for those inside, but not for ever.
//!
//! A reader keeps what has arrived and was not taken: a future of it that is dropped half-way, by a timeout or a race, loses
//! nothing. Whatever has no end by itself has a limit, and an error gives the bytes or leaves them where they are.
//!
//! A limit of time is not an option of these functions: put a `timeout` around them.
//!
//! # When not to use this
//! For a socket with options of its own that must be set before it is connected (a local address, keep-alive): make it with
//! async-net or async-io, and give that to [`happy_eyeballs`] as the way to connect. For datagrams nothing here adds to
//! async-net. Where a stream is all that matters, to its end, a reader is one copy too many. For HTTP a client of HTTP is wanted,
//! which does this and more. Programs use the facade `smolio` with its feature `net`, which re-exports all of this.

#![forbid(unsafe_code)]

mod address;
mod connect;
#[cfg(unix)]
mod unix;

mod lines;
mod reader;

mod handler;
mod listener;
mod server;

mod eyeballs;
mod order;

mod error;
mod listen_error;
mod read_error;

mod accept;
mod buffer;
mod sockets;

pub use accept::accept;
pub use address::Address;
pub use connect::{OpenConnection, open_connection};
pub use error::{AttemptsError, ConnectCause, ConnectError, FailedAttempt};
pub use eyeballs::happy_eyeballs;
pub use handler::{Connection, HandlerOutcome};
pub use lines::Lines;
pub use listen_error::{ListenCause, ListenError};
pub use listener::Listener;
pub use read_error::{IncompleteRead, LimitOverrun, LineError, ReadExactlyError, ReadUntilError};
pub use reader::StreamReader;
pub use server::{Served, Server, ServerStats, TcpConnection, start_server};
pub use sockets::{TcpListener, TcpStream};
#[cfg(unix)]
pub use sockets::{UnixListener, UnixStream};
#[cfg(unix)]
pub use unix::{OpenUnixConnection, UnixConnectError, open_unix_connection};
