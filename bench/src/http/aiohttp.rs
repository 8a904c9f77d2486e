//! aiohttp: the session, and the server, that ours are named after. It is measured where there is a Python that has it.

use std::process::{Command, Output, Stdio};

use super::peer::Peer;
use super::{Served, Setting, load, work};
use crate::library::Workers;
use crate::python::probe;

/// As the table calls it, be it client or server.
pub(super) const NAME: &str = "aiohttp";

const CLIENT: &str = include_str!("aiohttp/client.py");
const SERVER: &str = include_str!("aiohttp/server.py");

/// The version of aiohttp that a Python has, if it has it.
pub(super) fn version(python: &str) -> Option<String> {
    probe(python, "import aiohttp; print(aiohttp.__version__)")
}

/// The time per request of its session.
pub(super) fn keep_alive(connections: u64, setting: &Setting) -> f64 {
    let server = Peer::start(Served::Responder, Workers::One);
    let requests = work::requests(connections, setting.scale);
    let output = run(Command::new(&setting.python).args([
        "-c",
        CLIENT,
        &server.address("/"),
        &connections.to_string(),
        &(requests / connections).to_string(),
    ]));
    let output = output.expect("the client ends well");
    output.trim().parse().expect("what it says is a number")
}

/// The time per answer of its server.
pub(super) fn answers(path: &'static str, setting: &Setting) -> f64 {
    let server = Peer::start_command(Command::new(&setting.python).args(["-c", SERVER]));
    load::time_per_answer(server.port(), path, setting.scale)
}

/// What a program prints, if there is such a program and it ends well.
fn run(command: &mut Command) -> Option<String> {
    let Output { status, stdout, .. } = command.stderr(Stdio::null()).output().ok()?;
    status
        .success()
        .then(|| String::from_utf8(stdout).ok())
        .flatten()
}
