//! What is promised to the compiler.

use std::{error::Error, io};

use futures_lite::future::block_on;
use smolio_net::{
    Address, AttemptsError, ConnectCause, ConnectError, FailedAttempt, IncompleteRead,
    LimitOverrun, LineError, Lines, OpenConnection, ReadExactlyError, ReadUntilError, StreamReader,
    TcpStream, happy_eyeballs, open_connection,
};

fn send_and_sync<T: Send + Sync + 'static>() {}
fn unpin<T: Unpin>() {}
fn error<T: Error + Send + Sync + 'static>() {}
fn send(_: impl Send + 'static) {}

#[test]
fn all_can_be_sent_and_shared() {
    send_and_sync::<Address>();
    send_and_sync::<ConnectCause>();
    send_and_sync::<FailedAttempt>();
    error::<AttemptsError>();
    error::<ConnectError>();
    #[cfg(unix)]
    error::<smolio_net::UnixConnectError>();

    send_and_sync::<StreamReader<TcpStream>>();
    send_and_sync::<Lines<'static, TcpStream>>();
    error::<IncompleteRead>();
    error::<LimitOverrun>();
    error::<ReadExactlyError>();
    error::<ReadUntilError>();
    error::<LineError>();
}

#[test]
fn futures_can_be_sent_and_moved() {
    unpin::<OpenConnection>();
    // They do not borrow what they were made of.
    let host = String::from("localhost");
    send(open_connection((host.as_str(), 80)));
    send(happy_eyeballs([], |_| async { Ok(()) }));
    #[cfg(unix)]
    send(smolio_net::open_unix_connection(host.as_str()));
}

#[test]
fn async_code_that_reads_can_be_sent() {
    send(async {
        let stream = open_connection("localhost:1").await?;
        let mut reader = StreamReader::new(stream);
        reader.read_exactly(1).await?;
        reader.read_until("\n", 1).await?;
        let line = reader.lines(1).next().await.transpose()?;
        anyhow::Ok(line)
    });
}

#[test]
fn question_marks_go_into_anyhow_and_io() {
    async fn anyhow() -> anyhow::Result<()> {
        open_connection("nowhere").await?;
        Ok(())
    }
    assert!(block_on(anyhow()).unwrap_err().is::<ConnectError>());

    async fn io() -> io::Result<()> {
        happy_eyeballs([], |_| async { Ok(()) }).await?;
        open_connection("nowhere").await?;
        Ok(())
    }
    let error = block_on(io()).unwrap_err();
    assert!(error.get_ref().unwrap().is::<AttemptsError>());
}

#[test]
fn futures_say_what_they_are() {
    let connecting = open_connection("example.org:80");
    assert!(format!("{connecting:?}").starts_with("OpenConnection { address: "));
    #[cfg(unix)]
    {
        let connecting = smolio_net::open_unix_connection("/nowhere");
        assert_eq!(
            format!("{connecting:?}"),
            "OpenUnixConnection { path: \"/nowhere\", .. }"
        );
    }
}
