//! What the session says to its transport, its end, and what sessions share.

use std::time::Duration;

use futures_lite::future::poll_once;
use smolio_http::{
    BodyErrorKind, ClientSession, Phase, Proxies, RequestErrorKind, SmolTransport, Timeouts,
    TransportStats,
};

use smolio_timer::try_timeout;

use super::session;
use crate::support::{
    block_on,
    peer::Peer,
    script::{Step, answer, ok},
};

fn echo() -> Peer {
    Peer::always(vec![Step::Request, ok("fine"), Step::Again])
}

async fn get(session: &ClientSession, url: String) -> String {
    session.get(url).await.unwrap().text().await.unwrap()
}

#[test]
fn sessions_share_nothing_unless_they_share_a_transport() {
    let peer = echo();
    block_on(async {
        let (one, two) = (ClientSession::new(), ClientSession::new());
        get(&one, peer.url("/")).await;
        get(&two, peer.url("/")).await;
        assert_eq!(peer.connections(), 2);
        assert_eq!((one.stats().idle, two.stats().idle), (1, 1));

        let transport = SmolTransport::new();
        let shared = || session(|builder| builder.transport(transport.clone()));
        let (one, two) = (shared(), shared());
        get(&one, peer.url("/")).await;
        get(&two, peer.url("/")).await;
        assert_eq!(peer.connections(), 3);
        assert_eq!(one.stats(), two.stats());
        assert_eq!((one.stats().requests, one.stats().connected), (2, 1));

        one.close().await;
        assert_eq!(get(&two, peer.url("/")).await, "fine");
        let error = one.get(peer.url("/")).await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::Closed);
    });
}

#[test]
fn a_session_that_is_closed_refuses_and_lets_end_what_has_begun() {
    let peer = echo();
    block_on(async {
        let session = ClientSession::new();
        get(&session, peer.url("/")).await;
        let begun = session.get(peer.url("/")).await.unwrap();
        session.clone().close().await;
        let error = session.get(peer.url("/")).await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::Closed);
        assert!(
            error.to_string().ends_with("the session is closed"),
            "{error}"
        );
        assert_eq!(begun.text().await.unwrap(), "fine");
        let stats = session.stats();
        assert_eq!(
            (stats.open, stats.in_use, stats.idle, stats.waiting),
            (0, 0, 0, 0)
        );
        peer.wait_closed();
    });
}

#[test]
fn connections_have_limits() {
    let peer = echo();
    block_on(async {
        let session = session(|builder| builder.connections(1).connections_per_host(1));
        let first = session.get(peer.url("/")).await.unwrap();
        let mut second = std::pin::pin!(get(&session, peer.url("/")));
        assert!(poll_once(second.as_mut()).await.is_none());
        assert_eq!(session.stats().waiting, 1);
        assert_eq!(first.text().await.unwrap(), "fine");
        assert_eq!(second.await, "fine");
        assert_eq!(peer.connections(), 1);
    });
}

#[test]
fn limits_of_time_are_those_of_the_session_or_the_request() {
    let peer = Peer::always(vec![Step::Request, Step::Hang]);
    let soon = Duration::from_millis(20);
    let first_byte = Timeouts {
        first_byte: Some(soon),
        ..Timeouts::none()
    };
    block_on(async {
        for session in [
            session(|builder| builder.timeouts(first_byte)),
            session(|builder| builder.transport(SmolTransport::new()).timeouts(first_byte)),
            session(|builder| {
                let transport = SmolTransport::builder().timeouts(first_byte).build();
                builder.transport(transport)
            }),
        ] {
            let error = session.get(peer.url("/")).await.unwrap_err();
            let phase = Phase::FirstByte;
            assert_eq!(
                error.kind(),
                RequestErrorKind::TimedOut { phase, limit: soon }
            );
            let limit = soon / 2;
            let request = session.get(peer.url("/")).timeouts(Timeouts::none());
            let error = request.timeout(limit).await.unwrap_err();
            let phase = Phase::Total;
            assert_eq!(error.kind(), RequestErrorKind::TimedOut { phase, limit });
            let own = Timeouts {
                first_byte: Some(limit),
                ..Timeouts::default()
            };
            let error = session.get(peer.url("/")).timeouts(own).await.unwrap_err();
            let phase = Phase::FirstByte;
            assert_eq!(error.kind(), RequestErrorKind::TimedOut { phase, limit });
        }
    });
    peer.wait_closed();
}

#[test]
fn the_total_is_for_redirects_as_well() {
    let redirect = answer(
        &[
            "HTTP/1.1 302 Found",
            "location: /again",
            "content-length: 0",
        ],
        "",
    );
    let peer = Peer::always(vec![Step::Request, redirect, Step::Again]);
    block_on(async {
        let limit = Duration::from_millis(100);
        let session = session(|builder| builder.redirects(usize::MAX));
        let error = session.get(peer.url("/")).timeout(limit).await.unwrap_err();
        let phase = Phase::Total;
        assert_eq!(error.kind(), RequestErrorKind::TimedOut { phase, limit });
    });
}

#[test]
fn a_transport_that_was_handed_over_has_its_own_settings() {
    let builder = || ClientSession::builder().transport(SmolTransport::new());
    for (builder, setting) in [
        (builder().connections(1), "connections"),
        (builder().connections_per_host(1), "connections_per_host"),
        (builder().idle_time(Duration::ZERO), "idle_time"),
        (builder().proxies(Proxies::none()), "proxies"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.setting(), setting);
        let reason = "the transport was handed over, and has its own";
        let text = format!("the session cannot have this {setting}: {reason}");
        assert_eq!(error.to_string(), text);
    }
    let session = builder().build().unwrap();
    assert_eq!(session.stats(), TransportStats::default());
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_spoken_to() {
    use std::io::{Read, Write};
    let name = format!("smolio-http-{}-{:x}", std::process::id(), fastrand::u64(..));
    let path = std::env::temp_dir().join(name);
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let count = peer.read(&mut head).unwrap();
        peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine")
            .unwrap();
        String::from_utf8(head[..count].to_vec()).unwrap()
    });
    let session = session(|builder| builder.unix_socket(&path).base_url("http://daemon/v1/"));
    assert_eq!(
        block_on(get(&session, "http://daemon/v1/info".into())),
        "fine"
    );
    let head = server.join().unwrap();
    assert!(head.starts_with("GET /v1/info HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: daemon\r\n"), "{head}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn limits_around_it_are_errors_of_the_same_kind() {
    let head = ["HTTP/1.1 200 OK", "content-length: 10"];
    let peer = Peer::always(vec![Step::Request, answer(&head, "half"), Step::Hang]);
    let limit = Duration::from_millis(20);
    let phase = Phase::Total;
    let kind = BodyErrorKind::TimedOut { phase, limit };
    block_on(async {
        let session = ClientSession::new();
        let response = try_timeout(limit * 500, session.get(peer.url("/")))
            .await
            .unwrap();
        let error = try_timeout(limit, response.text()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        let response = session.get(peer.url("/")).await.unwrap();
        let error = try_timeout(limit, response.json::<u8>()).await.unwrap_err();
        assert_eq!(error.body_error().unwrap().kind(), kind);
        let response = session.get(peer.url("/")).await.unwrap();
        let path = std::env::temp_dir().join("smolio-http-late");
        let error = try_timeout(limit, response.download_to(&path))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("timed out"), "{error}");
        assert!(!path.exists());
        let silent = Peer::always(vec![Step::Request, Step::Hang]);
        let error = try_timeout(limit, session.get(silent.url("/")))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::TimedOut { phase, limit });
    });
}
