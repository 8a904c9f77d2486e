//! Real sockets on loopback.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    task::{Context, Poll, Waker},
};

use futures_lite::{
    AsyncReadExt, AsyncWriteExt,
    future::{block_on, zip},
};
use smolio_net::{Address, ConnectCause, TcpListener, TcpStream, happy_eyeballs, open_connection};

/// Connects to `listener` by `address`, and sends a word each way.
async fn converse(listener: &TcpListener, address: impl Into<Address>) {
    let client = async {
        let mut stream = open_connection(address).await.unwrap();
        assert!(stream.nodelay().unwrap());
        stream.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"pong");
    };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 4];
        stream.read_exact(&mut question).await.unwrap();
        assert_eq!(&question, b"ping");
        stream.write_all(b"pong").await.unwrap();
    };
    zip(client, server).await;
}

/// An address where nobody listens, and what keeps others from doing so: it is the near end of a connection.
async fn closed() -> (SocketAddr, impl Sized) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    (stream.local_addr().unwrap(), (listener, stream))
}

#[test]
fn by_number() {
    block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        converse(&listener, address).await;
        converse(&listener, address.to_string()).await;
        converse(&listener, ("127.0.0.1", address.port())).await;
    });
}

#[test]
fn by_name() {
    block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // Where the name means ::1 first, that is refused, and the other follows at once.
        converse(&listener, ("localhost", port)).await;
        converse(&listener, format!("localhost:{port}")).await;
    });
}

#[test]
fn over_ipv6_where_the_machine_has_it() {
    block_on(async {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            return;
        };
        let address = listener.local_addr().unwrap();
        converse(&listener, address).await;
        converse(&listener, ("::1", address.port())).await;
        converse(&listener, ("[::1]", address.port())).await;
    });
}

#[test]
fn refused() {
    block_on(async {
        let (address, _kept) = closed().await;
        let error = open_connection(address).await.unwrap_err();
        let [attempt] = error.attempts() else {
            panic!("one attempt: {error:?}");
        };
        assert_eq!(attempt.address, address);
        assert_eq!(attempt.error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(
            error.to_string(),
            format!("cannot connect to {address}: {}", attempt.error).replace(": C", ": c")
        );
        assert_eq!(
            io::Error::from(error).kind(),
            io::ErrorKind::ConnectionRefused
        );
    });
}

#[test]
fn refused_by_every_address_of_a_name() {
    block_on(async {
        let (address, _kept) = closed().await;
        let port = address.port();
        let error = open_connection(("localhost", port)).await.unwrap_err();
        assert!(matches!(error.cause(), ConnectCause::Attempts(_)));
        assert!(!error.attempts().is_empty());
        let text = error.to_string();
        let start = format!("cannot connect to localhost:{port}: ");
        assert!(text.starts_with(&start), "{text}");
        for attempt in error.attempts() {
            assert!(text.contains(&attempt.to_string()), "{text}");
        }
    });
}

#[test]
fn the_second_address_takes_over_from_one_that_refuses() {
    block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (dead, _kept) = closed().await;
        let addresses = [dead, listener.local_addr().unwrap()];
        converse(&listener, addresses).await;
    });
}

#[test]
fn the_losers_of_a_race_close_their_sockets() {
    // In virtual time, for the second attempt starts after the delay.
    smolio_test::Test::new().io().run(async {
        let slow = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let quick = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addresses = [slow.local_addr().unwrap(), quick.local_addr().unwrap()];
        // Connected, but not ready: as with one that goes on to speak TLS.
        let connect = |address: SocketAddr| async move {
            let stream = open_connection(address).await?;
            if address == addresses[0] {
                let _open = stream;
                return std::future::pending().await;
            }
            Ok(stream)
        };
        let winner = happy_eyeballs(addresses, connect).await.unwrap();
        assert_eq!(winner.peer_addr().unwrap(), addresses[1]);
        let (mut peer, _) = slow.accept().await.unwrap();
        // The end of the stream, or the news that it was reset.
        let read = peer.read(&mut [0; 1]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    });
}

#[test]
fn dropping_it_half_way_closes_the_socket() {
    block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        {
            let connecting = pin!(open_connection(listener.local_addr().unwrap()));
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Pending = connecting.poll(&mut context) else {
                return; // Connected already: there is no half-way on this machine.
            };
        }
        let (mut peer, _) = listener.accept().await.unwrap();
        let read = peer.read(&mut [0; 1]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    });
}

#[test]
fn a_lookup_that_nobody_waits_for_any_more_does_no_harm() {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..20 {
        let mut connecting = open_connection("localhost:1");
        let _ = pin!(&mut connecting).poll(&mut context);
    }
}

#[test]
fn it_says_what_it_waits_for() {
    let _observation = smolio_context::observe();
    let task = smolio_context::TaskContext::root();
    let mut connecting = open_connection("localhost:1");
    let mut context = Context::from_waker(Waker::noop());
    let poll = task.enter(|| pin!(&mut connecting).poll(&mut context));
    if poll.is_pending() {
        let waits = smolio_context::waits_of(task.info().id());
        assert_eq!(waits[0].what(), "open_connection to localhost:1");
    }
}
