//! HTTP/2: one connection for all, and what becomes of requests when it ends.

use std::time::Duration;

use bytes::Bytes;
use futures_lite::{future::poll_once, stream};
use http::Version;
use smolio_executor::{run, spawn};
use smolio_http::{
    Body, BodyErrorKind, Phase, RequestErrorKind, SmolTransport, Timeouts, TlsOptions,
    TransportBuilder,
};

use crate::support::{
    assert_at_rest, block_on, bounded,
    certificates::Authority,
    fetch, get,
    http2::{Fate, Http2Server},
    peer::Peer,
    read, read_all,
    script::{Step, ok},
};

fn trusting(authority: &Authority) -> TransportBuilder {
    let options = TlsOptions::new().extra_root(authority.pem()).unwrap();
    SmolTransport::builder().tls(options.extra_roots_only())
}

fn start(fates: fn(usize) -> Fate) -> (Http2Server, TransportBuilder) {
    let authority = Authority::new();
    let config = authority.issue(&["localhost"]).server_with(&[b"h2"]);
    (Http2Server::start(config, fates), trusting(&authority))
}

#[test]
fn many_requests_share_one_connection() {
    let (server, builder) = start(|_| Fate::Echo);
    let transport = builder.connections_per_host(1).build();
    run(bounded(async {
        let first = fetch(&transport, &server.url("/a?b=c")).await.unwrap();
        assert_eq!(first.version(), Version::HTTP_2);
        assert_eq!(first.body(), server.url("/a?b=c").as_bytes());
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let (transport, url) = (transport.clone(), server.url(&format!("/{number}")));
                spawn(async move {
                    let answer = fetch(&transport, &url).await.unwrap();
                    assert_eq!(answer.body(), url.as_bytes());
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
    }));
    assert_eq!((server.connections(), server.requests()), (1, 51));
    let stats = transport.stats();
    assert_eq!(
        (
            stats.open,
            stats.idle,
            stats.in_use,
            stats.connected,
            stats.reused
        ),
        (1, 1, 0, 1, 50)
    );
}

#[test]
fn requests_that_begin_together_end_up_on_one_connection() {
    let (server, builder) = start(|_| Fate::Echo);
    let transport = builder.connections(3).build();
    run(bounded(async {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (transport, url) = (transport.clone(), server.url("/"));
                spawn(async move { fetch(&transport, &url).await.map(drop) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(server.connections() <= 3);
        assert_eq!(transport.stats().open, 1);
        assert_at_rest(&transport);
    }));
}

#[test]
fn bodies_go_both_ways() {
    let (server, builder) = start(|_| Fate::Echo);
    let transport = builder.build();
    let body: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
    run(bounded(async {
        let pieces: Vec<_> = body
            .chunks(10_000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let bodies = [Body::from(body.clone()), Body::stream(stream::iter(pieces))];
        for sent in bodies {
            let request = http::Request::post(server.url("/"))
                .header("connection", "close")
                .body(sent);
            let mut answer = transport.send(request.unwrap()).await.unwrap();
            assert!(read_all(answer.body_mut()).await == body);
        }
        let lying = Body::sized_stream(stream::once(Ok("short".into())), 100);
        let request = http::Request::post(server.url("/")).body(lying).unwrap();
        let error = transport.send(request).await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::RequestBody, "{error}");
        assert_at_rest(&transport);
        fetch(&transport, &server.url("/")).await.unwrap();
    }));
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_request_that_was_refused_is_sent_again() {
    let (server, builder) = start(|number| {
        if number == 1 {
            Fate::Refuse
        } else {
            Fate::Echo
        }
    });
    let transport = builder.build();
    run(bounded(async {
        fetch(&transport, &server.url("/")).await.unwrap();
        let request = http::Request::post(server.url("/"))
            .body("hello".into())
            .unwrap();
        let mut answer = transport.send(request).await.unwrap();
        assert_eq!(read_all(answer.body_mut()).await, b"hello");
    }));
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_request_that_is_refused_always_is_not_sent_for_ever() {
    let (server, builder) = start(|number| {
        if number == 0 {
            Fate::Echo
        } else {
            Fate::Refuse
        }
    });
    let transport = builder.build();
    run(bounded(async {
        fetch(&transport, &server.url("/")).await.unwrap();
        fetch(&transport, &server.url("/")).await.unwrap_err();
    }));
    assert_eq!(server.requests(), 3);
    assert_at_rest(&transport);
}

#[test]
fn after_a_goodbye_there_is_a_new_connection() {
    let (server, builder) = start(|number| {
        if number == 0 {
            Fate::EchoAndLeave
        } else {
            Fate::Echo
        }
    });
    let transport = builder.build();
    run(bounded(async {
        for _ in 0..3 {
            let request = http::Request::post(server.url("/"))
                .body("hello".into())
                .unwrap();
            let mut answer = transport.send(request).await.unwrap();
            assert_eq!(read_all(answer.body_mut()).await, b"hello");
        }
        assert_eq!(transport.stats().open, 1);
    }));
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_server_that_dies_cuts_the_answer_short() {
    let (server, builder) = start(|number| if number == 0 { Fate::Die } else { Fate::Echo });
    let transport = builder.build();
    run(bounded(async {
        let outcome = async {
            let mut answer = transport
                .send(get(&server.url("/")))
                .await
                .map_err(|error| error.to_string())?;
            let error = read(answer.body_mut()).await.unwrap_err();
            assert_eq!(error.kind(), BodyErrorKind::Disconnected, "{error}");
            Ok::<_, String>(())
        };
        outcome.await.unwrap();
        assert_at_rest(&transport);
        fetch(&transport, &server.url("/")).await.unwrap();
    }));
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_request_that_is_dropped_disturbs_no_other() {
    let (server, builder) =
        start(|number| [Fate::HangInBody, Fate::Hang, Fate::Echo][number.min(2)]);
    let transport = builder.build();
    run(bounded(async {
        let mut first = transport.send(get(&server.url("/"))).await.unwrap();
        assert_eq!(first.body_mut().next().await.unwrap().unwrap(), "half");
        let mut request = get(&server.url("/"));
        let limit = Duration::from_millis(20);
        let timeouts = Timeouts {
            first_byte: Some(limit),
            ..Timeouts::none()
        };
        request.extensions_mut().insert(timeouts);
        let error = transport.send(request).await.unwrap_err();
        let phase = Phase::FirstByte;
        assert_eq!(error.kind(), RequestErrorKind::TimedOut { phase, limit });
        assert!(poll_once(first.body_mut().next()).await.is_none());
        assert_eq!(transport.stats().in_use, 1);
        drop(first);
        assert_at_rest(&transport);
        fetch(&transport, &server.url("/")).await.unwrap();
    }));
    assert_eq!(server.connections(), 1);
}

#[test]
fn the_connection_is_closed_with_the_transport_or_the_loop() {
    let (server, builder) = start(|_| Fate::Echo);
    let transport = builder.build();
    for connections in 1..3 {
        run(bounded(async {
            fetch(&transport, &server.url("/")).await.map(drop)
        }))
        .unwrap();
        server.wait_closed();
        assert_eq!(server.connections(), connections);
    }
    run(bounded(async {
        fetch(&transport, &server.url("/")).await.unwrap();
        transport.close().await;
        assert_eq!(transport.stats().open, 0);
        while !server.is_closed() {
            smolio_executor::yield_now().await;
        }
    }));
}

#[test]
fn without_a_loop_it_is_the_former_version_or_a_task_of_somebody_else() {
    let authority = Authority::new();
    let both = authority
        .issue(&["localhost"])
        .server_with(&[b"h2", b"http/1.1"]);
    let peer = Peer::with_tls(both, vec![Step::Request, ok("hello"), Step::Again]);
    let answer = block_on(fetch(
        &trusting(&authority).build(),
        &peer.named_url("localhost", "/"),
    ));
    assert_eq!(answer.unwrap().version(), Version::HTTP_11);
    let transport = trusting(&authority).http2(false).build();
    run(bounded(async {
        let answer = fetch(&transport, &peer.named_url("localhost", "/"))
            .await
            .unwrap();
        assert_eq!(answer.version(), Version::HTTP_11);
    }));

    let (server, builder) = start(|_| Fate::Echo);
    let transport = builder.spawner(|task| smol::spawn(task).detach()).build();
    let answer = block_on(fetch(&transport, &server.url("/"))).unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    drop(transport);
    server.wait_closed();
}
