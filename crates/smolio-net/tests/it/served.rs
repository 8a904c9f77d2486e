//! The server on real sockets.

use std::{
    error::Error,
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr},
};

use futures_lite::{AsyncReadExt, AsyncWriteExt, future::block_on};
use smolio_net::{
    ListenCause, ListenError, Server, StreamReader, TcpConnection, TcpListener, open_connection,
    start_server,
};

/// Gives each line back, and its own connection's nodelay is set.
async fn echo(connection: TcpConnection) -> anyhow::Result<()> {
    assert!(connection.stream.nodelay()?);
    assert_eq!(connection.stream.peer_addr()?, connection.peer);
    let mut writer = connection.stream.clone();
    let mut reader = StreamReader::new(connection.stream);
    let mut lines = reader.lines(100);
    while let Some(line) = lines.next().await {
        writer.write_all(format!("{}\n", line?).as_bytes()).await?;
    }
    Ok(())
}

/// Sends a line and waits until the server hangs up.
async fn ask(address: SocketAddr, question: &str) -> io::Result<String> {
    let mut stream = open_connection(address).await?;
    stream.write_all(question.as_bytes()).await?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn program() {
    let server = start_server("127.0.0.1:0", echo).await.unwrap();
    let address = server.local_addresses()[0];
    let guests = async {
        for number in 0..10 {
            let question = format!("question {number}\n");
            assert_eq!(ask(address, &question).await.unwrap(), question);
        }
    };
    let served = server.serve_until(guests).await;
    assert_eq!(served.stats.accepted, 10);
    assert_eq!(served.stats.failed, 0);
    // The door is shut.
    let error = open_connection(address).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn questions_are_answered_on_any_executor() {
    smolio_executor::run(program());
    smolio_executor::run(async { smolio_executor::spawn(program()).await });
    smol::block_on(smol::spawn(program()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(program()).await.unwrap() });
}

#[test]
fn a_hundred_at_the_same_time() {
    block_on(async {
        let server = start_server("127.0.0.1:0", echo).await.unwrap();
        let address = server.local_addresses()[0];
        let guests = async {
            let mut streams = Vec::new();
            for _ in 0..100 {
                streams.push(open_connection(address).await.unwrap());
            }
            for (number, stream) in streams.iter_mut().enumerate() {
                let question = format!("{number}\n");
                stream.write_all(question.as_bytes()).await.unwrap();
                let mut answer = vec![0; question.len()];
                stream.read_exact(&mut answer).await.unwrap();
                assert_eq!(answer, question.as_bytes());
            }
        };
        let served = server.serve_until(guests).await;
        assert_eq!(served.stats.accepted, 100);
        assert_eq!(served.stats.cut_off, 0);
    });
}

#[test]
fn by_name_it_listens_on_all_addresses_of_the_name() {
    block_on(async {
        let server = start_server("localhost:0", echo).await.unwrap();
        let addresses = server.local_addresses();
        assert_eq!(addresses.len(), server.listeners().len());
        assert!(addresses.iter().any(SocketAddr::is_ipv4));
        assert!(format!("{server:?}").starts_with("Server { listeners: ["));
        let guests = async {
            for address in &addresses {
                assert_eq!(ask(*address, "hello\n").await.unwrap(), "hello\n");
            }
        };
        server.serve_until(guests).await;
    });
}

#[test]
fn an_address_that_is_in_use_is_an_error() {
    block_on(async {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = other.local_addr().unwrap();
        // Also where another one is free.
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let error = start_server([free, address], echo).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let text = error.to_string();
        let expected = format!("cannot listen on 127.0.0.1:0, {address}: {address}: ");
        assert!(text.starts_with(&expected), "{text}");
        assert!(error.source().unwrap().is::<io::Error>());
        let ListenCause::Listen(failed) = error.cause() else {
            panic!("{error:?}");
        };
        assert_eq!(failed[0].address, address);
    });
}

#[test]
fn an_address_that_is_another_machine_s_is_left_out_where_there_are_others() {
    block_on(async {
        // For documentation only, so nobody has it.
        let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = start_server([foreign, local], echo).await.unwrap();
        assert_eq!(server.local_addresses().len(), 1);
        let error = start_server(foreign, echo).await.unwrap_err();
        assert_eq!(
            io::Error::from(error).kind(),
            io::ErrorKind::AddrNotAvailable
        );
    });
}

#[test]
fn what_is_no_address_is_an_error() {
    fn error<T: Error + Send + Sync + 'static>(_: &T) {}
    block_on(async {
        let refused = start_server("nowhere", echo).await.unwrap_err();
        error::<ListenError>(&refused);
        assert!(matches!(refused.cause(), ListenCause::InvalidAddress));
        assert_eq!(
            refused.to_string(),
            "cannot listen on \"nowhere\": an address has the form `host:port`"
        );
        assert!(refused.source().is_none());
        assert_eq!(refused.address().to_string(), "\"nowhere\"");
        let refused = start_server(("no\0name", 80), echo).await.unwrap_err();
        assert!(matches!(refused.into_cause(), ListenCause::Lookup(_)));
        let refused = start_server(Vec::new(), echo).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        assert!(matches!(refused.into_cause(), ListenCause::NoAddresses));
    });
}

#[test]
fn while_it_closes_nobody_is_let_in() {
    block_on(async {
        let handler = |mut connection: TcpConnection| async move {
            connection.stream.write_all(b"!").await?;
            let address = connection.stream.local_addr()?;
            connection.closing.await;
            let refused = open_connection(address).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            io::Result::Ok(())
        };
        let server = start_server("127.0.0.1:0", handler).await.unwrap();
        let address = server.local_addresses()[0];
        let stop = async {
            let mut stream = open_connection(address).await?;
            stream.read_exact(&mut [0; 1]).await?; // it is inside now
            io::Result::Ok(stream)
        };
        let served = server.serve_until(stop).await;
        assert!(served.reason.is_ok());
        assert_eq!(served.stats.accepted, 1);
        assert_eq!(served.stats.failed, 0);
        assert_eq!(served.stats.cut_off, 0);
    });
}

#[cfg(unix)]
#[test]
fn over_a_unix_socket() {
    use smolio_net::{Connection, UnixListener, UnixStream, open_unix_connection};
    type Guest = Connection<UnixStream, std::os::unix::net::SocketAddr>;

    let place = crate::unix::Place::new("server");
    block_on(async {
        let listener = UnixListener::bind(place.socket()).unwrap();
        let server = Server::new(listener, |mut guest: Guest| async move {
            guest.stream.write_all(b"hello").await
        });
        let guest = async {
            let mut stream = open_unix_connection(place.socket()).await.unwrap();
            let mut word = String::new();
            stream.read_to_string(&mut word).await.unwrap();
            assert_eq!(word, "hello");
        };
        server.serve_until(guest).await;
    });
}

/// While the server is busy with others. In the queue that the standard library asks for there is room for 128; who comes then
/// is passed over by the system, and tries again a second later.
#[cfg(target_os = "linux")]
#[test]
fn five_hundred_may_wait_to_be_let_in() {
    use std::{net::TcpStream, time::Duration};

    const MANY: usize = 500;
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    if most.trim().parse::<usize>().unwrap() < MANY {
        // No program may have a longer queue here.
        return;
    }
    block_on(async {
        let server = start_server("127.0.0.1:0", echo).await.unwrap();
        let address = server.local_addresses()[0];
        let less_than_a_retry = Duration::from_millis(900);
        let connect = || TcpStream::connect_timeout(&address, less_than_a_retry).unwrap();
        let guests: Vec<TcpStream> = std::iter::repeat_with(connect).take(MANY).collect();
        let served = server.serve_until(async { drop(guests) }).await;
        assert_eq!(served.stats.cut_off, 0);
    });
}
