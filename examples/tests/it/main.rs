//! The programs, as people run them, where the comparison with `expected` does not show all that matters.

use std::{env, path::PathBuf};

// It sends signals.
#[cfg(unix)]
mod chat;
mod cpu_and_io;
mod guide;

/// An example: cargo has built it beside the tests.
fn program(name: &str) -> PathBuf {
    let mut path = env::current_exe().unwrap();
    path.pop();
    path.set_file_name("examples");
    path.join(name)
}
