//! A program that has come to a halt is explained by one signal.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::{program, running::Running};

#[test]
fn one_signal_explains_it() {
    let mut running = Running::start(program("stuck").arg("wait").stderr(Stdio::piped()));
    let line = running.line();
    assert!(line.starts_with("stuck: kill -USR1 "), "{line}");
    running.signal("USR1");
    let mut errors = BufReader::new(running.errors());
    let mut graph = String::new();
    while !graph.contains("more like it") {
        assert!(errors.read_line(&mut graph).unwrap() > 0, "{graph}");
    }
    for told in [
        "these 2 wait for each other, and will for ever:\n    transfer, id 2, waits for Lock \"savings\", held by audit, id 3\n",
        "    audit, id 3, waits for Lock \"current\", held by transfer, id 2\n",
        "main, id 1, waiting (spawned at examples/stuck.rs:",
        "waits for TaskGroup \"workers\": 100 children (for ",
        "waits for Queue::get on \"jobs\" (empty), 100 waiters (for ",
        "    ... and 97 more like it\n",
    ] {
        assert!(graph.contains(told), "{told}\n{graph}");
    }
}
