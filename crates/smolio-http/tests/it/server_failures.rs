//! Applications that fail, and clients that die.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body as AxumBody,
    routing::{get, post},
};
use bytes::Bytes;
use futures_lite::{AsyncReadExt, AsyncWriteExt, Stream, StreamExt, stream};
use http::{Request, Response};
use smolio_executor::{run, yield_now};
use smolio_http::{
    Body, serve,
    server::{RequestBody, service_fn},
};
use smolio_testing::reports;
use tower_service::Service;

use crate::guest::{Client, GET, LAST, app, listen, soon, tell};

/// Counts how many of it are alive.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[test]
fn a_panic_costs_its_request_only() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut other = Client::new(address).await;
            assert_eq!(other.ask(GET).await.status, 200);
            let mut client = Client::new(address).await;
            let answer = client
                .ask("GET /panic?panics=1 HTTP/1.1\r\nhost: here\r\n\r\n")
                .await;
            assert_eq!(
                (answer.status, &*answer.body),
                (500, "Internal Server Error")
            );
            assert_eq!(client.ask(GET).await.status, 200);
            assert_eq!(other.ask(GET).await.status, 200);
        };
        let served = serve(listener, app()).until(client).await;
        assert_eq!((served.stats.requests, served.stats.failed), (4, 1));
        assert_eq!(served.stats.cut_off, 0);
    });
    let reports = reports::with("GET /panic?panics=1");
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        reports[0].contains("the handler panicked: the handler's mistake"),
        "{reports:?}"
    );
}

#[test]
fn an_error_of_a_service_is_a_500_and_reported() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let app = service_fn(|_: Request<RequestBody>| async {
            Err::<Response<Body>, _>(io::Error::other("the disk is full"))
        });
        let client = tell(address, LAST.replace("GET /", "GET /error-of-a-service"));
        let served = serve(listener, app).until(client).await;
        assert!(
            served.reason.starts_with("HTTP/1.1 500 "),
            "{}",
            served.reason
        );
        assert_eq!(served.stats.failed, 1);
    });
    let reports = reports::with("GET /error-of-a-service: the handler failed: the disk is full");
    assert_eq!(reports.len(), 1, "{reports:?}");
}

/// A service that takes a while to be ready, and panics or fails when it is asked to.
#[derive(Clone)]
struct Moody(usize);

impl Service<Request<RequestBody>> for Moody {
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Response<Body>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0 < 3 {
            self.0 += 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        assert_eq!(self.0, 3, "it was called before it was ready");
        assert_ne!(request.uri().path(), "/call-panics");
        std::future::ready(Ok(Response::new(Body::from("ready"))))
    }
}

#[test]
fn a_service_is_asked_whether_it_is_ready() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            let mut client = Client::new(address).await;
            for _ in 0..3 {
                assert_eq!(client.ask(GET).await.body, "ready");
            }
            let answer = client.ask(GET.replace("GET /", "GET /call-panics")).await;
            assert_eq!(answer.status, 500);
        };
        serve(listener, Moody(0)).until(client).await;
    });
    assert_eq!(reports::with("GET /call-panics").len(), 1);
}

/// The body of a response that panics after the first chunk.
struct Bomb(bool);

impl Stream for Bomb {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        assert!(!self.0, "the stream's mistake");
        self.0 = true;
        Poll::Ready(Some(Ok(Bytes::from_static(b"first"))))
    }
}

#[test]
fn a_body_that_fails_is_cut_short_so_that_the_client_sees_it() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let failing = || {
            let items = [
                Ok(Bytes::from_static(b"first")),
                Err(io::Error::other("no more")),
            ];
            AxumBody::from_stream(stream::iter(items))
        };
        let app = Router::new()
            .route(
                "/bomb",
                get(|| async { AxumBody::from_stream(Bomb(false)) }),
            )
            .route("/failing", get(move || async move { failing() }))
            .route("/", get(|| async {}));
        let client = async {
            let mut other = Client::new(address).await;
            for path in ["/bomb", "/failing"] {
                let answer = tell(address, GET.replace("GET /", &format!("GET {path}"))).await;
                // Not the last chunk, `0\r\n\r\n`.
                assert!(!answer.contains("\r\n0\r\n"), "{answer}");
            }
            assert_eq!(other.ask(GET).await.status, 200);
        };
        let served = serve(listener, app).until(client).await;
        assert_eq!((served.stats.requests, served.stats.failed), (3, 2));
    });
    let reports =
        reports::with("GET /bomb: the body of the response panicked: the stream's mistake");
    assert_eq!(reports.len(), 1, "{reports:?}");
    let reports = reports::with("GET /failing: the body of the response failed: no more");
    assert_eq!(reports.len(), 1, "{reports:?}");
}

/// Waits for a count to fall.
async fn zero(count: &AtomicUsize) {
    soon(async {
        while count.load(SeqCst) > 0 {
            yield_now().await;
        }
    })
    .await;
}

#[test]
fn when_the_client_dies_its_handlers_are_dropped() {
    run(async {
        let (listener, address) = listen().await;
        let alive = Arc::new(AtomicUsize::new(0));
        let count = alive.clone();
        let waits = move || {
            let alive = Alive::new(&count);
            async move {
                let _alive = alive;
                std::future::pending::<()>().await;
            }
        };
        let count = alive.clone();
        let reads = move |body: AxumBody| {
            let alive = Alive::new(&count);
            async move {
                let _alive = alive;
                let mut body = body.into_data_stream();
                while let Some(Ok(_)) = body.next().await {}
            }
        };
        let count = alive.clone();
        let writes = move || async move {
            let alive = Alive::new(&count);
            AxumBody::from_stream(stream::repeat_with(move || {
                let _ = &alive;
                io::Result::Ok(Bytes::from(vec![0; 64 * 1024]))
            }))
        };
        let app = Router::new()
            .route("/waits", get(waits))
            .route("/reads", post(reads))
            .route("/writes", get(writes));
        let server = serve(listener, app);
        let handle = server.handle();
        let client = async {
            for question in [
                "GET /waits HTTP/1.1\r\nhost: here\r\n\r\n",
                "POST /reads HTTP/1.1\r\nhost: here\r\ncontent-length: 1000\r\n\r\nhalf",
                "POST /reads HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf",
                "GET /writes HTTP/1.1\r\nhost: here\r\n\r\n",
            ] {
                let mut client = Client::new(address).await;
                client.send(question).await;
                soon(async {
                    while alive.load(SeqCst) == 0 {
                        yield_now().await;
                    }
                })
                .await;
                if question.contains("writes") {
                    soon(client.stream.read_exact(&mut vec![0; 300_000]))
                        .await
                        .unwrap();
                }
                drop(client);
                zero(&alive).await;
            }
            soon(async {
                while handle.stats().open > 0 {
                    yield_now().await;
                }
            })
            .await;
        };
        let served = server.until(client).await;
        assert_eq!((served.stats.requests, served.stats.running), (4, 0));
        assert_eq!(served.stats.cut_off, 0);
    });
}

#[test]
fn a_client_that_closes_its_half_has_gone() {
    run(async {
        let (listener, address) = listen().await;
        let app = Router::new().route("/", get(std::future::pending::<()>));
        let client = async {
            let mut client = Client::new(address).await;
            client.send(GET).await;
            client.stream.close().await.unwrap();
            assert_eq!(client.rest().await, "");
        };
        let served = serve(listener, app).until(client).await;
        assert_eq!((served.stats.requests, served.stats.cut_off), (1, 0));
    });
}
