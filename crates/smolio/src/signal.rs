//! Signals of the operating system: async-signal, as it is, for those that do not mean "end".
//!
//! | asyncio | here |
//! |---|---|
//! | `loop.add_signal_handler(SIGINT, ...)` | [`ctrl_c`](crate::ctrl_c) |
//! | `add_signal_handler` for SIGINT and SIGTERM | [`shutdown_signal`](crate::shutdown_signal), and nothing at all under `#[smolio::main]`: the first drops main |
//! | `loop.add_signal_handler(SIGHUP, reload)` | `Signals::new([Signal::Hup])?`, and a task that reads them |
//! | `loop.remove_signal_handler(SIGHUP)` | drop the `Signals` |
//!
//! For SIGINT and SIGTERM take the two functions: they know of [`Builder::handle_signals`](crate::Builder::handle_signals), and give the signals their former
//! effect back. `Signals` does not.
//!
//! ```
//! # #[cfg(unix)]
//! # smolio::run(async {
//! use futures_lite::StreamExt;
//! use smolio::signal::{Signal, Signals};
//!
//! let mut hang_ups = Signals::new([Signal::Hup])?;
//! // Somebody says `kill -HUP`:
//! rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP)?;
//! if let Some(signal) = hang_ups.next().await {
//!     assert_eq!(signal?, Signal::Hup); // in real life: read the configuration again
//! }
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```

#[doc(no_inline)]
pub use async_signal::{Signal, Signals};
