//! How this crate speaks to those who run the program: through `log`, or on standard error where no logger is set.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use log::{Level, LevelFilter};

/// Something failed.
pub(crate) fn error(text: fmt::Arguments<'_>) {
    tell(Level::Error, text);
}

/// Something is hardly ever meant. It does not fail: whatever goes wrong with a logger is ignored.
pub(crate) fn warn(text: fmt::Arguments<'_>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| tell(Level::Warn, text))) {
        // It may panic when dropped, too.
        std::mem::forget(payload);
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the last resort, where no logger is set"
)]
fn tell(level: Level, text: fmt::Arguments<'_>) {
    if log::max_level() == LevelFilter::Off {
        eprintln!("smolio: {text}");
    } else {
        log::log!(target: "smolio", level, "{text}");
    }
}
