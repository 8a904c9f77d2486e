//! Bytes: as many as were asked for, the same ones each time, and parts of them.

use async_compression::futures::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use futures_lite::{AsyncRead, AsyncReadExt, future::block_on};
use serde_json::Value;

use crate::support::{Answer, get, get_with};

#[test]
fn a_seed_gives_the_same_bytes() {
    let (first, again) = (get("/bytes/100000?seed=7"), get("/bytes/100000?seed=7"));
    assert_eq!(first.header("content-length"), Some("100000"));
    assert_eq!(first.body.len(), 100_000);
    assert_eq!(first.body, again.body);
    let streamed = get("/stream-bytes/100000?seed=7&chunk_size=999");
    assert_eq!(streamed.header("content-length"), None);
    assert_eq!(streamed.body, first.body);
    assert_ne!(get("/bytes/100000?seed=8").body, first.body);
}

#[test]
fn lines_are_numbered() {
    let answer = get("/stream/3?a=b");
    let numbers: Vec<_> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(numbers, [0, 1, 2]);
}

#[test]
fn a_part_can_be_asked_for() {
    let whole = get("/range/100");
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));

    let part = get_with("/range/100", &[("range", "bytes=30-59")]);
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), Some("bytes 30-59/100"));
    assert_eq!(part.text(), &whole.text()[30..60]);
    let rest = get_with("/range/100", &[("range", "bytes=90-")]);
    assert_eq!(rest.text(), &whole.text()[90..]);
    let end = get_with("/range/100", &[("range", "bytes=-5")]);
    assert_eq!(end.text(), &whole.text()[95..]);

    let beyond = get_with("/range/100", &[("range", "bytes=100-")]);
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("content-range"), Some("bytes */100"));
}

#[test]
fn a_part_of_another_version_is_the_whole() {
    let ask = |etag| get_with("/range/100", &[("range", "bytes=30-"), ("if-range", etag)]);
    assert_eq!(ask("\"range100\"").status, 206);
    assert_eq!(ask("\"range99\"").status, 200);
}

#[test]
fn a_range_breaks_off_where_it_was_asked_to() {
    let broken = get("/range/100?break_after=50");
    assert_eq!(broken.header("content-length"), Some("100"));
    assert_eq!(broken.text().len(), 50);
    let rest = get_with("/range/100?break_after=50", &[("range", "bytes=60-")]);
    assert_eq!(rest.text().len(), 40, "the rest is not longer than that");
}

#[test]
fn a_drip_is_as_long_as_it_says() {
    let answer = get("/drip?numbytes=5&duration=0.05&code=500");
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-length"), Some("5"));
    assert_eq!(answer.text(), "*****");
}

#[test]
fn events_go_on_where_they_were_left() {
    let all = get("/sse?count=3");
    assert_eq!(all.header("content-type"), Some("text/event-stream"));
    assert_eq!(all.text().matches("event: ping\n").count(), 3);
    let rest = get_with("/sse?count=3", &[("last-event-id", "1")]);
    assert_eq!(rest.text(), "id: 2\nevent: ping\ndata: {\"id\": 2}\n\n");
}

#[test]
fn what_is_compressed_can_be_read() {
    let (gzip, deflate) = (get("/gzip"), get("/deflate"));
    let (brotli, zstd) = (get("/brotli"), get("/zstd"));
    check("gzip", &gzip, GzipDecoder::new(&gzip.body[..]));
    check("deflate", &deflate, ZlibDecoder::new(&deflate.body[..]));
    check("br", &brotli, BrotliDecoder::new(&brotli.body[..]));
    check("zstd", &zstd, ZstdDecoder::new(&zstd.body[..]));
}

#[track_caller]
fn check(encoding: &str, answer: &Answer, mut decoder: impl AsyncRead + Unpin) {
    assert_eq!(answer.header("content-encoding"), Some(encoding));
    let mut text = String::new();
    block_on(decoder.read_to_string(&mut text)).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["method"], "GET");
}
