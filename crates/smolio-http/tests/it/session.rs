//! The session, against a peer that does what a script says.

mod bounds;
mod client;
mod cookies;
mod decompression;
mod download;
mod hostile;
mod interop;
mod multipart;
mod redirects;
mod responses;
mod retries;
mod secrets;
mod served;
mod settings;
#[cfg(feature = "surf")]
mod surf;
mod uploads;

use smolio_http::{ClientSession, SessionBuilder};

use crate::support::script::{Received, Step, answer};

/// A session with settings that are fine.
fn session(set: impl FnOnce(SessionBuilder) -> SessionBuilder) -> ClientSession {
    set(ClientSession::builder()).build().unwrap()
}

/// An answer without a body, with these headers.
fn empty(status: &str, headers: &[&str]) -> Step {
    let status = format!("HTTP/1.1 {status}");
    let mut head = vec![status.as_str(), "content-length: 0"];
    head.extend_from_slice(headers);
    answer(&head, "")
}

/// The body of a request as a text.
fn body_of(request: &Received) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}
