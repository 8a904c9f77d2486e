//! Clients that send too much, too slowly, or nothing. The time is virtual: it jumps when nothing has moved for a while.

use std::{future::Future, time::Duration};

use axum::{
    Router,
    body::Bytes,
    http::StatusCode,
    routing::{any, get},
};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, stream};
use http::{Request, Response};
use smolio_context::Instant;
use smolio_http::{
    Body, BodyErrorKind, serve,
    server::{RequestBody, service_fn},
};
use smolio_timer::sleep;

use crate::guest::{Client, GET, app, listen, tell};

fn test(program: impl Future<Output = ()>) {
    smolio_test::Test::new().io().run(program);
}

/// Runs until the server hangs up, and says how long that took.
async fn hangs_up(client: &mut Client) -> Duration {
    let begin = Instant::now();
    let _ = client.stream.read_to_end(&mut Vec::new()).await;
    begin.elapsed()
}

fn is_about(duration: Duration, seconds: u64) -> bool {
    (Duration::from_secs(seconds)..Duration::from_secs(seconds + 2)).contains(&duration)
}

#[test]
fn a_head_that_comes_byte_by_byte_is_cut_off() {
    test(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            let begin = Instant::now();
            let endless = "GET / HTTP/1.1\r\nhost: here\r\nname: "
                .bytes()
                .chain(std::iter::repeat(b'x'));
            for byte in endless {
                if client.stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                sleep(Duration::from_secs(1)).await;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(40),
                "{:?}",
                begin.elapsed()
            );
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!((served.stats.requests, served.stats.timed_out), (0, 1));
    });
}

#[test]
fn the_second_head_is_timed_from_its_first_byte() {
    test(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            assert_eq!(client.ask(GET).await.status, 200);
            sleep(Duration::from_secs(60)).await;
            client.send("GET / HTT").await;
            assert!(is_about(hangs_up(&mut client).await, 30));
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!((served.stats.requests, served.stats.timed_out), (1, 1));
    });
}

#[test]
fn whoever_says_nothing_is_shown_out() {
    test(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut silent = Client::new(address).await;
            let duration = hangs_up(&mut silent).await;
            assert!(is_about(duration, 30), "{duration:?}");
            let mut idle = Client::new(address).await;
            for _ in 0..3 {
                assert_eq!(idle.ask(GET).await.status, 200);
                sleep(Duration::from_secs(70)).await;
            }
            let duration = hangs_up(&mut idle).await;
            assert!(is_about(duration, 5), "{duration:?}");
        };
        let served = serve(listener, app()).until(client).await;
        // To be idle is no offence.
        assert_eq!((served.stats.requests, served.stats.timed_out), (3, 1));
    });
}

#[test]
fn a_handler_may_take_as_long_as_it_likes() {
    test(async {
        let (listener, address) = listen().await;
        let app = Router::new().route(
            "/",
            get(|| async { sleep(Duration::from_secs(1000)).await }),
        );
        let client = async {
            let begin = Instant::now();
            tell(address, "GET / HTTP/1.0\r\n\r\n").await;
            begin.elapsed()
        };
        // The client's own limit is shorter.
        let client = smolio_timer::timeout(Duration::from_secs(19), client);
        let served = serve(listener, app).until(client).await;
        assert!(served.reason.is_err());
        assert_eq!(served.stats.timed_out, 0);
    });
}

#[test]
fn a_body_that_stalls_is_an_error_for_the_application() {
    test(async {
        let (listener, address) = listen().await;
        let app = service_fn(|request: Request<RequestBody>| async {
            let mut body = request.into_body();
            let mut size = 0;
            let error = loop {
                match body.next().await {
                    Some(Ok(chunk)) => size += chunk.len(),
                    Some(Err(error)) => break error,
                    None => panic!("the body ended after {size} bytes"),
                }
            };
            assert!(
                matches!(error.kind(), BodyErrorKind::TimedOut { .. }),
                "{error}"
            );
            assert!(body.next().await.is_none());
            let mut response = Response::new(Body::from(format!("{size} bytes, then: {error}")));
            *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
            Ok::<_, std::io::Error>(response)
        });
        let client = async {
            let mut client = Client::new(address).await;
            client
                .send("POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n")
                .await;
            for _ in 0..5 {
                sleep(Duration::from_secs(5)).await;
                client.send("0123456789").await;
            }
            let answer = client.answer().await;
            assert_eq!(answer.status, 408);
            assert_eq!(
                answer.body,
                "50 bytes, then: reading the body timed out after 8s (stall)"
            );
        };
        serve(listener, app)
            .stall_timeout(Duration::from_secs(8))
            .until(client)
            .await;
    });
}

#[test]
fn an_answer_that_nobody_takes_is_given_up() {
    test(async {
        let (listener, address) = listen().await;
        let app = Router::new().route(
            "/",
            get(|| async {
                axum::body::Body::from_stream(stream::repeat(Ok::<_, std::convert::Infallible>(
                    Bytes::from(vec![0; 65536]),
                )))
            }),
        );
        let server = serve(listener, app);
        let handle = server.handle();
        let client = async {
            let mut client = Client::new(address).await;
            client.send(GET).await;
            sleep(Duration::from_secs(55)).await;
            assert_eq!(handle.stats().open, 1);
            sleep(Duration::from_secs(10)).await;
            assert_eq!(handle.stats().open, 0);
        };
        let served = server.until(client).await;
        assert_eq!((served.stats.timed_out, served.stats.running), (1, 0));
    });
}

#[test]
fn a_head_that_is_too_large_is_a_431() {
    test(async {
        let (listener, address) = listen().await;
        let client = async {
            let long =
                |size: usize| format!("GET / HTTP/1.0\r\nname: {}\r\n\r\n", "x".repeat(size));
            assert!(
                tell(address, long(31 * 1024))
                    .await
                    .starts_with("HTTP/1.0 200 ")
            );
            assert!(tell(address, long(33 * 1024)).await.contains(" 431 "));
            assert!(tell(address, long(1024 * 1024)).await.contains(" 431 "));
            let many = |count: usize| format!("GET / HTTP/1.0\r\n{}\r\n", "a: b\r\n".repeat(count));
            assert!(tell(address, many(100)).await.starts_with("HTTP/1.0 200 "));
            assert!(tell(address, many(101)).await.contains(" 431 "));
            assert!(tell(address, many(10_000)).await.contains(" 431 "));
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!((served.stats.requests, served.stats.refused), (2, 4));
        let (listener, address) = listen().await;
        let client = tell(address, "GET / HTTP/1.0\r\na: b\r\na: b\r\na: b\r\n\r\n");
        let served = serve(listener, app())
            .header_count_limit(2)
            .until(client)
            .await;
        assert!(served.reason.contains(" 431 "), "{}", served.reason);
    });
}

#[test]
fn a_body_that_is_too_large_is_a_413_or_an_error() {
    test(async {
        let (listener, address) = listen().await;
        let read = |body: axum::body::Body| async move {
            let mut body = body.into_data_stream();
            while let Some(chunk) = body.next().await {
                if let Err(error) = chunk {
                    return error.to_string();
                }
            }
            "all of it".to_owned()
        };
        let app = Router::new().fallback(any(read));
        let client = async {
            let head = "POST / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n";
            let sized =
                |size: usize| format!("{head}content-length: {size}\r\n\r\n{}", "x".repeat(size));
            assert!(tell(address, sized(1000)).await.ends_with("all of it"));
            assert!(
                tell(address, sized(1001))
                    .await
                    .starts_with("HTTP/1.1 413 ")
            );
            // The answer arrives, though there is more than the sockets hold.
            let large = async {
                let mut client = Client::new(address).await;
                let _ = client.stream.write_all(sized(10_000_000).as_bytes()).await;
                client.rest().await
            };
            assert!(large.await.starts_with("HTTP/1.1 413 "));
            let chunks = |count| {
                format!(
                    "{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
                    "a\r\n0123456789\r\n".repeat(count)
                )
            };
            assert!(tell(address, chunks(100)).await.ends_with("all of it"));
            let answer = tell(address, chunks(101)).await;
            assert!(
                answer.ends_with("the body is larger than the limit of 1000 bytes"),
                "{answer}"
            );
        };
        let served = serve(listener, app).body_limit(1000).until(client).await;
        assert_eq!(served.stats.requests, 5);
    });
}

#[test]
fn beyond_the_limit_connections_wait() {
    test(async {
        let (listener, address) = listen().await;
        let server = serve(listener, app()).limit(2);
        let handle = server.handle();
        let client = async {
            let mut first = Client::new(address).await;
            let mut second = Client::new(address).await;
            assert_eq!(first.ask(GET).await.status, 200);
            assert_eq!(second.ask(GET).await.status, 200);
            let mut third = Client::new(address).await;
            third.send(GET).await;
            sleep(Duration::from_secs(5)).await;
            assert_eq!((handle.stats().accepted, handle.stats().open), (2, 2));
            drop(first);
            assert_eq!(third.answer().await.status, 200);
        };
        let served = server.until(client).await;
        assert_eq!((served.stats.accepted, served.stats.requests), (3, 3));
    });
}

#[test]
#[should_panic(expected = "a server with a limit of 0 connections would let nobody in")]
fn nobody_at_all_is_a_mistake() {
    let _ = serve((), ()).limit(0);
}
