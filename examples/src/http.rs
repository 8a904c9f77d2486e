//! As much of HTTP/1.1 as the examples need: `GET`, and one answer for each connection.

use std::{io, net::SocketAddr, thread};

use anyhow::{Context, bail};
use async_net::{TcpListener, TcpStream};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt, io::BufReader};
use smolio::{CancelScope, TaskGroup};

/// A web server on this machine, with a thread and a loop of its own. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    scope: CancelScope,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Starts a server that answers with a status and a text for each path.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn start<H, F>(handler: H) -> io::Result<Self>
    where
        H: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = (u16, String)> + Send,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let listener = TcpListener::try_from(listener)?;
        let scope = CancelScope::new();
        let serving = scope.clone();
        let serve = move || {
            if let Some(Err(error)) = smolio::run(serving.run(serve(listener, handler))) {
                eprintln!("the server on {address} has stopped: {error}");
            }
        };
        Ok(Self {
            address,
            scope,
            thread: Some(thread::spawn(serve)),
        })
    }

    /// Where a path is to be found.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.scope.cancel();
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                eprintln!("the server on {} has panicked", self.address);
            }
        }
    }
}

/// Accepts until it is dropped, or can accept no more.
async fn serve<H, F>(listener: TcpListener, handler: H) -> io::Result<()>
where
    H: Fn(String) -> F + Send + Sync,
    F: Future<Output = (u16, String)> + Send,
{
    let connections = TaskGroup::<io::Error>::new();
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await?;
            // A client that breaks off does not concern the others.
            connections.spawn_value(answer(stream, &handler));
        }
    };
    connections.run(accept).await.map_err(io::Error::other)
}

async fn answer<F>(mut stream: TcpStream, handler: impl Fn(String) -> F) -> io::Result<()>
where
    F: Future<Output = (u16, String)>,
{
    let mut lines = BufReader::new(stream.clone()).lines();
    let request = lines.next().await.transpose()?.unwrap_or_default();
    while let Some(header) = lines.next().await.transpose()? {
        if header.is_empty() {
            break;
        }
    }
    let (status, body) = match request.split(' ').collect::<Vec<_>>()[..] {
        ["GET", path, "HTTP/1.1"] => handler(path.to_owned()).await,
        _ => (400, "only GET is understood here".to_owned()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all((head + &body).as_bytes()).await
}

/// Gets a page of this machine.
///
/// # Errors
/// If there is no answer, or if its status is not 200.
pub async fn get(url: &str) -> anyhow::Result<String> {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| Some(rest.split_at(rest.find('/')?)))
        .with_context(|| format!("{url} is not like http://host:port/path"))?;
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("{url} broke off"))?;
    match head.split_whitespace().nth(1) {
        Some("200") => Ok(body.to_owned()),
        status => bail!("the server said {}", status.unwrap_or("nothing")),
    }
}
