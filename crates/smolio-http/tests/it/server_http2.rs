//! The server over HTTP/2, asked by clients that do not play fair. Their frames are made by hand, as no library would make them.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use futures_lite::AsyncReadExt;
use http::{Request, Response};
use smolio_http::{
    Body, serve,
    server::{RequestBody, service_fn},
};
use smolio_timer::sleep;

use crate::guest::{Client, GET, app, listen, soon};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `GET http://here/`, of which the first byte is the method.
const GET_BLOCK: &[u8] = b"\x82\x84\x86\x01\x04here";
const HEAD_BLOCK: &[u8] = b"\x02\x04HEAD\x84\x86\x01\x04here";
/// The first byte of an answer whose status is 200.
const OK: u8 = 0x88;
/// RFC 9113: a peer that does too much.
const ENHANCE_YOUR_CALM: u8 = 11;

fn test(program: impl Future<Output = ()>) {
    smolio_test::Test::new().io().run(program);
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The first words, which say that streams may have so many bytes without being asked.
fn hello(window: u32) -> Vec<u8> {
    let mut setting = vec![0, 4];
    setting.extend(window.to_be_bytes());
    let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    hello.extend(frame(SETTINGS, 0, 0, &setting));
    hello
}

fn question(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, block)
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

/// The next frame that is not about the connection as such; none at the end.
async fn next(client: &mut Client) -> Option<Frame> {
    loop {
        let mut head = [0; 9];
        client.stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        client.stream.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        if stream != 0 || head[3] == GOAWAY {
            return Some(Frame {
                kind: head[3],
                flags: head[4],
                stream,
                payload,
            });
        }
    }
}

#[test]
fn a_window_that_is_never_opened_is_no_place_to_stay() {
    test(async {
        let (listener, address) = listen().await;
        let server = serve(listener, app());
        let handle = server.handle();
        let client = async {
            let mut client = Client::new(address).await;
            client.send(hello(0)).await;
            for stream in [1, 3, 5] {
                client.send(question(stream, GET_BLOCK)).await;
            }
            sleep(Duration::from_secs(55)).await;
            assert_eq!((handle.stats().open, handle.stats().running), (1, 3));
            sleep(Duration::from_secs(10)).await;
            assert_eq!((handle.stats().open, handle.stats().running), (0, 0));
        };
        let served = server.until(client).await;
        assert_eq!((served.stats.timed_out, served.stats.requests), (1, 3));
    });
}

/// What is left of the answer has been given to hyper long before the client has it.
#[test]
fn whoever_takes_it_slowly_gets_all_of_it() {
    test(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            client.send(hello(1)).await;
            client.send(question(1, GET_BLOCK)).await;
            let head = next(&mut client).await.unwrap();
            assert_eq!((head.kind, head.payload[0]), (HEADERS, OK));
            let mut body = Vec::new();
            loop {
                let part = next(&mut client).await.unwrap();
                assert_eq!((part.kind, part.stream), (DATA, 1));
                body.extend(part.payload);
                if part.flags & END_STREAM != 0 {
                    break;
                }
                sleep(Duration::from_secs(50)).await;
                let update = frame(WINDOW_UPDATE, 0, 1, &1u32.to_be_bytes());
                client.send(update).await;
            }
            assert_eq!(body, b"hello");
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!(served.stats.timed_out, 0);
    });
}

/// CVE-2023-44487: streams that are reset as soon as they are opened cost the client nothing, and no limit of streams helps.
#[test]
fn rapid_resets_end_the_connection() {
    smolio_executor::run(async {
        let (listener, address) = listen().await;
        let begun = Arc::new(AtomicUsize::new(0));
        let count = begun.clone();
        let handler = move || async move {
            count.fetch_add(1, SeqCst);
            std::future::pending::<()>().await;
        };
        let app = Router::new()
            .route("/", get(handler))
            .route("/other", get(|| async { "well" }));
        let client = async {
            let mut other = Client::new(address).await;
            let mut client = Client::new(address).await;
            client.send(hello(65535)).await;
            let cancel = 8u32.to_be_bytes();
            let mut flood = Vec::new();
            for stream in (1..4000).step_by(2) {
                flood.extend(question(stream, GET_BLOCK));
                flood.extend(frame(RESET, 0, stream, &cancel));
            }
            // The server may have had enough before it has read all of it.
            let _ = client.try_send(flood).await;
            let mut reason = None;
            while let Some(frame) = soon(next(&mut client)).await {
                if frame.kind == GOAWAY {
                    reason = Some(frame.payload[7]);
                }
            }
            let other = other.ask(GET.replace("/ ", "/other ")).await;
            assert_eq!(other.body, "well");
            reason
        };
        let served = serve(listener, app).until(client).await;
        assert_eq!(served.reason, Some(ENHANCE_YOUR_CALM));
        assert!(begun.load(SeqCst) < 1000, "{}", begun.load(SeqCst));
        assert_eq!((served.stats.open, served.stats.running), (0, 0));
    });
}

/// hyper sends what the application gives, and so does a service that does not look at the method.
#[test]
fn to_head_only_the_head_is_sent() {
    smolio_executor::run(async {
        let (listener, address) = listen().await;
        let app = service_fn(|_: Request<RequestBody>| async {
            Ok::<_, std::convert::Infallible>(Response::new(Body::from("hello")))
        });
        let client = async {
            let mut client = Client::new(address).await;
            client.send(hello(65535)).await;
            client.send(question(1, HEAD_BLOCK)).await;
            let head = soon(next(&mut client)).await.unwrap();
            assert_eq!((head.kind, head.payload[0]), (HEADERS, OK));
            assert_ne!(head.flags & END_STREAM, 0, "it is not the end");
            // A value that is not to be kept, of name 28 of the static table: of 15, which is all that fits there, and 13.
            let has_length = head.payload.windows(2).any(|pair| pair == b"\x0f\x0d");
            assert!(has_length, "{:x?}", head.payload);
        };
        serve(listener, app).until(client).await;
    });
}

#[test]
fn a_head_that_is_too_large_is_not_for_the_application() {
    smolio_executor::run(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            client.send(hello(65535)).await;
            // Thrice 12,000 bytes: the length is 127 and the rest, 7 bits at a time.
            let mut large = b"\x00\x04name\x7f\xe1\x5c".to_vec();
            large.extend([b'x'; 12_000]);
            client.send(frame(HEADERS, END_STREAM, 1, GET_BLOCK)).await;
            client.send(frame(CONTINUATION, 0, 1, &large)).await;
            client.send(frame(CONTINUATION, 0, 1, &large)).await;
            let last = frame(CONTINUATION, END_HEADERS, 1, &large);
            client.send(last).await;
            let head = soon(next(&mut client)).await.unwrap();
            assert_eq!((head.kind, head.stream), (HEADERS, 1));
            assert_ne!(head.payload[0], OK);
            client.send(question(3, GET_BLOCK)).await;
            loop {
                let frame = soon(next(&mut client)).await.unwrap();
                if (frame.kind, frame.stream) == (HEADERS, 3) {
                    assert_eq!(frame.payload[0], OK);
                    break;
                }
            }
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!(served.stats.requests, 1);
    });
}
