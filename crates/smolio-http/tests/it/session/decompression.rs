//! Compressed bodies: whole, cut short, bombs, and what only says that it is compressed.

use async_compression::{
    Level,
    futures::bufread::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder},
};
use futures_lite::{AsyncRead, AsyncReadExt};
use smolio_http::{BodyErrorKind, ClientSession, Response};

use super::session;
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, answer},
};

fn all_of(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut all = Vec::new();
    block_on(reader.read_to_end(&mut all)).unwrap();
    all
}

/// The names, and what they make of some bytes.
fn compressed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 6] {
    let level = Level::Fastest;
    [
        ("gzip", all_of(GzipEncoder::with_quality(bytes, level))),
        ("x-gzip", all_of(GzipEncoder::with_quality(bytes, level))),
        ("deflate", all_of(ZlibEncoder::with_quality(bytes, level))),
        // Without the frame that it should have.
        (
            "deflate",
            all_of(DeflateEncoder::with_quality(bytes, level)),
        ),
        ("br", all_of(BrotliEncoder::with_quality(bytes, level))),
        ("zstd", all_of(ZstdEncoder::with_quality(bytes, level))),
    ]
}

/// Something to compress, of which not all is the same.
fn text() -> Vec<u8> {
    (0..10_000)
        .flat_map(|number| format!("{number} ").into_bytes())
        .collect()
}

fn coded(encoding: &str, bytes: impl AsRef<[u8]>) -> Step {
    let bytes = bytes.as_ref();
    let encoding = format!("content-encoding: {encoding}");
    let length = format!("content-length: {}", bytes.len());
    answer(&["HTTP/1.1 200 OK", &encoding, &length], bytes)
}

async fn response(step: Step) -> (Response, Peer) {
    let peer = Peer::new([vec![Step::Request, step]]);
    let session = session(|builder| builder.decompression_limit(1 << 20));
    let response = session.get(peer.url("/")).await.unwrap();
    (response, peer)
}

#[test]
fn what_is_compressed_is_decompressed() {
    for (encoding, bytes) in compressed(&text()) {
        block_on(async {
            let (response, _peer) = response(coded(encoding, bytes)).await;
            assert!(response.headers().get("content-encoding").is_none());
            assert!(response.headers().get("content-length").is_none());
            assert_eq!(response.content_length(), None);
            assert!(response.bytes().await.unwrap() == text(), "{encoding}");
        });
    }
}

#[test]
fn it_may_come_byte_by_byte_and_the_connection_is_used_again() {
    for (encoding, bytes) in compressed(b"a short text, a short text, a short text") {
        let mut raw = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\n");
        raw.push_str("transfer-encoding: chunked\r\n\r\n");
        let mut raw = raw.into_bytes();
        for byte in bytes {
            raw.extend_from_slice(&[b'1', b'\r', b'\n', byte, b'\r', b'\n']);
        }
        raw.extend_from_slice(b"0\r\n\r\n");
        let peer = Peer::always(vec![Step::Request, Step::Trickle(raw), Step::Again]);
        block_on(async {
            let session = ClientSession::new();
            for _ in 0..2 {
                let text = session
                    .get(peer.url("/"))
                    .await
                    .unwrap()
                    .text()
                    .await
                    .unwrap();
                assert_eq!(text, "a short text, a short text, a short text");
            }
        });
        assert_eq!(peer.connections(), 1, "{encoding}");
    }
}

#[test]
fn what_is_cut_short_or_broken_is_an_error() {
    for (encoding, bytes) in compressed(&text()) {
        for length in [1, 2, 9, bytes.len() / 2, bytes.len() - 1] {
            block_on(async {
                let (response, _peer) = response(coded(encoding, &bytes[..length])).await;
                let error = response.bytes().await.unwrap_err();
                let kind = error.kind();
                assert_eq!(kind, BodyErrorKind::Decompression, "{encoding} {length}");
            });
        }
        block_on(async {
            let longer = [bytes.as_slice(), b"and more"].concat();
            let (response, _peer) = response(coded(encoding, longer)).await;
            let error = response.bytes().await.unwrap_err();
            assert_eq!(error.kind(), BodyErrorKind::Decompression, "{encoding}");
        });
        block_on(async {
            let (mut response, _peer) = response(coded(encoding, "this is a plain text")).await;
            let error = response.next().await.unwrap().unwrap_err();
            assert_eq!(error.kind(), BodyErrorKind::Decompression, "{encoding}");
            assert!(
                response.next().await.is_none(),
                "after an error there is nothing"
            );
        });
    }
}

#[test]
fn the_error_of_a_body_goes_through_the_decompression() {
    let bytes = all_of(GzipEncoder::new(text().as_slice()));
    let head = [
        "HTTP/1.1 200 OK",
        "content-encoding: gzip",
        "content-length: 1000000",
    ];
    block_on(async {
        let (response, _peer) = response(answer(&head, &bytes[..1000])).await;
        let error = response.bytes().await.unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::Disconnected);
    });
}

#[test]
fn a_bomb_does_not_go_off() {
    let bomb = vec![0; 4 << 20];
    for (encoding, bytes) in compressed(&bomb) {
        block_on(async {
            let (mut response, _peer) = response(coded(encoding, &bytes)).await;
            let mut come = 0;
            let error = loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => come += chunk.len(),
                    Ok(None) => panic!("{encoding}: it has an end"),
                    Err(error) => break error,
                }
            };
            assert_eq!(
                error.kind(),
                BodyErrorKind::TooLarge { limit: 1 << 20 },
                "{encoding}"
            );
            assert!(come <= 1 << 20);
        });
        block_on(async {
            let (response, _peer) = response(coded(encoding, &bytes)).await;
            let error = response.limit(1000).bytes().await.unwrap_err();
            assert_eq!(
                error.kind(),
                BodyErrorKind::TooLarge { limit: 1000 },
                "{encoding}"
            );
        });
    }
}

#[test]
fn several_members_are_one_body() {
    let one = all_of(GzipEncoder::new(b"one ".as_slice()));
    let two = all_of(GzipEncoder::new(b"two".as_slice()));
    block_on(async {
        let (response, _peer) = response(coded("gzip", [one, two].concat())).await;
        assert_eq!(response.text().await.unwrap(), "one two");
    });
}

#[test]
fn what_has_no_body_cannot_be_broken() {
    for head in [
        vec!["HTTP/1.1 200 OK", "content-length: 0"],
        vec!["HTTP/1.1 204 No Content"],
        vec!["HTTP/1.1 304 Not Modified", "content-length: 100"],
    ] {
        let head = [head, vec!["content-encoding: gzip"]].concat();
        block_on(async {
            let (response, _peer) = response(answer(&head, "")).await;
            assert_eq!(response.bytes().await.unwrap(), "");
        });
    }
    block_on(async {
        let head = [
            "HTTP/1.1 200 OK",
            "content-encoding: br",
            "transfer-encoding: chunked",
        ];
        let (response, _peer) = response(answer(&head, "0\r\n\r\n")).await;
        assert_eq!(response.bytes().await.unwrap(), "");
    });
}

#[test]
fn what_is_not_known_or_not_wanted_is_handed_on() {
    for encoding in ["gzip, br", "identity", "compress"] {
        block_on(async {
            let (response, _peer) = response(coded(encoding, "as it is")).await;
            assert_eq!(response.headers()["content-encoding"], encoding);
            assert_eq!(response.content_length(), Some(8));
            assert_eq!(response.text().await.unwrap(), "as it is");
        });
    }
    let gzip = all_of(GzipEncoder::new(b"fox".as_slice()));
    let peer = Peer::always(vec![Step::Request, coded("gzip", &gzip), Step::Again]);
    block_on(async {
        let session = ClientSession::new();
        let raw = session.get(peer.url("/")).decompress(false).await.unwrap();
        assert_eq!(raw.bytes().await.unwrap(), gzip);
        let own = session
            .get(peer.url("/"))
            .header("accept-encoding", "gzip")
            .await
            .unwrap();
        assert_eq!(own.text().await.unwrap(), "fox");
        let part = session
            .get(peer.url("/"))
            .header("range", "bytes=0-")
            .await
            .unwrap();
        assert_eq!(part.text().await.unwrap(), "fox");
    });
    let accepted: Vec<_> = peer.requests();
    let accepted: Vec<_> = accepted
        .iter()
        .map(|request| request.header("accept-encoding"))
        .collect();
    assert_eq!(accepted, [None, Some("gzip"), None]);
    // A part of something compressed.
    block_on(async {
        let length = format!("content-length: {}", gzip.len());
        let head = [
            "HTTP/1.1 206 Partial Content",
            "content-encoding: gzip",
            &length,
        ];
        let (response, _peer) = response(answer(&head, &gzip)).await;
        assert_eq!(response.bytes().await.unwrap(), gzip);
    });
}
