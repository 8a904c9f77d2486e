//! A server of HTTP/2 that can be told what to do with each stream.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    thread::{JoinHandle, spawn},
};

use bytes::Bytes;
use futures_lite::{AsyncRead, AsyncWrite, FutureExt};
use futures_rustls::{TlsAcceptor, rustls::ServerConfig};
use h2::{Reason, RecvStream, server::SendResponse};
use smol::channel::{Receiver, Sender, bounded};
use tokio::io::ReadBuf;

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Sends its body back, or its path if it has none.
    Echo,
    /// Says that it has not looked at it.
    Refuse,
    /// Sends half an answer, and then nothing.
    HangInBody,
    /// Does nothing.
    Hang,
    /// Echoes, and says goodbye.
    EchoAndLeave,
    /// Sends half an answer, and closes the connection.
    Die,
}

/// Decides by the number of the request, from 0.
type Fates = fn(usize) -> Fate;

pub(crate) struct Http2Server {
    address: SocketAddr,
    counts: Arc<Counts>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    open: AtomicUsize,
    requests: AtomicUsize,
}

impl Http2Server {
    pub(crate) fn start(config: Arc<ServerConfig>, fates: Fates) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::<Counts>::default();
        let (stop, stopped) = bounded(1);
        let shared = counts.clone();
        let thread = spawn(move || {
            let executor = smol::LocalExecutor::new();
            smol::block_on(
                executor.run(accept(&executor, listener, config, fates, shared, stopped)),
            );
        });
        Self {
            address,
            counts,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.counts.open.load(Ordering::SeqCst) == 0
    }

    /// Waits until the other side has closed all connections.
    ///
    /// # Panics
    /// If that takes too long.
    pub(crate) fn wait_closed(&self) {
        let begun = smolio_context::Instant::now();
        while !self.is_closed() {
            assert!(
                begun.elapsed() < super::SAFETY,
                "connections are still open"
            );
            std::thread::yield_now();
        }
    }
}

impl Drop for Http2Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || std::thread::panicking());
        }
    }
}

async fn accept(
    executor: &smol::LocalExecutor<'_>,
    listener: std::net::TcpListener,
    config: Arc<ServerConfig>,
    fates: Fates,
    counts: Arc<Counts>,
    stopped: Receiver<()>,
) {
    let listener = smol::net::TcpListener::try_from(listener).unwrap();
    let acceptor = TlsAcceptor::from(config);
    let over = async {
        let _ = stopped.recv().await;
        None
    };
    let mut over = std::pin::pin!(over);
    loop {
        let next = async { listener.accept().await.ok() };
        let Some((stream, _)) = next.or(&mut over).await else {
            return;
        };
        counts.connections.fetch_add(1, Ordering::SeqCst);
        counts.open.fetch_add(1, Ordering::SeqCst);
        let (acceptor, counts) = (acceptor.clone(), counts.clone());
        executor
            .spawn(async move {
                // How it ends is seen by the other side.
                let _ = serve(acceptor, stream, fates, &counts).await;
                counts.open.fetch_sub(1, Ordering::SeqCst);
            })
            .detach();
    }
}

async fn serve(
    acceptor: TlsAcceptor,
    stream: smol::net::TcpStream,
    fates: Fates,
    counts: &Counts,
) -> anyhow::Result<()> {
    let stream = acceptor.accept(stream).await?;
    let mut connection = h2::server::handshake(Tokio(stream)).await?;
    let mut held = Vec::new();
    let tasks = smol::LocalExecutor::new();
    let requests = async {
        while let Some(request) = connection.accept().await {
            let (request, mut respond) = request?;
            match fates(counts.requests.fetch_add(1, Ordering::SeqCst)) {
                Fate::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
                Fate::Hang => held.push(respond),
                Fate::Die => {
                    begin(&mut respond)?;
                    // What was said is to be on its way.
                    let _ = futures_lite::future::poll_once(connection.accept()).await;
                    return Ok(());
                }
                Fate::HangInBody => {
                    let body = begin(&mut respond)?;
                    tasks
                        .spawn(async move { drop((std::future::pending::<()>().await, body)) })
                        .detach();
                }
                fate => {
                    tasks
                        .spawn(async move { drop(echo(request, respond).await) })
                        .detach();
                    if fate == Fate::EchoAndLeave {
                        connection.graceful_shutdown();
                    }
                }
            }
        }
        Ok(())
    };
    tasks.run(requests).await
}

fn begin(respond: &mut SendResponse<Bytes>) -> Result<h2::SendStream<Bytes>, h2::Error> {
    let mut body = respond.send_response(http::Response::new(()), false)?;
    body.send_data("half".into(), false)?;
    Ok(body)
}

async fn echo(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let mut all = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        let _ = body.flow_control().release_capacity(chunk.len());
        all.extend_from_slice(&chunk);
    }
    if all.is_empty() {
        all = head.uri.to_string().into_bytes();
    }
    let mut reply = respond.send_response(http::Response::new(()), false)?;
    reply.send_data(all.into(), true)
}

/// What h2 reads and writes.
struct Tokio<S>(S);

impl<S: AsyncRead + Unpin> tokio::io::AsyncRead for Tokio<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let place = buffer.initialize_unfilled();
        let count = ready!(Pin::new(&mut self.0).poll_read(cx, place))?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> tokio::io::AsyncWrite for Tokio<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
