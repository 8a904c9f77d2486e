//! The server, asked in the ways that HTTP has.

use std::{cell::Cell, convert::Infallible, sync::Arc};

use axum::{Router, extract::Extension, routing::get};
use futures_lite::future::block_on;
use http::{Request, Response};
use smolio_executor::{Runner, run};
use smolio_http::{
    Body, serve, serve_local,
    server::{PeerAddress, RequestBody, service_fn},
};

use crate::guest::{Client, GET, LAST, app, listen, tell};

#[test]
fn requests_in_one_write_are_answered_in_order() {
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            let mut questions = String::new();
            for number in 0..100 {
                questions += &format!("GET /number/{number} HTTP/1.1\r\nhost: here\r\n\r\n");
            }
            client.send(questions).await;
            for number in 0..100 {
                assert_eq!(client.answer().await.body, number.to_string());
            }
            assert_eq!(client.ask(LAST).await.body, "hello");
            assert_eq!(client.rest().await, "");
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!(served.stats.accepted, 1);
        assert_eq!(served.stats.requests, 101);
        assert_eq!(served.stats.cut_off, 0);
        assert_eq!(served.stats.open, 0);
        assert_eq!(served.stats.running, 0);
    });
}

async fn program() {
    let (listener, address) = listen().await;
    let client = async {
        for _ in 0..10 {
            let mut client = Client::new(address).await;
            for _ in 0..10 {
                let answer = client.ask(GET).await;
                assert_eq!((answer.status, &*answer.body), (200, "hello"));
                assert!(answer.head.contains("\r\ndate: "), "{}", answer.head);
            }
        }
    };
    let served = serve(listener, app()).until(client).await;
    assert_eq!(served.stats.accepted, 10);
    assert_eq!(served.stats.requests, 100);
}

#[test]
fn it_works_on_any_executor() {
    run(program());
    run(async { smolio_executor::spawn(program()).await });
    Runner::builder().workers(2).build().unwrap().run(program());
    block_on(program());
    smol::block_on(smol::spawn(program()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(program()).await.unwrap() });
}

#[test]
fn an_application_may_borrow_and_need_not_be_send() {
    run(async {
        let (listener, address) = listen().await;
        let count = Cell::new(0);
        let app = service_fn(|_: Request<RequestBody>| async {
            count.set(count.get() + 1);
            Ok::<_, Infallible>(Response::new(Body::from("counted")))
        });
        let client = tell(address, "GET / HTTP/1.0\r\n\r\n");
        let served = serve_local(listener, app).until(client).await;
        assert!(
            served.reason.ends_with("\r\n\r\ncounted"),
            "{}",
            served.reason
        );
        assert_eq!(count.get(), 1);
    });
}

#[test]
fn the_old_version_is_answered_and_the_connection_closed() {
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            let answer = tell(address, "GET / HTTP/1.0\r\n\r\n").await;
            assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
            assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
            let mut client = Client::new(address).await;
            for _ in 0..2 {
                let question = "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
                let answer = client.ask(question).await;
                assert!(
                    answer.head.contains("connection: keep-alive"),
                    "{}",
                    answer.head
                );
            }
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!((served.stats.accepted, served.stats.requests), (2, 3));
    });
}

#[test]
fn to_head_only_the_head_is_sent() {
    run(async {
        let (listener, address) = listen().await;
        let client = tell(address, LAST.replace("GET", "HEAD"));
        let answer = serve(listener, app()).until(client).await.reason;
        assert!(answer.contains("\r\ncontent-length: 5\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    });
}

#[test]
fn a_body_is_asked_for_when_it_is_wanted() {
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            let head = "POST /echo HTTP/1.1\r\nhost: here\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";
            assert_eq!(client.ask(head).await.status, 100);
            assert_eq!(client.ask("ping").await.body, "ping");
            // Nobody there would read it.
            let head = head.replace("/echo", "/none");
            assert_eq!(client.ask(head).await.status, 404);
            assert_eq!(client.rest().await, "");
        };
        serve(listener, app()).until(client).await;
    });
}

#[test]
fn a_body_in_chunks_is_put_together() {
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            let question = "POST /echo HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n\
                3\r\nabc\r\n2;name=value\r\nde\r\n0\r\ntrailer: value\r\n\r\n";
            for _ in 0..3 {
                assert_eq!(client.ask(question).await.body, "abcde");
            }
        };
        assert_eq!(serve(listener, app()).until(client).await.stats.accepted, 1);
    });
}

#[test]
fn handlers_know_who_asks() {
    let who = |Extension(peer): Extension<PeerAddress>| async move {
        assert!(peer.ip().is_some());
        peer.to_string()
    };
    run(async {
        let (listener, address) = listen().await;
        let app = Router::new().route("/", get(who));
        let client = async {
            let mut client = Client::new(address).await;
            let own = client.stream.local_addr().unwrap().to_string();
            assert_eq!(client.ask(GET).await.body, own);
        };
        serve(listener, app).until(client).await;
    });
}

#[test]
fn a_handle_tells_what_is_going_on() {
    run(async {
        let (listener, address) = listen().await;
        let gate = Arc::new(smol::lock::Barrier::new(2));
        let inside = gate.clone();
        let app = Router::new().route(
            "/",
            get(|| async move {
                inside.wait().await;
                inside.wait().await;
            }),
        );
        let server = serve(listener, app);
        assert!(format!("{server:?}").starts_with("Serve { listener: "));
        let handle = server.handle();
        let client = async {
            let mut client = Client::new(address).await;
            client.send(GET).await;
            gate.wait().await;
            let stats = handle.stats();
            assert_eq!((stats.open, stats.running, stats.requests), (1, 1, 1));
            gate.wait().await;
            assert_eq!(client.answer().await.status, 200);
        };
        server.until(client).await;
        let stats = handle.stats();
        assert_eq!((stats.open, stats.running, stats.requests), (0, 0, 1));
    });
}

#[cfg(unix)]
#[test]
fn over_a_unix_socket() {
    use futures_lite::{AsyncReadExt, AsyncWriteExt};
    let name = format!("smolio-http-server-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    run(async {
        let listener = smolio_net::UnixListener::bind(&path).unwrap();
        let client = async {
            let mut stream = smolio_net::UnixStream::connect(&path).await.unwrap();
            stream.write_all(LAST.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = serve(listener, app()).until(client).await.reason;
        assert!(answer.ends_with("hello"), "{answer}");
    });
    std::fs::remove_file(&path).unwrap();
}
