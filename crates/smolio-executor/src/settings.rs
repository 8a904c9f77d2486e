//! Settings from the environment, used where the program has not said otherwise.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `SMOLIO_WORKERS` | threads that run tasks: 1 is a loop, more share the `Send` tasks | 1 |
//! | `SMOLIO_GRACE_MS` | how long clean-ups may take when a loop closes, in milliseconds | 5000 |
//! | `SMOLIO_THREADS` | closures of `to_thread` at the same time, in the whole process | 64 |
//! | `SMOLIO_DEBUG` | 1: debug mode, in the whole process | 0 |
//! | `SMOLIO_SLOW_POLL_MS` | in debug mode: from how many milliseconds on a poll is reported | 100 |

use std::{env, num::NonZeroUsize, str::FromStr, time::Duration};

use crate::BuildError;

pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(5);
pub(crate) const DEFAULT_THREADS: usize = 64;
pub(crate) const DEFAULT_SLOW_POLL: Duration = Duration::from_millis(100);

pub(crate) fn workers() -> Result<Option<NonZeroUsize>, BuildError> {
    read("SMOLIO_WORKERS", "a number of at least 1")
}

pub(crate) fn grace() -> Result<Option<Duration>, BuildError> {
    read_milliseconds("SMOLIO_GRACE_MS")
}

pub(crate) fn debug() -> Result<Option<bool>, BuildError> {
    let debug: Option<Switch> = read("SMOLIO_DEBUG", "0 or 1")?;
    Ok(debug.map(|Switch(on)| on))
}

pub(crate) fn slow_poll() -> Result<Option<Duration>, BuildError> {
    read_milliseconds("SMOLIO_SLOW_POLL_MS")
}

/// What cannot be read counts as not said: `Builder::build` has refused it by then.
pub(crate) fn threads() -> Option<usize> {
    checked_threads().ok()?.map(NonZeroUsize::get)
}

pub(crate) fn checked_threads() -> Result<Option<NonZeroUsize>, BuildError> {
    read("SMOLIO_THREADS", "a number of at least 1")
}

struct Switch(bool);

impl FromStr for Switch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "0" => Ok(Self(false)),
            "1" => Ok(Self(true)),
            _ => Err(()),
        }
    }
}

fn read_milliseconds(variable: &'static str) -> Result<Option<Duration>, BuildError> {
    let milliseconds = read(variable, "a number of milliseconds")?;
    Ok(milliseconds.map(Duration::from_millis))
}

fn read<T: FromStr>(
    variable: &'static str,
    expected: &'static str,
) -> Result<Option<T>, BuildError> {
    let Some(value) = env::var_os(variable) else {
        return Ok(None);
    };
    let parsed = value.to_str().and_then(|text| text.trim().parse().ok());
    match parsed {
        Some(parsed) => Ok(Some(parsed)),
        None => Err(BuildError::environment(variable, value, expected)),
    }
}
