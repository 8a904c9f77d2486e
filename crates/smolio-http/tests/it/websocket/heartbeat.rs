//! Whether the other side is still there. With both sides on one loop the time is a virtual one.

use std::{
    future::{Future, pending},
    time::Duration,
};

use smolio_context::Instant;
use smolio_http::{ClientSession, WebSocket, WebSocketAcceptor, WebSocketErrorKind};
use smolio_timer::timeout;

use super::{
    echo,
    raw::{LAST, PING, open_server, read_frame},
    run, with_server,
};

const PERIOD: Duration = Duration::from_secs(20);

fn run_in_virtual_time<F: Future>(main: F) -> F::Output {
    smolio_test::Test::new().io().run(main)
}

#[test]
fn a_peer_that_answers_pings_may_be_silent_for_as_long_as_it_likes() {
    run_in_virtual_time(with_server(
        WebSocketAcceptor::new(),
        echo,
        |session, url| async move {
            let request = session.ws_connect(url).heartbeat(PERIOD);
            let mut socket = request.await.unwrap();
            let nothing = timeout(50 * PERIOD, socket.receive()).await;
            assert!(nothing.is_err(), "neither a message nor an end");
            socket.send("hello").await.unwrap();
            assert_eq!(socket.receive().await.unwrap().as_text(), Some("hello"));
        },
    ));
}

/// It does not receive, and so answers no pings.
async fn deaf(socket: WebSocket) {
    pending::<()>().await;
    drop(socket);
}

#[test]
fn a_peer_that_answers_nothing_is_given_up() {
    run_in_virtual_time(with_server(
        WebSocketAcceptor::new(),
        deaf,
        |session, url| async move {
            let request = session.ws_connect(url).heartbeat(PERIOD);
            let mut socket = request.await.unwrap();
            let begun = Instant::now();
            let error = socket.receive().await.unwrap_err();
            let limit = PERIOD / 2;
            assert_eq!(error.kind(), WebSocketErrorKind::TimedOut { limit });
            let elapsed = begun.elapsed();
            let expected = PERIOD + limit;
            assert!(
                (expected..expected + PERIOD).contains(&elapsed),
                "{elapsed:?}"
            );
        },
    ));
}

#[test]
fn the_heart_of_a_server_beats_too() {
    let acceptor = WebSocketAcceptor::new().heartbeat(PERIOD);
    run_in_virtual_time(with_server(acceptor, echo, |session, url| async move {
        let socket = session.ws_connect(url).await.unwrap();
        // Nobody receives here: the server hangs up.
        smolio_timer::sleep(2 * PERIOD).await;
        let (_, mut receiver) = socket.split();
        assert!(receiver.next().await.unwrap().is_err());
    }));
}

#[test]
fn a_beat_is_a_ping() {
    let (url, peer) = open_server(|mut peer| {
        assert_eq!(read_frame(&mut peer), Some((LAST | PING, vec![])));
        assert_eq!(read_frame(&mut peer), None, "it was given up");
    });
    run(async {
        let period = Duration::from_millis(20);
        let request = ClientSession::new().ws_connect(url).heartbeat(period);
        let mut socket = request.await.unwrap();
        let error = socket.receive().await.unwrap_err();
        let limit = period / 2;
        assert_eq!(error.kind(), WebSocketErrorKind::TimedOut { limit });
    });
    peer.join().unwrap();
}
