//! The services as people run them: with requests over TCP, and a signal at the end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::{
    lines_of, program,
    running::{LIMIT, Running},
};

/// A connection that is kept.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The status and the body of the answer.
    fn ask(&mut self, request_line: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let head = format!(
            "{request_line} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        self.0
            .get_mut()
            .write_all((head + body).as_bytes())
            .unwrap();
        let status = self.line().split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        loop {
            let header = self.line().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_was_accepted_is_done_before_it_ends() {
    let mut service = Running::start(program("microservice").args(["--port", "0"]));
    let mut client = Client::connect(&service.address());
    let (status, health) = client.ask("GET /health", "");
    assert_eq!(
        (status, json(&health)["status"].as_str()),
        (200, Some("ok"))
    );
    for id in 1..=5 {
        let (status, answer) = client.ask("POST /jobs", r#"{"text": "hello"}"#);
        assert_eq!((status, json(&answer)), (202, json!({ "id": id })));
    }
    // The connection is open, and says nothing more: it is not waited for.
    service.signal("TERM");
    assert_eq!(
        service.rest(),
        ["interrupted by SIGTERM", "closed: 5 of 5 jobs are done"]
    );
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn what_is_no_job_is_refused() {
    let mut service = Running::start(program("microservice").args(["--port", "0"]));
    let mut client = Client::connect(&service.address());
    assert_eq!(client.ask("POST /jobs", "no JSON").0, 400);
    assert_eq!(client.ask("POST /jobs", "{}").0, 422);
    assert_eq!(client.ask("GET /jobs/1", "").0, 404);
    assert_eq!(client.ask("GET /jobs/first", "").0, 400);
    assert_eq!(client.ask("GET /nothing", "").0, 404);
}

#[test]
fn it_refuses_what_would_wait_too_long() {
    let mut service = Running::start(program("microservice").args(["--port", "0"]));
    let mut client = Client::connect(&service.address());
    let refused = (0..1000).any(|_| client.ask("POST /jobs", r#"{"text": ""}"#).0 == 503);
    assert!(refused, "a thousand jobs are waiting");
}

#[test]
fn the_httpbin_answers_until_it_is_told_to_stop() {
    let mut httpbin = Running::start(program("httpbin").args(["--port", "0"]));
    let address = httpbin.address();
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    let (status, answer) = Client::connect(address).ask("GET /get?a=b", "");
    assert_eq!(
        (status, json(&answer)["args"].clone()),
        (200, json!({ "a": "b" }))
    );
    httpbin.signal("INT");
    assert_eq!(httpbin.end().code(), Some(0));
}

#[test]
fn the_service_uses_itself() {
    let printed = lines_of(&mut program("microservice"));
    assert_eq!(printed.last().unwrap(), "closed: 3 of 3 jobs are done");
}
