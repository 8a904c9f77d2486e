//! The chat program as people run it: with guests over TCP, and Ctrl-C at the end.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use crate::program;

/// Far more than any line takes; a test that fails is to fail, not to hang.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn ctrl_c_lets_all_hear_the_last_line() {
    let mut server = Server::start();
    let mut ada = Guest::enter(&server.address, "ada");
    let mut bob = Guest::enter(&server.address, "bob");
    assert_eq!(ada.hear(), "* bob is here");
    ada.say("hello");
    assert_eq!(bob.hear(), "ada: hello");

    server.interrupt();
    for guest in [&mut ada, &mut bob] {
        assert_eq!(guest.hear(), "* we are closing");
        assert_eq!(guest.hear(), "", "the connection is closed");
    }
    assert_eq!(server.end().code(), Some(0));
    assert_eq!(
        server.rest(),
        ["interrupted by SIGINT", "closing, 2 inside", "closed"]
    );
}

#[test]
fn one_that_never_says_its_name_is_not_waited_for() {
    let mut server = Server::start();
    let mut silent = Guest::connect(&server.address);
    server.interrupt();
    assert_eq!(silent.hear(), "");
    assert_eq!(server.end().code(), Some(0));
    assert_eq!(
        server.rest(),
        [
            "interrupted by SIGINT",
            "closing, 0 inside",
            "closed; somebody had not heard"
        ]
    );
}

#[test]
fn a_name_is_given_once() {
    let server = Server::start();
    let mut first = Guest::enter(&server.address, "ada");
    let mut second = Guest::enter(&server.address, "ada");
    assert_eq!(second.hear(), "* there is somebody called ada already");
    assert_eq!(second.hear(), "");

    let _bob = Guest::enter(&server.address, "bob");
    assert_eq!(first.hear(), "* bob is here", "the first is still there");
}

#[test]
fn one_that_does_not_listen_is_shown_out() {
    let server = Server::start();
    let mut ada = Guest::enter(&server.address, "ada");
    let deaf = Guest::enter(&server.address, "deaf");
    assert_eq!(ada.hear(), "* deaf is here");
    // More than the buffers of a connection and the server's patience hold.
    let line = "x".repeat(100_000);
    for _ in 0..400 {
        ada.say(&line);
    }
    assert_eq!(ada.hear(), "* deaf has left");
    drop(deaf);
}

/// The program, until it is dropped.
struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut process = program("chat")
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self {
            process,
            output,
            address,
        }
    }

    /// Sends what Ctrl-C sends.
    fn interrupt(&self) {
        let id = self.process.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status();
        assert!(kill.unwrap().success());
    }

    /// To be called when all guests have seen the end, which does not take for ever.
    fn end(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    fn rest(&mut self) -> Vec<String> {
        (&mut self.output).lines().map(io::Result::unwrap).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, where a test has seen to that.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

struct Guest(BufReader<TcpStream>);

impl Guest {
    fn enter(address: &str, name: &str) -> Self {
        let mut guest = Self::connect(address);
        guest.say(name);
        guest
    }

    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        let mut guest = Self(BufReader::new(stream));
        assert_eq!(guest.hear(), "your name?");
        guest
    }

    fn say(&mut self, line: &str) {
        writeln!(self.0.get_mut(), "{line}").unwrap();
    }

    /// The next line; nothing at the end.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}
