//! Requests that are dropped at whichever point, and executors that are not ours.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use futures_lite::future::zip;
use smolio_http::{Body, SmolTransport};

use crate::support::{
    assert_at_rest, block_on, bounded, fetch, get,
    peer::Peer,
    read_all,
    script::{Step, answer, ok},
};

/// The value, if it is there after so many polls; else the future is dropped.
async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|cx| {
        let value = future.as_mut().poll(cx);
        left -= 1;
        match value {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn post(url: &str) -> http::Request<Body> {
    let chunks = (0..3).map(|_| Ok("chunk".into()));
    let body = Body::stream(futures_lite::stream::iter(chunks));
    http::Request::post(url).body(body).unwrap()
}

#[test]
fn a_request_may_be_dropped_at_each_of_its_polls() {
    let slow = |bytes: &[u8]| Step::Trickle(bytes.to_vec());
    let reply = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let peer = Peer::always(vec![Step::Request, slow(reply), Step::Again]);
    let transport = SmolTransport::builder().connections(1).build();
    let mut is_whole = false;
    block_on(async {
        for times in 1.. {
            let exchange = async {
                let mut answer = transport.send(post(&peer.url("/"))).await.unwrap();
                assert_eq!(read_all(answer.body_mut()).await, b"hello");
            };
            let done = polled(times, exchange).await;
            assert_at_rest(&transport);
            if done.is_some() {
                is_whole = true;
                break;
            }
            // What was dropped has closed its connection: there is none to be found.
            assert_eq!(transport.stats().idle, 0);
        }
        fetch(&transport, &peer.url("/")).await.unwrap();
    });
    assert!(is_whole);
    assert_at_rest(&transport);
}

#[test]
fn a_wait_may_be_dropped_at_each_of_its_polls() {
    let begun = answer(
        &["HTTP/1.1 200 OK", "transfer-encoding: chunked"],
        "5\r\nhello\r\n",
    );
    let held = Peer::always(vec![Step::Request, begun, Step::Hang]);
    let peer = Peer::always(vec![Step::Request, ok("hello"), Step::Again]);
    let transport = SmolTransport::builder().connections(1).build();
    block_on(async {
        for times in 1..12 {
            let holder = transport.send(get(&held.url("/"))).await.unwrap();
            let url = peer.url("/");
            let waits = polled(times, fetch(&transport, &url));
            // One that stays, behind the one that goes.
            let stays = fetch(&transport, &url);
            let ends = async {
                futures_lite::future::yield_now().await;
                drop(holder);
            };
            let ((_, stayed), ()) = zip(zip(waits, stays), ends).await;
            stayed.unwrap();
            assert_at_rest(&transport);
        }
    });
}

#[test]
fn a_panic_of_a_body_is_the_callers_and_leaves_nothing_behind() {
    let peer = Peer::always(vec![Step::Request, ok("hello"), Step::Again]);
    let transport = SmolTransport::new();
    let body = Body::stream(futures_lite::stream::poll_fn(|_| panic!("the body's own")));
    let request = http::Request::post(peer.url("/")).body(body).unwrap();
    let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        block_on(transport.send(request)).map(drop)
    }));
    let panic = sent.unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "the body's own");
    assert_eq!(transport.stats().open, 0);
    block_on(fetch(&transport, &peer.url("/"))).unwrap();
}

async fn several(transport: SmolTransport, url: String) {
    for _ in 0..10 {
        let answer = fetch(&transport, &url).await.unwrap();
        assert_eq!(answer.body(), b"hello");
    }
}

#[test]
fn any_executor_will_do() {
    let peer = Peer::always(vec![Step::Request, ok("hello"), Step::Again]);
    let transport = SmolTransport::new();
    smol::block_on(bounded(several(transport.clone(), peer.url("/"))));
    smol::block_on(smol::spawn(several(transport.clone(), peer.url("/"))));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..4)
            .map(|_| tokio::spawn(several(transport.clone(), peer.url("/"))))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    // And one after the other, with connections that were made elsewhere.
    smolio_executor::run(several(transport.clone(), peer.url("/")));
    smolio_executor::run(several(transport.clone(), peer.url("/")));
    assert_at_rest(&transport);
    assert!(transport.stats().connected <= 5, "{:?}", transport.stats());
}

#[test]
fn a_body_that_is_always_ready_lets_others_run() {
    let head = answer(&["HTTP/1.1 200 OK", "transfer-encoding: chunked"], "");
    let chunk = [b"400\r\n".as_slice(), &[b'x'; 1024], b"\r\n"].concat();
    let flood = Step::Flood(chunk.repeat(64));
    let peer = Peer::always(vec![Step::Request, head, flood]);
    let transport = SmolTransport::new();
    smolio_executor::run(async {
        let mut answer = transport.send(get(&peer.url("/"))).await.unwrap();
        let other = smolio_executor::spawn(async {
            for _ in 0..100 {
                smolio_executor::yield_now().await;
            }
        });
        // It has no end of its own, so if it kept the loop this would not be seen.
        let read = async {
            while let Some(chunk) = answer.body_mut().next().await {
                chunk.unwrap();
            }
        };
        futures_lite::future::or(read, other).await;
    });
    assert_at_rest(&transport);
}
