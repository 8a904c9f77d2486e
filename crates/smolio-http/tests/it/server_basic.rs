//! The server, asked in the ways that HTTP has.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{Router, extract::Path, routing::get};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use http::{Request, Response};
use smolio_executor::{Runner, run};
use smolio_http::{
    Body, serve, serve_local,
    server::{RequestBody, service_fn},
};
use smolio_net::{TcpListener, TcpStream};
use smolio_timer::timeout;

fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/number/{number}",
            get(|Path(number): Path<u32>| async move { number.to_string() }),
        )
        .route(
            "/echo",
            axum::routing::post(|body: String| async move { body }),
        )
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends bytes, and reads all that comes until the server hangs up.
async fn tell(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("the server hangs up")
        .unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn requests_in_one_write_are_answered_in_order() {
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut question = String::new();
            for number in 0..100 {
                question += &format!("GET /number/{number} HTTP/1.1\r\nhost: here\r\n\r\n");
            }
            question += "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
            tell(address, question).await
        };
        let served = serve(listener, app()).until(client).await;
        let bodies = served.reason.split("\r\n\r\n").skip(1);
        let numbers: Vec<_> = bodies
            .map(|body| body.split("HTTP").next().unwrap())
            .collect();
        let expected = (0..100).map(|number| number.to_string());
        assert!(numbers[..100].iter().copied().eq(expected), "{numbers:?}");
        assert_eq!(numbers[100], "hello");
        assert_eq!(served.stats.accepted, 1);
        assert_eq!(served.stats.requests, 101);
        assert_eq!(served.stats.cut_off, 0);
    });
}

#[test]
fn several_workers_share_the_connections() {
    Runner::builder().workers(2).build().unwrap().run(async {
        let (listener, address) = listen().await;
        let client = async {
            for _ in 0..20 {
                let answer = tell(
                    address,
                    "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
                )
                .await;
                assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
                assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
            }
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!(served.stats.requests, 20);
    });
}

#[test]
fn an_application_may_borrow_and_need_not_be_send() {
    run(async {
        let (listener, address) = listen().await;
        let count = std::cell::Cell::new(0);
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
