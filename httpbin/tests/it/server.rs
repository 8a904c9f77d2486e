//! The server: asked over a wire, with routes of one's own, and at its end.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use axum::{Router, routing::get};
use smolio_httpbin::Httpbin;

const LIMIT: Duration = Duration::from_secs(20);

/// All that comes as the answer to one request.
fn ask(httpbin: &Httpbin, path: &str) -> String {
    let mut stream = TcpStream::connect(httpbin.address()).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn it_answers_over_a_wire() {
    let httpbin = Httpbin::start().unwrap();
    let answer = ask(&httpbin, "/get");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""url":"http://here/get""#), "{answer}");
    assert!(answer.contains(r#""origin":"127.0.0.1""#), "{answer}");
    let unknown = ask(&httpbin, "/status/999");
    assert!(unknown.starts_with("HTTP/1.1 999 "), "{unknown}");
}

#[test]
fn a_flaky_path_fails_as_often_as_was_asked_for() {
    let httpbin = Httpbin::start().unwrap();
    let statuses = [(); 4].map(|()| ask(&httpbin, "/flaky/one/2")[9..12].to_owned());
    assert_eq!(statuses, ["503", "503", "200", "200"]);
    assert!(ask(&httpbin, "/flaky/two/1").starts_with("HTTP/1.1 503 "));
}

#[test]
fn what_was_given_comes_before_it_hangs_up() {
    let httpbin = Httpbin::start().unwrap();
    let answer = ask(&httpbin, "/range/100000?break_after=70000");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-length: 100000"), "{head}");
    assert_eq!(body.len(), 70_000);
}

#[test]
fn routes_of_ones_own_are_served_too() {
    let routes = Router::new().route("/mine", get(async || "mine"));
    let httpbin = Httpbin::with_routes(routes).unwrap();
    assert!(ask(&httpbin, "/mine").ends_with("\r\n\r\nmine"));
    assert!(ask(&httpbin, "/robots.txt").contains("/deny"));
}

#[test]
fn it_ends_when_it_is_dropped_also_with_requests_under_way() {
    let httpbin = Httpbin::start().unwrap();
    let mut stream = TcpStream::connect(httpbin.address()).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
        .write_all(b"GET /drip?numbytes=1000&duration=3600 HTTP/1.1\r\nhost: here\r\n\r\n")
        .unwrap();
    // The head of the answer: so it is under way.
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    drop(httpbin);
    let mut rest = Vec::new();
    // Whether by an end or by a reset, it is closed.
    let end = stream.read_to_end(&mut rest).map_err(|error| error.kind());
    assert_ne!(end, Err(ErrorKind::WouldBlock), "it is still open");
}
