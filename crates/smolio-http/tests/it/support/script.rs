//! What a scripted peer does on a connection: a list of steps.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

/// So long may a step take: a test that waits for more has gone wrong, and ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opened by the test, once and for all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let is_open = self.0.0.lock().unwrap();
        let wait = self
            .0
            .1
            .wait_timeout_while(is_open, PATIENCE, |is_open| !*is_open);
        assert!(*wait.unwrap().0, "nobody has opened the gate");
    }
}

/// One thing to do.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Read a request: its head, and the body that the head announces.
    Request,
    /// Read the head of a request, and not its body.
    Head,
    /// Send this.
    Send(Vec<u8>),
    /// Send this byte by byte.
    Trickle(Vec<u8>),
    /// Send this again and again until the other side has hung up.
    Flood(Vec<u8>),
    /// Read until the other side has hung up.
    Hang,
    /// Do nothing until the test opens the gate.
    Wait(Gate),
    /// Wait until something has come, without reading it. To end with that unread resets the connection.
    Arrival,
    /// From the first step again.
    Again,
}

/// An answer: its head line and headers without the line breaks, and its body as it is.
pub(crate) fn answer(head: &[&str], body: impl AsRef<[u8]>) -> Step {
    let mut bytes = head.join("\r\n").into_bytes();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body.as_ref());
    Step::Send(bytes)
}

/// `200 OK` with a body and its length.
pub(crate) fn ok(body: impl AsRef<[u8]>) -> Step {
    let length = format!("content-length: {}", body.as_ref().len());
    answer(&["HTTP/1.1 200 OK", &length], body)
}

/// A request as the peer has read it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The first line, and the headers.
    pub(crate) head: String,
    /// The body, with its chunks as they came.
    pub(crate) body: Vec<u8>,
    /// The number of the connection, from 0.
    pub(crate) connection: usize,
}

impl Received {
    /// The first header of the name, which must be in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            (found.to_ascii_lowercase() == name).then(|| value.trim())
        })
    }

    /// The method, the target and the version.
    pub(crate) fn first_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }
}

/// A connection of the peer, with TLS or without.
pub(crate) trait Wire: Read + Write {}

impl<T: Read + Write> Wire for T {}

/// The steps on one connection.
pub(crate) struct Play<'p> {
    wire: &'p mut dyn Wire,
    socket: &'p TcpStream,
    number: usize,
    record: &'p mut dyn FnMut(Received),
    /// What was read beyond what was asked for.
    rest: Vec<u8>,
}

impl<'p> Play<'p> {
    pub(crate) fn new(
        wire: &'p mut dyn Wire,
        socket: &'p TcpStream,
        number: usize,
        record: &'p mut dyn FnMut(Received),
    ) -> Self {
        Self {
            wire,
            socket,
            number,
            record,
            rest: Vec::new(),
        }
    }

    /// Until the script ends, or the other side has hung up: that is no failure of the script.
    pub(crate) fn run(&mut self, steps: &[Step]) -> io::Result<()> {
        self.socket.set_read_timeout(Some(PATIENCE))?;
        self.socket.set_write_timeout(Some(PATIENCE))?;
        self.socket.set_nodelay(true)?;
        let mut next = 0;
        while let Some(step) = steps.get(next) {
            next += 1;
            match step {
                Step::Request => {
                    let request = self.request()?;
                    (self.record)(request);
                }
                Step::Head => {
                    let head = self.head()?;
                    let (body, connection) = (Vec::new(), self.number);
                    (self.record)(Received {
                        head,
                        body,
                        connection,
                    });
                }
                Step::Send(bytes) => self.send(bytes)?,
                Step::Trickle(bytes) => {
                    for byte in bytes {
                        self.send(&[*byte])?;
                    }
                }
                Step::Flood(bytes) => loop {
                    self.send(bytes)?;
                },
                Step::Wait(gate) => gate.wait(),
                Step::Hang => while self.read()? > 0 {},
                Step::Arrival => drop(self.socket.peek(&mut [0])?),
                Step::Again => next = 0,
            }
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes)?;
        self.wire.flush()
    }

    fn request(&mut self) -> io::Result<Received> {
        let head = self.head()?;
        let mut request = Received {
            head,
            body: Vec::new(),
            connection: self.number,
        };
        if request.header("transfer-encoding").is_some() {
            request.body = self.until(b"0\r\n\r\n")?;
        } else if let Some(length) = request.header("content-length") {
            let length: usize = length.parse().map_err(io::Error::other)?;
            while self.rest.len() < length {
                self.read_more()?;
            }
            request.body = self.rest.drain(..length).collect();
        }
        Ok(request)
    }

    fn head(&mut self) -> io::Result<String> {
        let head = self.until(b"\r\n\r\n")?;
        String::from_utf8(head).map_err(io::Error::other)
    }

    fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            let found = self.rest.windows(end.len()).position(|part| part == end);
            if let Some(start) = found {
                return Ok(self.rest.drain(..start + end.len()).collect());
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        match self.read()? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let mut part = [0; 4096];
        let count = self.wire.read(&mut part)?;
        self.rest.extend_from_slice(&part[..count]);
        Ok(count)
    }
}
