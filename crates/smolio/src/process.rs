//! Other programs: async-process, as it is.
//!
//! | asyncio | here |
//! |---|---|
//! | `create_subprocess_exec("ls", "-l")` | `Command::new("ls").arg("-l").spawn()` |
//! | `create_subprocess_shell("a \| b")` | `Command::new("sh").arg("-c").arg("a \| b").spawn()` |
//! | `stdout=asyncio.subprocess.PIPE`, `DEVNULL` | `.stdout(Stdio::piped())`, `Stdio::null()` |
//! | `await process.communicate()` | `child.output().await`; with something to write: see below |
//! | `await process.wait()`, `process.returncode` | `child.status().await`, which closes its standard input; `child.try_status()` |
//! | `process.kill()` | `child.kill()` |
//! | `process.terminate()`, `send_signal(n)` | a signal to `child.id()`, by a crate that sends signals, such as rustix |
//! | `process.stdout.readline()` | `net::StreamReader::new(child.stdout.take()?)`, and its `lines` |
//!
//! ```
//! # #[cfg(unix)]
//! # smolio::run(async {
//! use smolio::process::Command;
//!
//! // Runs it to its end, and collects what it prints.
//! let output = Command::new("sh").arg("-c").arg("echo hello | tr a-z A-Z").output().await?;
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"HELLO\n");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! Something to read for it, and its answer. Both at once: a program that prints while it reads would wait for us otherwise, and
//! we for it.
//!
//! ```
//! # #[cfg(unix)]
//! # smolio::run(async {
//! use futures_lite::AsyncWriteExt;
//! use smolio::{process::{Command, Stdio}, try_gather};
//!
//! let mut child = Command::new("sort")
//!     .stdin(Stdio::piped())
//!     .stdout(Stdio::piped())
//!     .kill_on_drop(true)
//!     .spawn()?;
//! let mut stdin = child.stdin.take().expect("it is a pipe");
//! let write = async move { stdin.write_all(b"b\na\n").await }; // and closes it
//! let (_, output) = try_gather((write, child.output())).await?;
//! assert_eq!(output.stdout, b"a\nb\n");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! # What a drop does
//! **A dropped [`Child`] goes on running**: it is neither killed nor waited for by us. Only when it has ended by
//! itself is it reaped, in the background, so it does not stay a zombie. The same happens to one whose `output()` or `status()` is
//! dropped half-way, by a timeout or the end of a group.
//!
//! With [`kill_on_drop(true)`](Command::kill_on_drop) it belongs to whoever holds it, as a child of a group belongs to the
//! group: a drop kills it (SIGKILL), and it is reaped in the background a moment later. Say so for every program that is to end
//! with the work that needed it:
//!
//! ```
//! # #[cfg(unix)]
//! # smolio::run(async {
//! use smolio::{process::Command, timeout};
//! use std::time::Duration;
//!
//! let slow = Command::new("sleep").arg("3600").kill_on_drop(true).output();
//! assert!(timeout(Duration::from_millis(20), slow).await.is_err()); // and `sleep` is dead
//! # });
//! ```
//!
//! What it has started itself is not killed with it: `sh -c "a | b"` may leave `a` and `b` behind. One that is to end in good
//! order gets a SIGTERM and some time, in a [`finally`](crate::finally()) or [`with_cleanup`](crate::with_cleanup).
//!
//! # The thread behind it
//! With the first child, async-process starts a thread of its own for those that are dropped before they end. That thread also takes
//! its turn at waiting for the events of sockets and pipes, and a program with many of these is slower for it. A loop that reaps
//! by itself needs no such thread: `spawn(process::driver()).detach()`, before the first child.
//!
//! Waiting for a program is real time: a test takes `#[smolio::test(time = "real")]`.

#[cfg(unix)]
#[doc(no_inline)]
pub use async_process::unix;
#[cfg(windows)]
#[doc(no_inline)]
pub use async_process::windows;
#[doc(no_inline)]
pub use async_process::{
    Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio, driver,
};
