//! What is promised of the types and of dropping: where they may go, and what stays behind.

use std::{
    future::{Future, IntoFuture},
    pin::pin,
};

use futures_lite::future::{poll_once, yield_now, zip};
use smolio_http::{
    BodyError, ClientSession, CookieError, CookieJar, Download, DownloadError, JsonError,
    Multipart, Part, RequestBuilder, RequestError, Response, ResponseReader, RetryPolicy,
    SendRequest, SessionBuilder, SessionError, StatusError,
};
use smolio_task_group::gather;

use super::session;
use crate::support::{
    block_on,
    peer::Peer,
    script::{Gate, Step, answer, ok},
};

fn is_send<T: Send + 'static>() {}
fn is_shared<T: Send + Sync + 'static>() {}
fn is_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn all_may_go_to_other_threads() {
    is_shared::<ClientSession>();
    is_shared::<CookieJar>();
    is_shared::<RetryPolicy>();
    is_shared::<SessionBuilder>();
    is_send::<RequestBuilder>();
    is_send::<SendRequest>();
    is_send::<Response>();
    is_send::<ResponseReader>();
    is_send::<Download>();
    is_send::<<Download as IntoFuture>::IntoFuture>();
    is_send::<Multipart>();
    is_send::<Part>();
    is_error::<RequestError>();
    is_error::<BodyError>();
    is_error::<StatusError>();
    is_error::<JsonError>();
    is_error::<DownloadError>();
    is_error::<SessionError>();
    is_error::<CookieError>();
}

/// All that one does, as one future that is `Send`.
fn fetch(
    session: &ClientSession,
    url: String,
) -> impl Future<Output = anyhow::Result<String>> + Send + 'static {
    let request = session.post(url).json(&[1, 2]);
    async move {
        let response = request.await?.error_for_status()?;
        Ok(response.text().await?)
    }
}

#[test]
fn any_executor_will_do() {
    let peer = Peer::always(vec![Step::Request, ok("fine"), Step::Again]);
    let session = ClientSession::new();
    let one = smolio_executor::run(fetch(&session, peer.url("/")));
    assert_eq!(one.unwrap(), "fine");
    // The connection that was made there goes on here.
    let two = smol::block_on(smol::spawn(fetch(&session, peer.url("/"))));
    assert_eq!(two.unwrap(), "fine");
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let three =
        tokio.block_on(async { tokio.spawn(fetch(&session, peer.url("/"))).await.unwrap() });
    assert_eq!(three.unwrap(), "fine");
    let four = std::thread::spawn({
        let future = fetch(&session, peer.url("/"));
        move || futures_lite::future::block_on(future)
    });
    assert_eq!(four.join().unwrap().unwrap(), "fine");
    assert_eq!(peer.connections(), 1);
}

#[test]
fn many_at_once_are_gathered() {
    let peer = Peer::always(vec![Step::Request, ok("fine"), Step::Again]);
    let session = ClientSession::new();
    let urls: Vec<_> = (0..20)
        .map(|number| peer.url(&format!("/{number}")))
        .collect();
    block_on(async {
        let responses = gather(urls.iter().map(|url| session.get(url))).await;
        let (responses, errors) = responses.partition();
        assert!(errors.is_empty());
        for (response, url) in responses.into_iter().zip(&urls) {
            assert_eq!(response.url().as_str(), url);
            assert_eq!(response.text().await.unwrap(), "fine");
        }
    });
}

/// The server answers nobody before all have asked: one after the other they would never be answered.
#[test]
fn a_hundred_wait_at_the_same_time() {
    let gate = Gate::default();
    let peer = Peer::always(vec![
        Step::Request,
        Step::Wait(gate.clone()),
        ok("at last"),
        Step::Again,
    ]);
    let session = ClientSession::new();
    block_on(async {
        let fetch = async |number: usize| -> Result<String, Box<dyn std::error::Error>> {
            let response = session.get(peer.url(&format!("/{number}"))).await?;
            Ok(response.text().await?)
        };
        let open = async {
            while peer.requests().len() < 100 {
                yield_now().await;
            }
            gate.open();
        };
        let (texts, ()) = zip(gather((0..100).map(fetch)), open).await;
        for text in texts {
            assert_eq!(text.unwrap(), "at last");
        }
    });
    let stats = session.stats();
    assert_eq!((stats.connected, stats.in_use, stats.waiting), (100, 0, 0));
}

#[test]
fn fifty_megabytes_come_as_they_were_sent() {
    let sent: Vec<u8> = (0..50_000_000_u32).map(|number| number as u8).collect();
    let peer = Peer::new([vec![Step::Request, ok(&sent)]]);
    let session = ClientSession::new();
    block_on(async {
        let response = session.get(peer.url("/")).await.unwrap();
        assert!(response.bytes().await.unwrap() == sent);
    });
    assert_eq!(session.stats().in_use, 0);
}

#[test]
fn a_request_that_is_dropped_half_way_leaves_nothing() {
    let chunked = ["HTTP/1.1 200 OK", "transfer-encoding: chunked"];
    let parts = vec![
        Step::Request,
        answer(
            &["HTTP/1.1 307 Again", "location: /next", "content-length: 2"],
            "ab",
        ),
        Step::Request,
        answer(&chunked, "3\r\none\r\n"),
        Step::Send(b"3\r\ntwo\r\n0\r\n\r\n".to_vec()),
        Step::Hang,
    ];
    let mut polls = 1;
    loop {
        let peer = Peer::always(parts.clone());
        let session = session(|builder| builder.redirects(1));
        let is_done = block_on(async {
            let mut whole = pin!(fetch(&session, peer.url("/")));
            for _ in 0..polls {
                if let Some(text) = poll_once(&mut whole).await {
                    assert_eq!(text.unwrap(), "onetwo");
                    return true;
                }
                yield_now().await;
            }
            false
        });
        // With the session go its connections, so the scripts end.
        drop(session);
        peer.wait_closed();
        if is_done {
            return;
        }
        polls += 1;
    }
}

#[test]
fn connections_go_with_the_session() {
    let again = [
        Step::Request,
        ok("fine"),
        Step::Request,
        ok("fine"),
        Step::Hang,
    ];
    let peer = Peer::always(again.to_vec());
    block_on(async {
        let session = ClientSession::new();
        let clone = session.clone();
        session
            .get(peer.url("/"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        drop(session);
        // A response that is not read does not hold the others.
        let unread = clone.get(peer.url("/")).await.unwrap();
        drop(clone);
        assert_eq!(unread.text().await.unwrap(), "fine");
        peer.wait_closed();
    });
}
