//! Connections that leave HTTP.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_lite::{AsyncWriteExt, future::yield_now, io::copy};
use http::{Request, Response, StatusCode};
use smol::lock::Barrier;
use smolio_executor::{Runner, run};
use smolio_http::{
    Body, serve,
    server::{RequestBody, Upgrade, Upgraded, service_fn},
};
use smolio_testing::reports;

use crate::guest::{Client, GET, listen, soon, tell};

const UPGRADE: &str =
    "GET /upgrade HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

fn switch() -> Response<Body> {
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response
        .header("connection", "upgrade")
        .header("upgrade", "echo");
    headers.body(Body::empty()).unwrap()
}

async fn echo(request: Request<RequestBody>) -> Result<Response<Body>, Infallible> {
    let Some(upgrade) = request.extensions().get::<Upgrade>() else {
        return Ok(Response::new(Body::from("no upgrade")));
    };
    upgrade.then(|mut stream: Upgraded| async move {
        let (reader, writer) = futures_lite::io::split(&mut stream);
        let _ = copy(reader, writer).await;
        let _ = stream.close().await;
    });
    Ok(switch())
}

#[test]
fn bytes_go_both_ways_also_those_that_came_along() {
    for workers in [1, 2] {
        Runner::builder()
            .workers(workers)
            .build()
            .unwrap()
            .run(async {
                let (listener, address) = listen().await;
                let client = async {
                    let mut client = Client::new(address).await;
                    assert_eq!(client.ask(GET).await.body, "no upgrade");
                    let answer = client.ask(format!("{UPGRADE}early ")).await;
                    assert_eq!(answer.status, 101);
                    client.send("late").await;
                    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
                    assert_eq!(client.rest().await, "early late");
                };
                let served = serve(listener, service_fn(echo)).until(client).await;
                assert_eq!((served.stats.requests, served.stats.failed), (2, 0));
                assert_eq!((served.stats.open, served.stats.cut_off), (0, 0));
            });
    }
}

#[test]
fn it_learns_that_the_server_closes() {
    run(async {
        let (listener, address) = listen().await;
        let gate = Arc::new(Barrier::new(2));
        let inside = gate.clone();
        let app = service_fn(|request: Request<RequestBody>| {
            let inside = inside.clone();
            async move {
                let upgrade = request.extensions().get::<Upgrade>().unwrap();
                upgrade.then(|mut stream: Upgraded| async move {
                    inside.wait().await;
                    stream.closing().await;
                    stream.write_all(b"goodbye").await.unwrap();
                });
                Ok::<_, Infallible>(switch())
            }
        });
        let mut client = Client::new(address).await;
        let stop = async {
            assert_eq!(client.ask(UPGRADE).await.status, 101);
            gate.wait().await;
        };
        let served = smolio_http::serve_local(listener, app).until(stop).await;
        assert_eq!(served.stats.cut_off, 0);
        assert_eq!(client.rest().await, "goodbye");
    });
}

#[test]
fn one_that_does_not_end_is_cut_off() {
    run(async {
        let (listener, address) = listen().await;
        let server = serve(listener, service_fn(echo)).grace(Duration::from_millis(1));
        let mut client = Client::new(address).await;
        let stop = async { assert_eq!(client.ask(UPGRADE).await.status, 101) };
        let served = soon(server.until(stop)).await;
        assert_eq!((served.stats.cut_off, served.stats.open), (1, 0));
        assert_eq!(client.rest().await, "");
    });
}

#[test]
fn a_panic_in_it_is_reported_and_an_answer_without_it_is_a_mistake() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let app = service_fn(|request: Request<RequestBody>| async move {
            if request.uri().path() == "/upgrade" {
                let upgrade = request.extensions().get::<Upgrade>().unwrap();
                upgrade.then(|_| async { panic!("the panic of an upgrade") });
            }
            Ok::<_, Infallible>(switch())
        });
        let client = async {
            assert!(tell(address, UPGRADE).await.starts_with("HTTP/1.1 101 "));
            for question in [
                UPGRADE.replace("/upgrade", "/forgotten"),
                GET.replace("/ ", "/forgotten "),
            ] {
                let mut client = Client::new(address).await;
                assert_eq!(client.ask(question).await.status, 500);
            }
            yield_now().await;
        };
        let served = serve(listener, app).until(client).await;
        assert_eq!((served.stats.requests, served.stats.failed), (3, 2));
    });
    assert_eq!(reports::with("the panic of an upgrade").len(), 1);
    let reports = reports::with("/forgotten: the handler failed: the answer is an upgrade");
    assert_eq!(reports.len(), 2, "{reports:?}");
}
