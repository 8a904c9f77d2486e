//! Connections: over TCP to a name, or to whichever of several addresses answers first, and over Unix sockets; servers that end
//! in good order; and a reader of messages that loses nothing.
//!
//! ```
//! # smolio::run(async {
//! use smolio::net::{StreamReader, TcpConnection, open_connection, start_server};
//! use smolio::{spawn, timeout};
//! use std::{io, time::Duration};
//!
//! async fn handle(connection: TcpConnection) -> io::Result<()> {
//!     let mut reader = StreamReader::new(connection.stream);
//!     let mut lines = reader.lines(1024);
//!     while let Some(line) = lines.next().await {
//!         println!("{}: {}", connection.peer, line?);
//!     }
//!     Ok(())
//! }
//!
//! // Each connection is a task, and so on any worker where there are several; with `handle` alone it is on this thread.
//! let server = start_server("127.0.0.1:0", |connection| spawn(handle(connection))).await?;
//! let address = server.local_addresses()[0];
//! let guest = async {
//!     let stream = timeout(Duration::from_secs(10), open_connection(address)).await??;
//!     drop(stream); // hangs up
//!     Ok::<_, io::Error>(())
//! };
//! server.serve_until(guest).await.reason?; // in real life: until shutdown_signal()
//! # Ok::<(), io::Error>(())
//! # }).unwrap();
//! ```

pub use smolio_net::{
    Address, AttemptsError, ConnectCause, ConnectError, Connection, FailedAttempt, HandlerOutcome,
    IncompleteRead, LimitOverrun, LineError, Lines, ListenCause, ListenError, Listener,
    OpenConnection, ReadExactlyError, ReadUntilError, Served, Server, ServerStats, StreamReader,
    TcpConnection, TcpListener, TcpStream, accept, happy_eyeballs, open_connection, start_server,
};
#[cfg(unix)]
pub use smolio_net::{
    OpenUnixConnection, UnixConnectError, UnixListener, UnixStream, open_unix_connection,
};
