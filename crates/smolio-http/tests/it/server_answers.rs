//! Answers whose head and body do not fit, and applications that panic where nobody expects it. None of it is lost in silence,
//! and a client never takes one answer for another.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use axum::body::Body as AxumBody;
use bytes::Bytes;
use futures_lite::stream;
use http::{Request, Response};
use smolio_executor::run;
use smolio_http::{
    Body, serve,
    server::{RequestBody, service_fn},
};
use smolio_testing::reports;
use tower_service::Service;

use crate::guest::{Client, GET, LAST, app, listen, tell};

fn get(path: &str) -> String {
    GET.replace("GET / ", &format!("GET {path} "))
}

/// The chunks of `text`, which are its words.
fn words(text: &'static str) -> AxumBody {
    let words = text.split_inclusive(' ').map(Bytes::from);
    AxumBody::from_stream(stream::iter(words.map(Ok::<_, Infallible>)))
}

/// What is answered to each path: with a `content-length`, and a body that is not known to be longer or shorter.
fn answer(path: &str) -> Response<AxumBody> {
    let (length, body) = match path {
        "/short-body" => ("20", words("twelve bytes")),
        "/no-body" => ("20", words("")),
        "/long-body" => ("9", words("twelve bytes")),
        "/fits" => ("12", words("twelve bytes")),
        path => panic!("{path}"),
    };
    let response = Response::builder().header("content-length", length);
    response.body(body).unwrap()
}

#[test]
fn a_body_that_is_not_as_long_as_promised_is_reported() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let app = service_fn(|request: Request<RequestBody>| {
            ready(Ok::<_, Infallible>(answer(request.uri().path())))
        });
        let client = async {
            let mut other = Client::new(address).await;
            assert_eq!(other.ask(get("/fits")).await.body, "twelve bytes");
            // What there was has arrived, and the connection is closed.
            let text = tell(address, get("/short-body").repeat(2)).await;
            assert!(text.ends_with("\r\n\r\ntwelve bytes"), "{text}");
            let text = tell(address, get("/no-body")).await;
            assert!(text.ends_with("\r\n\r\n"), "{text}");
            let text = tell(address, get("/long-body")).await;
            assert!(text.ends_with("\r\n\r\ntwelve "), "{text}");
            assert_eq!(other.ask(get("/fits")).await.body, "twelve bytes");
        };
        let served = serve(listener, app).until(client).await;
        assert_eq!((served.stats.requests, served.stats.failed), (5, 3));
    });
    for report in [
        "GET /short-body: the body of the response failed: it ended after 12 bytes, of a content-length of 20",
        "GET /no-body: the body of the response failed: it ended after 0 bytes, of a content-length of 20",
        "GET /long-body: the body of the response failed: it is longer than its content-length of 9 bytes",
    ] {
        assert_eq!(
            reports::with(report).len(),
            1,
            "{:?}",
            reports::with("-body")
        );
    }
}

type Headers = &'static [(&'static str, &'static str)];

/// What is known to be wrong before anything is sent is a 500.
#[test]
fn a_head_that_does_not_fit_is_not_sent() {
    reports::listen();
    let heads: [(Headers, u16, &str); 7] = [
        (
            &[("content-length", "20")],
            200,
            "its content-length is 20, but its body has 5 bytes",
        ),
        (
            &[("content-length", "3")],
            200,
            "its content-length is 3, but its body has 5 bytes",
        ),
        (
            &[("content-length", "+5")],
            200,
            r#"its content-length is "+5""#,
        ),
        (
            &[("content-length", "many")],
            200,
            r#"its content-length is "many""#,
        ),
        (
            &[("content-length", "5"), ("content-length", "6")],
            200,
            "it has two content-lengths, 5 and 6",
        ),
        (
            &[("content-length", "5"), ("transfer-encoding", "chunked")],
            200,
            "it has both a content-length and a transfer-encoding",
        ),
        (&[], 103, "103 is no status of a final answer"),
    ];
    run(async {
        for (headers, status, _) in heads {
            let (listener, address) = listen().await;
            let app = service_fn(|_: Request<RequestBody>| {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(*name, *value);
                }
                let response = response.body(AxumBody::from("hello")).unwrap();
                ready(Ok::<_, Infallible>(response))
            });
            let client = async {
                let mut client = Client::new(address).await;
                for _ in 0..2 {
                    let answer = client.ask(get("/no-such-head")).await;
                    assert_eq!(answer.status, 500, "{headers:?}");
                    assert_eq!(answer.body, "Internal Server Error");
                }
            };
            let served = smolio_http::serve_local(listener, app).until(client).await;
            assert_eq!((served.stats.accepted, served.stats.failed), (1, 2));
        }
    });
    for (_, _, report) in heads {
        let report =
            format!("GET /no-such-head: the handler failed: the answer cannot be sent: {report}");
        assert_eq!(reports::with(&report).len(), 2, "{report}");
    }
}

#[test]
fn where_no_body_belongs_none_is_sent() {
    run(async {
        let (listener, address) = listen().await;
        let app = service_fn(|request: Request<RequestBody>| {
            let status: u16 = request.uri().path()[1..].parse().unwrap();
            let response = Response::builder().status(status);
            ready(Ok::<_, Infallible>(
                response.body(Body::from("hello")).unwrap(),
            ))
        });
        let client = async {
            let mut client = Client::new(address).await;
            for status in ["204", "304"] {
                client.send(get(&format!("/{status}"))).await;
                let answer = client.answer().await;
                assert_eq!(answer.status.to_string(), status);
                assert!(!answer.head.contains("content-length"), "{}", answer.head);
            }
            client.send(get("/200").replace("GET", "HEAD")).await;
            client
                .send(get("/200").replace("here\r\n", "here\r\nconnection: close\r\n"))
                .await;
            let text = client.rest().await;
            assert_eq!(text.matches("content-length: 5\r\n").count(), 2, "{text}");
            assert_eq!(text.matches("hello").count(), 1, "{text}");
        };
        let served = serve(listener, app).until(client).await;
        assert_eq!((served.stats.accepted, served.stats.failed), (1, 0));
    });
}

/// A service, a future or a body that panics when it is cloned or dropped, once.
struct Fragile {
    place: &'static str,
    panics: Arc<AtomicUsize>,
}

impl Fragile {
    fn new(place: &'static str) -> Self {
        let panics = Arc::new(AtomicUsize::new(1));
        Self { place, panics }
    }

    fn touch(&self) {
        let once = self
            .panics
            .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        if once.is_ok() && !std::thread::panicking() {
            panic!("{} is fragile", self.place);
        }
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.touch();
    }
}

#[test]
fn a_body_that_panics_when_it_is_dropped_costs_nobody_else() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let app = service_fn(|request: Request<RequestBody>| {
            let fragile = Fragile::new("the body");
            let words = ["one", "two"].into_iter().map(move |word| {
                let _ = &fragile;
                io::Result::Ok(Bytes::from(word))
            });
            assert_eq!(request.uri().path(), "/fragile-body");
            let body = AxumBody::from_stream(stream::iter(words));
            ready(Ok::<_, Infallible>(Response::new(body)))
        });
        let client = async {
            let text = tell(address, get("/fragile-body").replace("1.1", "1.0")).await;
            assert!(text.ends_with("onetwo"), "{text}");
            let mut client = Client::new(address).await;
            let head = client
                .ask(get("/fragile-body").replace("GET", "HEAD"))
                .await;
            assert_eq!(head.status, 200);
        };
        let served = serve(listener, app).until(client).await;
        assert_eq!((served.stats.requests, served.stats.failed), (2, 2));
    });
    let report =
        "/fragile-body: a destructor of the body of the response panicked: the body is fragile";
    assert_eq!(
        reports::with(report).len(),
        2,
        "{:?}",
        reports::with("fragile")
    );
}

/// Its second clone panics: the first is the server's, the second is for the first connection. Then its fourth does, and so on.
struct Twin(Arc<AtomicUsize>);

impl Clone for Twin {
    fn clone(&self) -> Self {
        let count = self.0.fetch_add(1, SeqCst);
        assert!(count != 1 && count != 3, "clone {count} of the service");
        Self(self.0.clone())
    }
}

impl Service<Request<RequestBody>> for Twin {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<RequestBody>) -> Self::Future {
        ready(Ok(Response::new(Body::from("hello"))))
    }
}

#[test]
fn a_service_that_panics_when_it_is_cloned_costs_that_client_only() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let client = async {
            assert_eq!(tell(address, LAST).await, "");
            let mut client = Client::new(address).await;
            assert_eq!(client.ask(get("/fragile-clone")).await.status, 500);
            assert_eq!(client.ask(get("/fragile-clone")).await.body, "hello");
        };
        let served = serve(listener, Twin(Arc::default())).until(client).await;
        assert_eq!((served.stats.requests, served.stats.failed), (2, 1));
    });
    assert_eq!(reports::with("clone 1 of the service").len(), 1);
    let report = "GET /fragile-clone: the clone of the service panicked: clone 3 of the service";
    assert_eq!(reports::with(report).len(), 1);
}

/// Who says how large it is, and that it is too large, is not asked for it.
#[test]
fn a_body_that_is_too_large_is_not_asked_for() {
    run(async {
        let (listener, address) = listen().await;
        let question = "POST /echo HTTP/1.1\r\nhost: here\r\nexpect: 100-continue\r\ncontent-length: 2000000\r\n\r\n";
        let served = serve(listener, app()).until(tell(address, question)).await;
        let answer = served.reason;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    });
}

/// Reports are texts that somebody reads in a terminal.
#[test]
fn no_control_characters_get_into_reports() {
    reports::listen();
    run(async {
        let (listener, address) = listen().await;
        let app = service_fn(|_: Request<RequestBody>| async {
            Err::<Response<Body>, _>(io::Error::other("no"))
        });
        let client = tell(address, LAST.replace("GET /", "GET /escape\u{9b}31m"));
        serve(listener, app).until(client).await;
    });
    let reports = reports::with("/escape");
    assert!(
        reports.iter().all(|report| !report.contains('\u{9b}')),
        "{reports:?}"
    );
}
