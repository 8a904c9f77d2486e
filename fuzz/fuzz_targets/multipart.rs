//! Any names and contents in a multipart form: none of them can add a line to the head of a part.

#![no_main]

use bytes::Bytes;
use futures_lite::future::block_on;
use http_body::Body as _;
use libfuzzer_sys::fuzz_target;
use smolio_http::{Multipart, Part, fuzzing};
use std::{future::poll_fn, pin::Pin};

fuzz_target!(|input: &str| {
    let mut form = Multipart::new();
    let boundary = form.boundary().to_owned();
    let mut contents = Vec::new();
    let mut pieces = input.split('\0');
    while let (Some(name), Some(file_name)) = (pieces.next(), pieces.next()) {
        let content = pieces.next().unwrap_or_default();
        form = form.part(name, Part::text(content).file_name(file_name));
        contents.push(content);
    }
    let written = block_on(all(fuzzing::multipart(form)));
    let written = std::str::from_utf8(&written).unwrap();

    let parts = written.strip_prefix(&format!("--{boundary}\r\n"));
    let Some(parts) = parts else {
        assert!(contents.is_empty());
        return;
    };
    let parts = parts
        .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
        .unwrap();
    let delimiter = format!("\r\n--{boundary}\r\n");
    let mut parts = parts.split(delimiter.as_str());
    for content in contents {
        let (head, body) = parts.next().unwrap().split_once("\r\n\r\n").unwrap();
        assert_eq!(body, content);
        assert!(
            head.starts_with("content-disposition: form-data; name=\""),
            "{head}"
        );
        assert!(!head.contains(['\r', '\n']), "{head:?}");
        assert_eq!(head.matches('"').count(), 4, "{head}");
    }
    assert!(parts.next().is_none());
});

async fn all(mut body: smolio_http::Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let chunk: Bytes = frame.unwrap().into_data().unwrap();
        bytes.extend_from_slice(&chunk);
    }
    bytes
}
