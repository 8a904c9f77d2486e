//! The other side of the connections, as a process of its own.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio, exit};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{SERVE, Served};
use crate::library::Workers;

/// A thousand connections and what else a process has open.
const SOCKETS: u64 = 4_096;

/// A server in a process of its own, which ends when this is dropped, or when the one who holds it dies.
pub(super) struct Peer {
    process: Child,
    port: u16,
    /// Nothing is written: that it is open says that the server is still needed.
    _needed: ChildStdin,
}

impl Peer {
    /// Starts this program again as a server.
    pub(super) fn start(served: Served, workers: Workers) -> Self {
        let this = env::current_exe().expect("a running program has a path");
        Self::start_command(Command::new(this).args([SERVE, served.name(), workers.name()]))
    }

    /// Starts a program that prints the port at which it listens, and ends when its input does.
    pub(super) fn start_command(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let needed = process.stdin.take().expect("its input is a pipe");
        let output = process.stdout.take().expect("its output is a pipe");
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the server says where it listens");
        Self {
            process,
            port: line.trim().parse().expect("what it says is a port"),
            _needed: needed,
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may be gone already, and then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ends this process when nobody needs it any more: the input is closed with the process that started it.
pub(super) fn end_when_nobody_needs_it() {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        exit(0);
    });
}

/// Many systems let a process have a thousand files open, and more only if it asks.
pub(super) fn allow_many_sockets() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(SOCKETS, |most| most.min(SOCKETS));
    if limit.current.is_some_and(|current| current < wanted) {
        let more = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, more).expect("up to the maximum everyone may have more");
    }
}
