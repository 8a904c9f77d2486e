//! Why a runner could not be made.

use std::{error::Error, ffi::OsString, fmt, io, num::NonZeroUsize};

/// A runner could not be made.
///
/// ```
/// let error = smolio_executor::Runner::builder().workers(0).build().unwrap_err();
/// assert_eq!(error.to_string(), "a loop with 0 workers would never run anything");
/// ```
#[derive(Debug)]
pub struct BuildError(pub(crate) Problem);

/// Why.
#[derive(Debug)]
pub(crate) enum Problem {
    NoWorkers,
    PolicyForWorkers(NonZeroUsize),
    PolicyElsewhere,
    Environment {
        variable: &'static str,
        value: OsString,
        expected: &'static str,
    },
    Thread(io::Error),
    #[cfg(feature = "tokio-compat")]
    Tokio(io::Error),
    Watchdog(io::Error),
}

impl BuildError {
    pub(crate) fn thread(error: io::Error) -> Self {
        Self(Problem::Thread(error))
    }

    pub(crate) fn environment(
        variable: &'static str,
        value: OsString,
        expected: &'static str,
    ) -> Self {
        Self(Problem::Environment {
            variable,
            value,
            expected,
        })
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::NoWorkers => f.write_str("a loop with 0 workers would never run anything"),
            Problem::PolicyForWorkers(workers) => write!(
                f,
                "a test clock needs a single worker, not {workers}: with several, tasks run at the same time and no \
                 moment is the next"
            ),
            Problem::PolicyElsewhere => f.write_str(
                "a test clock belongs to the thread of its test, and a portal's loop runs on another",
            ),
            Problem::Environment {
                variable,
                value,
                expected,
            } => write!(
                f,
                "the environment variable {variable} is {value:?}, not {expected}"
            ),
            Problem::Thread(error) => write!(f, "a thread could not be started: {error}"),
            #[cfg(feature = "tokio-compat")]
            Problem::Tokio(error) => write!(f, "tokio's runtime could not be started: {error}"),
            Problem::Watchdog(error) => {
                write!(
                    f,
                    "the watchdog of debug mode could not be started: {error}"
                )
            }
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Problem::Thread(error) | Problem::Watchdog(error) => Some(error),
            #[cfg(feature = "tokio-compat")]
            Problem::Tokio(error) => Some(error),
            _ => None,
        }
    }
}
