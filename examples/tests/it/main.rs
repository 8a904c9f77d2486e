//! The programs, as people run them, and what runs the guide.

use std::{env, process::Command};

// These send signals.
#[cfg(unix)]
mod chat;
#[cfg(unix)]
mod microservice;
#[cfg(unix)]
mod running;
#[cfg(unix)]
mod scraper;
#[cfg(unix)]
mod stuck;

mod cpu_and_io;
mod download;
mod fetch;
mod guide;
mod library;
mod protocol_client;
mod sync_program;
mod time_dependent_test;
mod worker_pool;

/// An example: cargo has built it beside the tests.
fn program(name: &str) -> Command {
    let mut path = env::current_exe().unwrap();
    path.pop();
    path.set_file_name("examples");
    Command::new(path.join(name))
}

/// What a program prints, which is to end well.
#[track_caller]
fn lines_of(program: &mut Command) -> Vec<String> {
    let output = program.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program:?}: {errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(str::to_owned).collect()
}
