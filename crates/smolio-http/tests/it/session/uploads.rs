//! Bodies that are sent: files, readers, streams, with the progress of it.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_lite::{io::Cursor, stream};
use smolio_http::{Body, ClientSession, Progress, RequestErrorKind};

use super::{body_of, empty};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, ok},
};

/// A file that is there as long as this is.
pub(super) struct TemporaryFile(pub(super) PathBuf);

impl TemporaryFile {
    pub(super) fn new(name: &str, content: &[u8]) -> Self {
        let name = format!(
            "smolio-http-{}-{:x}-{name}",
            std::process::id(),
            fastrand::u64(..)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn taker() -> Peer {
    Peer::always(vec![Step::Request, ok("thanks"), Step::Again])
}

#[test]
fn a_file_is_sent_with_its_length_and_type() {
    let content: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let file = TemporaryFile::new("fox.png", &content);
    let nothing = TemporaryFile::new("nothing", b"");
    let peer = taker();
    block_on(async {
        let session = ClientSession::new();
        session.put(peer.url("/")).file(&file.0).await.unwrap();
        session
            .put(peer.url("/"))
            .body(Body::file(&file.0).await.unwrap())
            .await
            .unwrap();
        session.put(peer.url("/")).file(&nothing.0).await.unwrap();
    });
    let requests = peer.requests();
    assert_eq!(requests[0].header("content-length"), Some("200000"));
    assert_eq!(requests[0].header("content-type"), Some("image/png"));
    assert_eq!(requests[0].body, content);
    assert_eq!(requests[1].header("content-type"), None);
    assert_eq!(requests[1].body, content);
    assert_eq!(requests[2].header("content-length"), Some("0"));
}

#[test]
fn a_file_is_sent_again_after_a_redirect() {
    let file = TemporaryFile::new("again", b"once more");
    let peer = Peer::new([vec![
        Step::Request,
        empty("308 Moved", &["location: /next"]),
        Step::Request,
        ok(""),
    ]]);
    block_on(
        ClientSession::new()
            .post(peer.url("/"))
            .file(&file.0)
            .into_future(),
    )
    .unwrap();
    let requests = peer.requests();
    assert_eq!(body_of(&requests[0]), "once more");
    assert_eq!(body_of(&requests[1]), "once more");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let peer = taker();
    block_on(async {
        let session = ClientSession::new();
        let error = session
            .post(peer.url("/"))
            .file("/no/such/file")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::RequestBody);
        assert!(
            error
                .to_string()
                .contains("the body of the request failed: "),
            "{error}"
        );
        let error = session
            .post(peer.url("/"))
            .file(std::env::temp_dir())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::RequestBody);
    });
    assert_eq!(peer.connections(), 0);
}

#[test]
fn a_file_that_changes_its_length_is_sent_up_to_the_old_one_or_fails() {
    let peer = taker();
    let file = TemporaryFile::new("longer", b"12345");
    block_on(async {
        let body = Body::file(&file.0).await.unwrap();
        std::fs::write(&file.0, b"1234567890").unwrap();
        ClientSession::new()
            .put(peer.url("/"))
            .body(body)
            .await
            .unwrap();
        assert_eq!(body_of(&peer.requests()[0]), "12345");

        let body = Body::file(&file.0).await.unwrap();
        std::fs::write(&file.0, b"123").unwrap();
        ClientSession::new()
            .put(peer.url("/"))
            .body(body)
            .await
            .unwrap_err();
    });
    assert_eq!(peer.requests().len(), 1);
}

#[test]
fn readers_and_streams_are_sent() {
    let peer = taker();
    block_on(async {
        let session = ClientSession::new();
        let chunks = || stream::iter(["one ", "", "two"].map(|chunk| Ok(Bytes::from(chunk))));
        for body in [
            Body::stream(chunks()),
            Body::sized_stream(chunks(), 7),
            Body::reader(Cursor::new("one two"), None),
            Body::reader(Cursor::new("one two"), Some(7)),
        ] {
            session
                .post(peer.url("/"))
                .body(body)
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
        }
    });
    let requests = peer.requests();
    for request in &requests {
        match request.header("content-length") {
            Some(length) => assert_eq!((length, body_of(request).as_str()), ("7", "one two")),
            None => {
                assert_eq!(request.header("transfer-encoding"), Some("chunked"));
                assert!(body_of(request).ends_with("0\r\n\r\n"));
            }
        }
    }
    let sized =
        |request: &&crate::support::script::Received| request.header("content-length").is_some();
    assert_eq!(requests.iter().filter(sized).count(), 2);
    assert_eq!(peer.connections(), 1);
}

#[test]
fn a_stream_that_fails_fails_the_request() {
    let peer = taker();
    block_on(async {
        let failing = stream::iter([Ok(Bytes::from("one")), Err(io::Error::other("no more"))]);
        let session = ClientSession::new();
        session
            .post(peer.url("/"))
            .body(Body::stream(failing))
            .await
            .unwrap_err();
        // The session goes on.
        session.post(peer.url("/")).body("fine").await.unwrap();
    });
    assert_eq!(body_of(peer.requests().last().unwrap()), "fine");
}

#[test]
fn the_progress_is_told() {
    let peer = taker();
    let told = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let tell = || {
        let told = told.clone();
        move |progress: Progress| told.lock().unwrap().push(progress)
    };
    block_on(async {
        let session = ClientSession::new();
        let large = vec![7; 1_000_000];
        session
            .post(peer.url("/"))
            .body(large)
            .on_upload_progress(tell())
            .await
            .unwrap();
    });
    let steps = std::mem::take(&mut *told.lock().unwrap());
    assert!(steps.len() > 10);
    assert!(steps.is_sorted_by_key(|progress| progress.done));
    assert!(
        steps
            .iter()
            .all(|progress| progress.total == Some(1_000_000))
    );
    assert_eq!(steps.last().unwrap().done, 1_000_000);
    assert_eq!(peer.requests()[0].header("content-length"), Some("1000000"));
    assert_eq!(peer.requests()[0].body.len(), 1_000_000);
    block_on(async {
        let chunks = stream::iter(["one", "two"].map(|chunk| Ok(Bytes::from(chunk))));
        let request = ClientSession::new()
            .post(peer.url("/"))
            .body(Body::stream(chunks));
        request.on_upload_progress(tell()).await.unwrap();
    });
    let steps: Vec<_> = told
        .lock()
        .unwrap()
        .iter()
        .map(|told| (told.done, told.total))
        .collect();
    assert_eq!(steps, [(3, None), (6, None)]);
}
