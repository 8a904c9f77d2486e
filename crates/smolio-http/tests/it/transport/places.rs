//! Connections have places, of which there are so many: who gets one, and when.

use std::time::Duration;

use futures_lite::future::{poll_once, zip};
use smolio_http::{RequestErrorKind, SmolTransport, TransportBuilder};

use crate::support::{
    assert_at_rest, block_on, fetch, get,
    peer::Peer,
    read, read_all,
    script::{Step, answer, ok},
};

/// Answers each request.
fn friendly() -> Peer {
    Peer::always(vec![Step::Request, ok("hello"), Step::Again])
}

/// Begins an answer, and never ends it.
fn endless() -> Peer {
    let begun = answer(
        &["HTTP/1.1 200 OK", "transfer-encoding: chunked"],
        "5\r\nhello\r\n",
    );
    Peer::always(vec![Step::Request, begun, Step::Hang])
}

fn with(set: impl FnOnce(TransportBuilder) -> TransportBuilder) -> SmolTransport {
    set(SmolTransport::builder()).build()
}

#[test]
fn the_last_one_in_is_the_first_one_out() {
    let peer = friendly();
    let transport = SmolTransport::new();
    block_on(async {
        let (first, second) = zip(
            transport.send(get(&peer.url("/1"))),
            transport.send(get(&peer.url("/2"))),
        )
        .await;
        let (mut first, mut second) = (first.unwrap(), second.unwrap());
        read_all(second.body_mut()).await;
        read_all(first.body_mut()).await;
        fetch(&transport, &peer.url("/3")).await.unwrap();
    });
    let requests = peer.requests();
    let connection_of = |path: &str| {
        let request = requests
            .iter()
            .find(|one| one.first_line() == format!("GET {path} HTTP/1.1"));
        request.unwrap().connection
    };
    assert_eq!(connection_of("/3"), connection_of("/1"));
    let stats = transport.stats();
    assert_eq!((stats.open, stats.idle, stats.in_use), (2, 2, 0));
    assert_eq!((stats.requests, stats.connected, stats.reused), (3, 2, 1));
}

#[test]
fn who_finds_no_place_waits_and_the_first_goes_first() {
    let (held, peer) = (endless(), friendly());
    let transport = with(|builder| builder.connections(1));
    block_on(async {
        let holder = transport.send(get(&held.url("/"))).await.unwrap();
        let urls = ["/0", "/1", "/2", "/3"].map(|path| peer.url(path));
        let mut waiting: Vec<_> = urls
            .iter()
            .map(|url| Box::pin(fetch(&transport, url)))
            .collect();
        for one in &mut waiting {
            assert!(poll_once(one).await.is_none());
        }
        assert_eq!(transport.stats().waiting, 4);
        drop(holder);
        // Awaited the other way round, to see that it is the order of coming that counts.
        let last = waiting.pop().unwrap();
        let others = async {
            for one in waiting {
                one.await.unwrap();
            }
        };
        zip(last, others).await.0.unwrap();
    });
    let paths: Vec<_> = peer
        .requests()
        .iter()
        .map(|one| one.first_line().to_owned())
        .collect();
    let expected = [0, 1, 2, 3].map(|number| format!("GET /{number} HTTP/1.1"));
    assert_eq!(paths, expected);
    assert_at_rest(&transport);
    assert_eq!(transport.stats().open, 1);
}

#[test]
fn who_is_dropped_with_a_place_in_hand_passes_it_on() {
    let (held, peer) = (endless(), friendly());
    let transport = with(|builder| builder.connections(1));
    block_on(async {
        let holder = transport.send(get(&held.url("/"))).await.unwrap();
        let url = peer.url("/");
        let mut first = Box::pin(fetch(&transport, &url));
        let mut second = Box::pin(fetch(&transport, &url));
        assert!(poll_once(&mut first).await.is_none());
        assert!(poll_once(&mut second).await.is_none());
        // The place is in the hands of the first now, who never looks.
        drop(holder);
        drop(first);
        second.await.unwrap();
    });
    assert_at_rest(&transport);
}

#[test]
fn who_leaves_the_line_is_not_waited_for() {
    let (held, peer) = (endless(), friendly());
    let transport = with(|builder| builder.connections(1));
    block_on(async {
        let holder = transport.send(get(&held.url("/"))).await.unwrap();
        let url = peer.url("/");
        let mut first = Box::pin(fetch(&transport, &url));
        let mut second = Box::pin(fetch(&transport, &url));
        assert!(poll_once(&mut first).await.is_none());
        assert!(poll_once(&mut second).await.is_none());
        drop(first);
        assert_eq!(transport.stats().waiting, 1);
        drop(holder);
        second.await.unwrap();
    });
    assert_at_rest(&transport);
}

#[test]
fn a_host_that_is_full_holds_up_nobody_else() {
    let (full, peer) = (endless(), friendly());
    let transport = with(|builder| builder.connections(2).connections_per_host(1));
    block_on(async {
        let holder = transport.send(get(&full.url("/"))).await.unwrap();
        let url = full.url("/");
        let mut waiting = Box::pin(transport.send(get(&url)));
        assert!(poll_once(&mut waiting).await.is_none());
        fetch(&transport, &peer.url("/")).await.unwrap();
        assert!(poll_once(&mut waiting).await.is_none());
        assert_eq!(full.connections(), 1);
        drop(holder);
        waiting.await.unwrap();
        assert_eq!(full.connections(), 2);
    });
    assert_at_rest(&transport);
}

#[test]
fn those_of_a_full_host_wait_for_one_of_its_connections() {
    let peer = friendly();
    let transport = with(|builder| builder.connections_per_host(2));
    block_on(async {
        let url = peer.url("/");
        let mut all: Vec<_> = (0..50).map(|_| Box::pin(fetch(&transport, &url))).collect();
        for one in &mut all {
            assert!(poll_once(one).await.is_none());
        }
        assert_eq!(transport.stats().waiting, 48);
        for one in all {
            one.await.unwrap();
        }
    });
    assert_eq!(peer.connections(), 2);
    assert_at_rest(&transport);
}

#[test]
fn at_the_limit_the_oldest_idle_one_makes_room() {
    let peers = [friendly(), friendly(), friendly()];
    let transport = with(|builder| builder.connections(2));
    block_on(async {
        for peer in &peers {
            fetch(&transport, &peer.url("/")).await.unwrap();
        }
    });
    peers[0].wait_closed();
    assert_eq!(transport.stats().idle, 2);
    block_on(fetch(&transport, &peers[1].url("/"))).unwrap();
    assert_eq!(peers[1].connections(), 1);
}

#[test]
fn so_many_are_kept_and_for_so_long() {
    let none_kept = with(|builder| builder.idle_connections(0));
    let kept_for_no_time = with(|builder| builder.idle_time(Duration::ZERO));
    for transport in [none_kept, kept_for_no_time] {
        let peer = friendly();
        block_on(async {
            fetch(&transport, &peer.url("/")).await.unwrap();
            fetch(&transport, &peer.url("/")).await.unwrap();
        });
        assert_eq!(peer.connections(), 2);
        assert!(transport.stats().open <= 1);
    }
}

#[test]
fn after_the_close_there_are_no_requests() {
    let (held, peer) = (endless(), friendly());
    let transport = with(|builder| builder.connections(2));
    block_on(async {
        let mut holder = transport.send(get(&held.url("/"))).await.unwrap();
        let another = transport.send(get(&held.url("/"))).await.unwrap();
        let url = peer.url("/");
        let mut waiting = Box::pin(fetch(&transport, &url));
        assert!(poll_once(&mut waiting).await.is_none());
        transport.close().await;
        let closed = |result: Result<_, smolio_http::RequestError>| {
            assert_eq!(result.unwrap_err().kind(), RequestErrorKind::Closed);
        };
        closed(waiting.await);
        closed(fetch(&transport, &url).await);
        assert_eq!(transport.stats().waiting, 0);
        // What is under way may end.
        assert_eq!(transport.stats().in_use, 2);
        assert!(poll_once(read(holder.body_mut())).await.is_none());
        drop((holder, another));
        assert_eq!(transport.stats().open, 0);
    });
    held.wait_closed();
}

#[test]
fn idle_connections_are_closed_with_the_transport() {
    for by_drop in [false, true] {
        let peer = friendly();
        let transport = SmolTransport::new();
        block_on(async {
            fetch(&transport, &peer.url("/")).await.unwrap();
            if !by_drop {
                transport.close().await;
            }
        });
        let transport = (!by_drop).then_some(transport);
        peer.wait_closed();
        drop(transport);
    }
}

#[test]
fn a_body_outlives_its_transport_and_closes_its_connection() {
    let peer = friendly();
    let transport = SmolTransport::new();
    block_on(async {
        let mut answer = transport.send(get(&peer.url("/"))).await.unwrap();
        drop(transport);
        assert_eq!(read_all(answer.body_mut()).await, b"hello");
        // The answer is still there, its connection is not.
        peer.wait_closed();
    });
}

#[test]
fn names_differ_by_their_case_in_nothing() {
    let peer = friendly();
    let transport = SmolTransport::new();
    block_on(async {
        fetch(&transport, &peer.named_url("localhost", "/"))
            .await
            .unwrap();
        fetch(&transport, &peer.named_url("LocalHost", "/"))
            .await
            .unwrap();
    });
    assert_eq!(peer.connections(), 1);
}
