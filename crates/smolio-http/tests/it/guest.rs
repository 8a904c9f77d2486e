//! Clients for the tests of the server, which send bytes and look at bytes.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smolio_net::{TcpListener, TcpStream};
use smolio_timer::timeout;

/// A request that ends its connection.
pub(crate) const LAST: &str = "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
/// A request that does not.
pub(crate) const GET: &str = "GET / HTTP/1.1\r\nhost: here\r\n\r\n";

/// What most tests ask.
pub(crate) fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/number/{number}",
            get(|Path(number): Path<u32>| async move { number.to_string() }),
        )
        .route("/echo", post(|body: String| async move { body }))
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("the handler's mistake")
                }
            }),
        )
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// What should not take any time; but machines may be busy.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(20), future)
        .await
        .expect("it takes too long")
}

/// Sends bytes, and gives all that comes until the server hangs up.
pub(crate) async fn tell(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut client = Client::new(address).await;
    client.send(bytes).await;
    client.rest().await
}

/// One that keeps its connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

/// The answer to one request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) async fn new(address: SocketAddr) -> Self {
        Self::of(soon(TcpStream::connect(address)).await.unwrap())
    }

    pub(crate) fn of(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.unwrap();
    }

    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        soon(self.stream.write_all(bytes.as_ref())).await
    }

    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.send(bytes).await;
        self.answer().await
    }

    /// The next answer, which says how long it is.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("an answer")
    }

    pub(crate) async fn try_answer(&mut self) -> io::Result<Answer> {
        let end = loop {
            match self
                .read
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                Some(end) => break end + 4,
                None => self.more().await?,
            }
        };
        let head: Vec<u8> = self.read.drain(..end).collect();
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head.split("content-length: ").nth(1).map_or(0, |rest| {
            rest.split("\r\n").next().unwrap().parse().unwrap()
        });
        while self.read.len() < length {
            self.more().await?;
        }
        let body = self.read.drain(..length).collect();
        let body = String::from_utf8(body).unwrap();
        Ok(Answer { status, head, body })
    }

    async fn more(&mut self) -> io::Result<()> {
        let mut piece = vec![0; 4096];
        let count = soon(self.stream.read(&mut piece)).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read.extend_from_slice(&piece[..count]);
        Ok(())
    }

    /// All that comes until the server hangs up.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await.is_ok() {}
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }
}
