//! The program that computes beside a ticker: what it prints says that the ticker was held up only where it says so.

use std::process::Command;

use crate::program;

#[test]
fn a_thread_does_not_hold_up_the_loop() {
    let mut command = Command::new(program("cpu_and_io"));
    let output = command.arg("300000").output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let on_the_loop = late(&printed, "on the loop: ");
    let in_a_thread = late(&printed, "in a thread: ");
    // Generous, for a machine that has other things to do.
    assert!(in_a_thread < on_the_loop / 2, "{printed}");
}

/// The last number of the line that begins so.
fn late(printed: &str, beginning: &str) -> u32 {
    let line = printed
        .lines()
        .find_map(|line| line.strip_prefix(beginning));
    let (_, end) = line.unwrap().split_once("a tick was ").unwrap();
    end.split(' ').next().unwrap().parse().unwrap()
}
