//! surf's clients and middleware, on the session and on the bare transport.

use std::sync::{Arc, Mutex};

use async_compression::futures::bufread::GzipEncoder;
use futures_lite::{AsyncReadExt, io::Cursor};
use smolio_http::{ClientSession, RequestError, RequestErrorKind, SmolTransport};
use surf::{
    Client, Request,
    middleware::{Middleware, Next},
};

use super::{body_of, empty, session};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, answer, ok},
};

/// Both kinds of clients.
fn clients() -> [Client; 2] {
    let transport = SmolTransport::new();
    [
        ClientSession::new().surf(),
        Client::with_http_client(transport),
    ]
}

/// Writes down what passes, as surf's own logger does.
struct Log(Arc<Mutex<Vec<String>>>);

#[surf::utils::async_trait]
impl Middleware for Log {
    async fn handle(
        &self,
        mut request: Request,
        client: Client,
        next: Next<'_>,
    ) -> surf::Result<surf::Response> {
        request.insert_header("x-log", "seen");
        let line = format!("{} {}", request.method(), request.url().path());
        let response = next.run(request, client).await?;
        let line = format!("{line}: {}", response.status());
        self.0.lock().unwrap().push(line);
        Ok(response)
    }
}

#[test]
fn requests_go_there_and_back() {
    let peer = Peer::always(vec![Step::Request, ok("fine"), Step::Again]);
    for client in clients() {
        block_on(async {
            let mut response = client.get(peer.url("/?a=b#c")).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.len(), Some(4));
            assert_eq!(response.version(), Some(surf::http::Version::Http1_1));
            assert_eq!(response.body_string().await.unwrap(), "fine");
            let value = serde_json::json!({"colour": "red"});
            let request = client.post(peer.url("/")).header("x-own", "1");
            let text = request
                .body_json(&value)
                .unwrap()
                .recv_string()
                .await
                .unwrap();
            assert_eq!(text, "fine");
            let reader = surf::Body::from_reader(Cursor::new("streamed"), None);
            client.put(peer.url("/")).body(reader).await.unwrap();
            let large = vec![b'x'; 200_000];
            client.put(peer.url("/")).body(large).await.unwrap();
        });
    }
    let requests = peer.requests();
    for requests in requests.chunks(4) {
        assert_eq!(requests[0].first_line(), "GET /?a=b HTTP/1.1");
        assert_eq!(requests[0].header("content-type"), None);
        assert_eq!(body_of(&requests[1]), r#"{"colour":"red"}"#);
        assert_eq!(requests[1].header("content-type"), Some("application/json"));
        assert_eq!(requests[1].header("x-own"), Some("1"));
        assert_eq!(requests[2].header("transfer-encoding"), Some("chunked"));
        assert!(body_of(&requests[2]).contains("streamed"));
        assert_eq!(requests[3].header("content-length"), Some("200000"));
        assert_eq!(requests[3].body.len(), 200_000);
    }
}

#[test]
fn middleware_works() {
    let peer = Peer::always(vec![Step::Request, ok("fine"), Step::Again]);
    for client in clients() {
        let log = Arc::default();
        let client = client.with(Log(Arc::clone(&log)));
        block_on(async {
            client
                .get(peer.url("/one"))
                .await
                .unwrap()
                .body_bytes()
                .await
                .unwrap();
            client.delete(peer.url("/two")).await.unwrap();
        });
        assert_eq!(*log.lock().unwrap(), ["GET /one: 200", "DELETE /two: 200"]);
    }
    assert!(
        peer.requests()
            .iter()
            .all(|request| request.header("x-log") == Some("seen"))
    );
}

#[test]
fn what_surf_does_not_know_does_no_harm() {
    for (code, shown) in [
        (520, 500),
        (299, 200),
        (399, 300),
        (460, 400),
        (999, 500),
        (600, 500),
    ] {
        let mut raw = format!("HTTP/1.1 {code} Odd\r\n").into_bytes();
        raw.extend_from_slice(b"x-name: f\xfcchse\r\nx-plain: fox\r\ncontent-length: 0\r\n\r\n");
        let peer = Peer::always(vec![Step::Request, Step::Send(raw)]);
        for client in clients() {
            let response = block_on(client.get(peer.url("/")).send()).unwrap();
            assert_eq!(response.status() as u16, shown, "{code}");
            let real = response.ext::<http::StatusCode>().unwrap();
            assert_eq!(real.as_u16(), code);
            assert_eq!(response.header("x-plain").unwrap(), "fox");
            assert!(response.header("x-name").is_none());
            let headers = response.ext::<http::HeaderMap>().unwrap();
            assert_eq!(headers["x-name"].as_bytes(), b"f\xfcchse");
            assert!(response.header("content-type").is_none(), "none is made up");
        }
    }
}

/// http-types reserves for a text what the server has announced.
#[test]
fn a_length_that_no_memory_has_is_not_believed() {
    for client in clients() {
        let head = ["HTTP/1.1 200 OK", "content-length: 9223372036854775807"];
        let peer = Peer::new([vec![Step::Request, answer(&head, "hello")]]);
        let mut response = block_on(client.get(peer.url("/"))).unwrap();
        assert_eq!(response.len(), None);
        assert!(block_on(response.take_body().into_string()).is_err());
        let head = ["HTTP/1.1 304 Not Modified", "content-length: 5"];
        let peer = Peer::new([vec![Step::Request, answer(&head, "")]]);
        let mut response = block_on(client.get(peer.url("/"))).unwrap();
        assert_eq!(response.len(), Some(0));
        assert_eq!(block_on(response.body_bytes()).unwrap(), b"");
    }
}

#[test]
fn the_session_is_in_between() {
    let gzip = async {
        let mut gzip = Vec::new();
        let mut encoder = GzipEncoder::new(b"unpacked".as_slice());
        encoder.read_to_end(&mut gzip).await.unwrap();
        gzip
    };
    let gzip = block_on(gzip);
    let length = format!("content-length: {}", gzip.len());
    let peer = Peer::new([vec![
        Step::Request,
        empty("307 Again", &["location: /next", "set-cookie: a=1"]),
        Step::Request,
        answer(
            &["HTTP/1.1 200 OK", "content-encoding: gzip", &length],
            &gzip,
        ),
    ]]);
    block_on(async {
        let session = session(|builder| builder.base_url(peer.url("/")).bearer_auth("token"));
        let client = session.surf();
        let mut response = client.post("first").body("twice").await.unwrap();
        assert_eq!(response.len(), None);
        assert_eq!(response.body_string().await.unwrap(), "unpacked");
    });
    let requests = peer.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer token"));
    assert_eq!(requests[1].header("cookie"), Some("a=1"));
    assert_eq!(requests[1].first_line(), "POST /next HTTP/1.1");
    assert_eq!(body_of(&requests[1]), "twice");
}

#[test]
fn errors_are_errors_of_surf_with_ours_inside() {
    let peer = Peer::always(vec![Step::Request]);
    for client in clients() {
        let error = block_on(client.post(peer.url("/")).body("once").send()).unwrap_err();
        assert_eq!(error.status(), surf::StatusCode::BadGateway);
        let inner = error.downcast_ref::<RequestError>().unwrap();
        assert_eq!(inner.kind(), RequestErrorKind::Disconnected);
        assert_eq!(inner.url().unwrap().as_str(), peer.url("/"));
    }
}

#[test]
fn false_lengths_and_headers_of_the_connection_are_not_sent() {
    let peer = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    for client in clients() {
        block_on(async {
            let request = client
                .post(peer.url("/"))
                .header("content-length", "1")
                .header("transfer-encoding", "chunked")
                .header("connection", "x-secret")
                .body("five5");
            request.await.unwrap();
            for length in [3, 8] {
                let body = surf::Body::from_reader(Cursor::new("five5"), Some(length));
                let error = client.post(peer.url("/")).body(body).await.unwrap_err();
                let inner = error.downcast_ref::<RequestError>().unwrap();
                assert_eq!(inner.kind(), RequestErrorKind::RequestBody);
            }
        });
    }
    let requests = peer.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(request.header("content-length"), Some("5"));
        assert_eq!(request.header("transfer-encoding"), None);
        assert_eq!(request.header("connection"), None);
    }
}

#[test]
fn a_body_that_breaks_off_is_an_error() {
    let head = ["HTTP/1.1 200 OK", "content-length: 10"];
    let peer = Peer::always(vec![Step::Request, answer(&head, "half")]);
    for client in clients() {
        block_on(async {
            let mut response = client.get(peer.url("/")).await.unwrap();
            let mut bytes = Vec::new();
            let error = response.read_to_end(&mut bytes).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
            assert_eq!(bytes, b"half");
        });
    }
}
