//! A proxy that makes tunnels, and nothing else.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::spawn,
};

/// All tunnels lead to one address, whatever was asked for; so names need not exist.
pub(crate) struct Tunnels {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    pub(crate) fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<_>>>::default();
        let log = heads.clone();
        // It ends with the process: nothing waits for it.
        spawn(move || {
            for client in listener.incoming() {
                let (client, log) = (client.unwrap(), log.clone());
                spawn(move || tunnel(client, target, &log));
            }
        });
        Self { address, heads }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests for tunnels.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn tunnel(mut client: TcpStream, target: SocketAddr, log: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    log.lock().unwrap().push(String::from_utf8(head).unwrap());
    let server = TcpStream::connect(target).unwrap();
    client
        .write_all(b"HTTP/1.1 200 Connection established\r\nx: y\r\n\r\n")
        .unwrap();
    let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let back = spawn(move || copy(back, client));
    copy(forth, server);
    back.join().unwrap();
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    // Either side may hang up at any time.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
