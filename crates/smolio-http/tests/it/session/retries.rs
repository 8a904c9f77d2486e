//! Requests that are tried again, and hosts that are left alone in between.

use std::time::Duration;

use smolio_context::Instant;
use smolio_http::{Body, ClientSession, RequestErrorKind, RetryPolicy};

use super::{empty, session};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, ok},
};

fn quick(retries: u32) -> RetryPolicy {
    RetryPolicy::new(retries).base(Duration::from_millis(1))
}

fn answers(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps
        .into_iter()
        .flat_map(|step| [Step::Request, step])
        .collect()
}

fn unavailable() -> Step {
    empty("503 Service Unavailable", &[])
}

#[test]
fn an_answer_that_may_get_better_is_asked_for_again() {
    for status in ["429 Too Many", "502 Bad", "503 Not Now", "504 Late"] {
        let peer = Peer::new([answers([
            empty(status, &[]),
            empty(status, &[]),
            ok("at last"),
        ])]);
        block_on(async {
            let session = session(|builder| builder.retries(quick(2)));
            let response = session.put(peer.url("/")).body("again").await.unwrap();
            assert_eq!(response.text().await.unwrap(), "at last");
        });
        let requests = peer.requests();
        assert_eq!(requests.len(), 3);
        assert!(requests.iter().all(|request| request.body == b"again"));
        assert_eq!(peer.connections(), 1);
    }
}

#[test]
fn so_many_times_and_no_more() {
    let peer = Peer::always(vec![Step::Request, unavailable(), Step::Again]);
    block_on(async {
        let session = session(|builder| builder.retries(quick(3)));
        let response = session.get(peer.url("/")).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(peer.requests().len(), 4);
        // The default is not to try again.
        let response = ClientSession::new().get(peer.url("/")).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(peer.requests().len(), 5);
    });
}

#[test]
fn what_might_do_harm_is_not_done_twice() {
    let peer = Peer::always(vec![Step::Request, unavailable(), Step::Again]);
    block_on(async {
        let session = session(|builder| builder.retries(quick(3)));
        assert_eq!(
            session
                .post(peer.url("/"))
                .body("once")
                .await
                .unwrap()
                .status(),
            503
        );
        let chunk = Ok(bytes::Bytes::from("once"));
        let stream = Body::stream(futures_lite::stream::iter([chunk]));
        assert_eq!(
            session
                .put(peer.url("/"))
                .body(stream)
                .await
                .unwrap()
                .status(),
            503
        );
        assert_eq!(peer.requests().len(), 2);
        let other = Peer::always(vec![Step::Request, empty("500 Oh", &[]), Step::Again]);
        assert_eq!(session.get(other.url("/")).await.unwrap().status(), 500);
        assert_eq!(other.requests().len(), 1);
    });
}

#[test]
fn a_peer_that_hangs_up_is_asked_again() {
    let peer = Peer::new([
        vec![Step::Request],
        vec![Step::Request],
        answers([ok("here")]),
    ]);
    block_on(async {
        let session = session(|builder| builder.retries(quick(2)));
        let response = session.get(peer.url("/")).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "here");
    });
    let peer = Peer::always(vec![Step::Request]);
    block_on(async {
        let session = session(|builder| builder.retries(quick(2)));
        let error = session.post(peer.url("/")).body("once").await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::Disconnected);
        assert_eq!(peer.requests().len(), 1);
    });
}

#[test]
fn nobody_there_is_tried_again_with_any_method() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    block_on(async {
        let pause = Duration::from_millis(20);
        let policy = RetryPolicy::new(2).base(pause).jitter(false);
        let session = session(|builder| builder.retries(policy));
        let begun = Instant::now();
        let error = session.post(url).body("twice").await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::Connect);
        assert!(
            begun.elapsed() >= 3 * pause,
            "one pause, and one twice as long"
        );
    });
}

#[test]
fn a_server_that_says_when_is_waited_for_or_not() {
    let at_once = empty("503 Not Now", &["retry-after: 0"]);
    let past = empty(
        "503 Not Now",
        &["retry-after: Wed, 21 Oct 2015 07:28:00 GMT"],
    );
    let peer = Peer::new([answers([at_once, past, ok("here")])]);
    block_on(async {
        // The pauses would be longer than the test may be.
        let policy = RetryPolicy::new(2)
            .base(Duration::from_secs(600))
            .jitter(false);
        let policy = policy.cap(Duration::from_secs(700));
        let session = session(|builder| builder.retries(policy));
        assert_eq!(session.get(peer.url("/")).await.unwrap().status(), 200);
    });
    let later = empty("429 Too Many", &["retry-after: 60"]);
    let peer = Peer::new([answers([later])]);
    block_on(async {
        let session = session(|builder| builder.retries(quick(2).cap(Duration::from_secs(59))));
        let response = session.get(peer.url("/")).await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "60");
    });
}

#[test]
fn the_total_limit_is_for_all_attempts() {
    let peer = Peer::always(vec![Step::Request, unavailable(), Step::Again]);
    block_on(async {
        let policy = RetryPolicy::new(1_000_000)
            .base(Duration::from_millis(5))
            .jitter(false);
        let session = session(|builder| builder.retries(policy));
        let limit = Duration::from_millis(100);
        let begun = Instant::now();
        let error = session.get(peer.url("/")).timeout(limit).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert!(
            error.to_string().ends_with("timed out after 100ms (total)"),
            "{error}"
        );
        assert!(begun.elapsed() >= limit);
    });
}

#[test]
fn a_host_has_its_delay_and_others_do_not_wait() {
    let peer = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    let delay = Duration::from_millis(30);
    let session = session(|builder| builder.delay_per_host(delay));
    block_on(async {
        let begun = Instant::now();
        let mut requests = Vec::new();
        for _ in 0..4 {
            requests.push(session.get(peer.url("/")).into_future());
        }
        for result in smolio_task_group::gather(requests).await {
            result.unwrap();
        }
        assert!(begun.elapsed() >= 3 * delay);
    });
}

#[test]
fn other_hosts_do_not_wait() {
    let peer = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    let hour = Duration::from_secs(3600);
    let session = session(|builder| builder.delay_per_host(hour));
    block_on(async {
        session.get(peer.url("/")).await.unwrap();
        // By name it is another one.
        let name = format!("http://localhost:{}/", peer.address().port());
        session.get(&name).await.unwrap();
        // The wait is in the limit of time.
        let limit = Duration::from_millis(20);
        let error = session.get(&name).timeout(limit).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
    });
    assert_eq!(peer.requests().len(), 2);
}

#[test]
fn a_host_that_asks_for_it_is_left_alone() {
    let busy = empty("429 Too Many", &["retry-after: 1"]);
    let peer = Peer::new([answers([busy, ok("")])]);
    let session = session(|builder| builder.delay_per_host(Duration::from_millis(1)));
    block_on(async {
        let begun = Instant::now();
        assert_eq!(session.get(peer.url("/")).await.unwrap().status(), 429);
        assert_eq!(session.get(peer.url("/")).await.unwrap().status(), 200);
        assert!(begun.elapsed() >= Duration::from_secs(1));
    });
}
