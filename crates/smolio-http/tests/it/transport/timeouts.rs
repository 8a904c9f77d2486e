//! Limits of time: each part of an exchange that takes too long says which part it was.

use std::time::Duration;

use bytes::Bytes;
use futures_lite::stream;
use smolio_http::{Body, BodyErrorKind, Phase, RequestErrorKind, SmolTransport, Timeouts};

use crate::support::{
    assert_at_rest, block_on, fetch, get,
    peer::Peer,
    read,
    script::{Gate, Step, answer, ok},
};

const LIMIT: Duration = Duration::from_millis(40);

fn only(set: impl FnOnce(&mut Timeouts)) -> Timeouts {
    let mut timeouts = Timeouts::none();
    set(&mut timeouts);
    timeouts
}

fn late(phase: Phase) -> RequestErrorKind {
    RequestErrorKind::TimedOut {
        phase,
        limit: LIMIT,
    }
}

/// Why there is no answer from a peer that does this.
fn failure(timeouts: Timeouts, peer: &Peer, body: Body) -> RequestErrorKind {
    let transport = SmolTransport::builder().timeouts(timeouts).build();
    let request = http::Request::post(peer.url("/")).body(body).unwrap();
    let error = block_on(transport.send(request)).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(transport.stats().open, 0);
    error.kind()
}

fn hangs() -> Peer {
    Peer::always(vec![Step::Request, Step::Hang])
}

#[test]
fn an_answer_that_does_not_begin() {
    let timeouts = only(|limits| limits.first_byte = Some(LIMIT));
    assert_eq!(
        failure(timeouts, &hangs(), Body::empty()),
        late(Phase::FirstByte)
    );
    assert_eq!(
        failure(timeouts, &hangs(), "hello".into()),
        late(Phase::FirstByte)
    );
}

#[test]
fn interim_answers_without_end() {
    let flood = Step::Flood(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100));
    for timeouts in [
        only(|limits| limits.first_byte = Some(LIMIT)),
        only(|limits| limits.total = Some(LIMIT)),
    ] {
        let peer = Peer::always(vec![Step::Request, flood.clone()]);
        let phase = if timeouts.total.is_some() {
            Phase::Total
        } else {
            Phase::FirstByte
        };
        assert_eq!(failure(timeouts, &peer, Body::empty()), late(phase));
    }
}

#[test]
fn the_whole_takes_too_long() {
    let timeouts = only(|limits| limits.total = Some(LIMIT));
    assert_eq!(
        failure(timeouts, &hangs(), Body::empty()),
        late(Phase::Total)
    );
    // A body of the request that never comes is in no other limit.
    let never = Body::stream(stream::pending());
    assert_eq!(failure(timeouts, &hangs(), never), late(Phase::Total));
}

#[test]
fn a_request_that_the_peer_does_not_take() {
    let gate = Gate::default();
    let peer = Peer::always(vec![Step::Head, Step::Wait(gate.clone())]);
    let chunks = stream::repeat_with(|| Ok(Bytes::from(vec![0; 64 * 1024])));
    let timeouts = only(|limits| limits.stall = Some(LIMIT));
    let kind = failure(timeouts, &peer, Body::stream(chunks));
    gate.open();
    assert_eq!(kind, late(Phase::Stall));
}

#[test]
fn a_slow_body_of_the_request_is_no_stall() {
    let peer = Peer::always(vec![Step::Request, ok("hello")]);
    let timeouts = Timeouts {
        stall: Some(LIMIT),
        first_byte: Some(Duration::from_secs(10)),
        ..Timeouts::none()
    };
    let transport = SmolTransport::builder().timeouts(timeouts).build();
    let slow = stream::once_future(async {
        async_io::Timer::after(3 * LIMIT).await;
        Ok(Bytes::from("hello"))
    });
    let request = http::Request::post(peer.url("/"))
        .body(Body::stream(slow))
        .unwrap();
    block_on(transport.send(request)).unwrap();
}

#[test]
fn a_connection_that_is_not_made() {
    // To a peer that does not know that it is to speak TLS.
    let peer = Peer::always(vec![Step::Hang]);
    let timeouts = only(|limits| limits.connect = Some(LIMIT));
    let transport = SmolTransport::builder().timeouts(timeouts).build();
    let url = peer.url("/").replace("http:", "https:");
    let error = block_on(transport.send(get(&url))).unwrap_err();
    assert_eq!(error.kind(), late(Phase::Connect));
    assert_eq!(transport.stats().open, 0);
    peer.wait_closed();
}

#[test]
fn the_wait_for_a_place_is_in_the_total_alone() {
    let begun = answer(
        &["HTTP/1.1 200 OK", "transfer-encoding: chunked"],
        "5\r\nhello\r\n",
    );
    let peer = Peer::always(vec![Step::Request, begun, Step::Hang]);
    let timeouts = Timeouts {
        connect: Some(Duration::from_millis(1)),
        ..only(|limits| limits.total = Some(LIMIT))
    };
    let transport = SmolTransport::builder()
        .connections(1)
        .timeouts(Timeouts::none())
        .build();
    block_on(async {
        let _holder = transport.send(get(&peer.url("/"))).await.unwrap();
        let mut request = get(&peer.url("/"));
        request.extensions_mut().insert(timeouts);
        let error = transport.send(request).await.unwrap_err();
        assert_eq!(error.kind(), late(Phase::Total));
        assert_eq!(transport.stats().waiting, 0);
    });
    assert_at_rest(&transport);
}

/// Why there is no more of a body after its first piece, and how long the limit was: as long as it has to be for the head to
/// come in time on a machine that is busy.
fn body_failure(timeouts: impl Fn(Duration) -> Timeouts, more: Step) -> (BodyErrorKind, Duration) {
    let begun = answer(
        &["HTTP/1.1 200 OK", "transfer-encoding: chunked"],
        "5\r\nhello\r\n",
    );
    let peer = Peer::always(vec![Step::Request, begun, more, Step::Hang]);
    let mut limit = LIMIT;
    loop {
        let transport = SmolTransport::builder().timeouts(timeouts(limit)).build();
        let outcome = block_on(async {
            let mut answer = transport.send(get(&peer.url("/"))).await.ok()?;
            Some(read(answer.body_mut()).await.unwrap_err())
        });
        assert_eq!(transport.stats().open, 0);
        match outcome {
            Some(error) => return (error.kind(), limit),
            None => limit *= 2,
        }
    }
}

#[test]
fn a_body_that_stops_or_never_stops() {
    let stops = Step::Send(Vec::new());
    let flood = Step::Flood(b"5\r\nhello\r\n".repeat(1000));
    let stall = |limit| only(|limits| limits.stall = Some(limit));
    let total = |limit| only(|limits| limits.total = Some(limit));
    let phase = |(kind, limit): (BodyErrorKind, Duration)| match kind {
        BodyErrorKind::TimedOut { phase, limit: said } if said == limit => phase,
        kind => panic!("{kind:?}"),
    };
    assert_eq!(phase(body_failure(stall, stops.clone())), Phase::Stall);
    assert_eq!(phase(body_failure(total, stops)), Phase::Total);
    assert_eq!(phase(body_failure(total, flood)), Phase::Total);
}

#[test]
fn a_timer_stays_with_its_connection_and_goes_off_for_those_that_are_late() {
    // Each request has less time than the timer that was armed by the one before.
    let peer = Peer::always(vec![
        Step::Request,
        ok("hello"),
        Step::Request,
        ok("hello"),
        Step::Request,
        Step::Hang,
    ]);
    let transport = SmolTransport::new();
    block_on(async {
        for seconds in [300, 5] {
            let mut request = get(&peer.url("/"));
            let total = Some(Duration::from_secs(seconds));
            request
                .extensions_mut()
                .insert(only(|limits| limits.total = total));
            let mut answer = transport.send(request).await.unwrap();
            read(answer.body_mut()).await.unwrap();
        }
        let mut request = get(&peer.url("/"));
        request
            .extensions_mut()
            .insert(only(|limits| limits.total = Some(LIMIT)));
        let error = transport.send(request).await.unwrap_err();
        assert_eq!(error.kind(), late(Phase::Total));
        // And one that is armed too early lets a longer one live.
        fetch(&transport, &peer.url("/")).await.unwrap();
    });
    assert_eq!(peer.connections(), 2);
}
