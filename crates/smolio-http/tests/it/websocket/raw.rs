//! Frames as bytes, and peers that send them.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::{JoinHandle, spawn},
};

use async_tungstenite::tungstenite::handshake::derive_accept_key;

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// The bit of a frame that is the last one of its message.
pub(super) const LAST: u8 = 0x80;

/// A frame of up to 125 bytes, as a server sends it.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, u8::try_from(payload.len()).unwrap()];
    bytes.extend_from_slice(payload);
    bytes
}

/// The same as a client sends it.
pub(super) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first, 0x80 | u8::try_from(payload.len()).unwrap()];
    bytes.extend_from_slice(&mask);
    let payload = payload.iter().zip(mask.iter().cycle());
    bytes.extend(payload.map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A goodbye's payload.
pub(super) fn goodbye(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    payload
}

/// The next frame that comes, short ones only: its first byte and its payload. None when the other side has hung up.
pub(super) fn read_frame(peer: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    peer.read_exact(&mut head).ok()?;
    let is_masked = head[1] & 0x80 != 0;
    let length = usize::from(head[1] & 0x7f);
    assert!(length < 126, "a test with short frames only");
    let mut mask = [0; 4];
    if is_masked {
        peer.read_exact(&mut mask).ok()?;
    }
    let mut payload = vec![0; length];
    peer.read_exact(&mut payload).ok()?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Some((head[0], payload))
}

/// Reads as far as the end of the head.
pub(super) fn read_head(peer: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        peer.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A header of a head.
pub(super) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The answer of a server that agrees, for the head of a request.
pub(super) fn agree(head: &str) -> String {
    let key = header(head, "sec-websocket-key").unwrap();
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n\
         sec-websocket-accept: {accept}\r\n"
    )
}

/// A server that does what is said with its first connection.
pub(super) fn server<T: Send + 'static>(
    run: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let thread = spawn(move || run(accept(&listener)));
    (url, thread)
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(super::SAFETY)).unwrap();
    peer.set_nodelay(true).unwrap();
    peer
}

/// The same, after a handshake as it should be.
pub(super) fn open_server<T: Send + 'static>(
    run: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    server(|mut peer| {
        let head = read_head(&mut peer);
        let answer = agree(&head);
        peer.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        run(peer)
    })
}

/// A client of a server at `ws://address/ws`, after a handshake as it should be.
pub(super) fn client(url: &str) -> TcpStream {
    let address = url.strip_prefix("ws://").unwrap();
    let address = address.strip_suffix("/ws").unwrap();
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(super::SAFETY)).unwrap();
    peer.set_nodelay(true).unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    peer.write_all(request.as_bytes()).unwrap();
    let head = read_head(&mut peer);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    // The example of RFC 6455.
    let accept = header(&head, "sec-websocket-accept");
    assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    peer
}
