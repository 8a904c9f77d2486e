//! A server that keeps to a script, whatever HTTP says.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::{JoinHandle, spawn},
};

use futures_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::script::{Play, Received, Step};

/// Listens on a port of the loopback, and plays one script on each connection. All of it ends when this is dropped and the
/// connections are closed.
///
/// ```ignore
/// let peer = Peer::new([vec![Step::Request, ok("hello")]]);
/// let request = http::Request::get(peer.url("/")).body(Body::empty());
/// // ...
/// assert_eq!(peer.requests()[0].first_line(), "GET / HTTP/1.1");
/// ```
#[derive(Debug)]
pub(crate) struct Peer {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
    acceptor: Option<JoinHandle<()>>,
    scheme: &'static str,
}

#[derive(Debug, Default)]
struct Log {
    requests: Vec<Received>,
    /// Connections that were accepted.
    opened: usize,
    /// Connections of which the script has ended.
    closed: usize,
    is_over: bool,
}

impl Peer {
    /// The first connection gets the first script, and so on. Those beyond the last script are closed at once.
    pub(crate) fn new(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let mut scripts = scripts.into_iter().collect::<Vec<_>>().into_iter();
        Self::start(None, move || scripts.next().unwrap_or_default())
    }

    /// Each connection gets the same script.
    pub(crate) fn always(script: Vec<Step>) -> Self {
        Self::start(None, move || script.clone())
    }

    /// Each connection gets the same script, after the handshake of TLS.
    pub(crate) fn with_tls(config: Arc<ServerConfig>, script: Vec<Step>) -> Self {
        Self::start(Some(config), move || script.clone())
    }

    fn start(
        tls: Option<Arc<ServerConfig>>,
        mut script: impl FnMut() -> Vec<Step> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Log::default()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = log.clone();
        let acceptor = spawn(move || {
            for socket in listener.incoming() {
                let number = {
                    let mut log = shared.lock().unwrap();
                    if log.is_over {
                        return;
                    }
                    log.opened += 1;
                    log.opened - 1
                };
                let (socket, log, tls, script) =
                    (socket.unwrap(), shared.clone(), tls.clone(), script());
                spawn(move || {
                    serve(socket, tls, number, &script, &log);
                    log.lock().unwrap().closed += 1;
                });
            }
        });
        Self {
            address,
            log,
            acceptor: Some(acceptor),
            scheme,
        }
    }

    /// An address of HTTP on this peer.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The same by name.
    pub(crate) fn named_url(&self, name: &str, path: &str) -> String {
        format!("{}://{name}:{}{path}", self.scheme, self.address.port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that were read so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.lock().unwrap().requests.clone()
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.log.lock().unwrap().opened
    }

    /// Waits until the scripts of all connections have ended: for those that hang, until the other side has hung up.
    ///
    /// # Panics
    /// If that takes too long.
    pub(crate) fn wait_closed(&self) {
        let begun = smolio_context::Instant::now();
        loop {
            let log = self.log.lock().unwrap();
            if log.opened == log.closed {
                return;
            }
            assert!(
                begun.elapsed() < super::SAFETY,
                "{} connections are still open",
                log.opened - log.closed
            );
            drop(log);
            std::thread::yield_now();
        }
    }
}

fn serve(
    socket: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    number: usize,
    script: &[Step],
    log: &Mutex<Log>,
) {
    let mut record = |request| log.lock().unwrap().requests.push(request);
    // What goes wrong here is seen by the other side, which is what the tests look at.
    let _ = match tls {
        None => Play::new(&mut &socket, &socket, number, &mut record).run(script),
        Some(config) => {
            let session = ServerConnection::new(config).unwrap();
            let mut wire = StreamOwned::new(session, &socket);
            let played = Play::new(&mut wire, &socket, number, &mut record).run(script);
            wire.conn.send_close_notify();
            let _ = wire.conn.write_tls(&mut &socket);
            played
        }
    };
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.log.lock().unwrap().is_over = true;
        // It waits for a connection: here is one.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let ended = acceptor.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}
