//! The chat program as people run it: with guests over TCP, and Ctrl-C at the end.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use crate::{
    program,
    running::{LIMIT, Running},
};

#[test]
fn ctrl_c_lets_all_hear_the_last_line() {
    let mut server = Server::start();
    let mut ada = Guest::enter(&server.address, "ada");
    let mut bob = Guest::enter(&server.address, "bob");
    assert_eq!(bob.welcome, "* here: ada");
    assert_eq!(ada.hear(), "* bob is here");
    ada.say("hello");
    assert_eq!(bob.hear(), "ada: hello");

    server.program.signal("INT");
    for guest in [&mut ada, &mut bob] {
        assert_eq!(guest.hear(), "* we are closing");
        assert_eq!(guest.hear(), "", "the connection is closed");
    }
    assert_eq!(server.program.end().code(), Some(0));
    assert_eq!(
        server.program.rest(),
        ["interrupted by SIGINT", "closing, 2 inside", "closed"]
    );
}

#[test]
fn one_that_never_says_its_name_is_not_waited_for() {
    let mut server = Server::start();
    let mut silent = Guest::connect(&server.address);
    server.program.signal("INT");
    assert_eq!(silent.hear(), "");
    assert_eq!(server.program.end().code(), Some(0));
    assert_eq!(
        server.program.rest(),
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
    assert_eq!(first.welcome, "* you are the first");
    assert_eq!(second.welcome, "* there is somebody called ada already");
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

struct Server {
    program: Running,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut program = Running::start(program("chat").arg("127.0.0.1:0"));
        let address = program.address();
        Self { program, address }
    }
}

struct Guest {
    stream: BufReader<TcpStream>,
    /// What it heard when it had said its name.
    welcome: String,
}

impl Guest {
    fn enter(address: &str, name: &str) -> Self {
        let mut guest = Self::connect(address);
        guest.say(name);
        // Two connections have no order: who comes next comes after this answer.
        guest.welcome = guest.hear();
        guest
    }

    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        let mut guest = Self {
            stream: BufReader::new(stream),
            welcome: String::new(),
        };
        assert_eq!(guest.hear(), "your name?");
        guest
    }

    fn say(&mut self, line: &str) {
        writeln!(self.stream.get_mut(), "{line}").unwrap();
    }

    /// The next line; nothing at the end.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}
