//! The server that clients are measured against: it speaks as much HTTP as they need, and does next to
//! nothing for it, so that they wait for themselves and not for it.
//!
//! It is neither ours nor a peer's: bare sockets, in another process. That these are tokio's favours
//! nobody there.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The answer to most requests, which is as long as those of an API that has little to say.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 13\r\n\
    date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    \r\n\
    Hello, world!";

/// Where the answer takes its time: so many milliseconds.
pub(super) const WAIT: &str = "/wait/";

/// Where the answer is long: so many bytes.
pub(super) const BYTES: &str = "/bytes/";

/// As much as is written at once of a long answer.
const CHUNK: usize = 256 * 1024;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Answers until the process ends.
pub(super) async fn serve(report: impl FnOnce(u16)) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    report(listener.local_addr()?.port());
    loop {
        let (client, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        // Clients hang up as they like.
        tokio::spawn(async move { answer(client).await.ok() });
    }
}

/// Answers one request after the other. Nobody here sends a body, or a request before the last answer
/// is there.
async fn answer(mut client: TcpStream) -> io::Result<()> {
    let mut request = Vec::with_capacity(1024);
    while client.read_buf(&mut request).await? > 0 {
        if request.ends_with(END_OF_HEAD) {
            let path = path(&request);
            if let Some(milliseconds) = number_after(WAIT, path) {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                client.write_all(ANSWER).await?;
            } else if let Some(length) = number_after(BYTES, path) {
                write_bytes(&mut client, length).await?;
            } else {
                client.write_all(ANSWER).await?;
            }
            request.clear();
        }
    }
    Ok(())
}

/// The second word of a request.
fn path(request: &[u8]) -> &str {
    let mut words = request.split(|&byte| byte == b' ');
    let path = words.nth(1).unwrap_or_default();
    std::str::from_utf8(path).unwrap_or_default()
}

fn number_after(prefix: &str, path: &str) -> Option<u64> {
    path.strip_prefix(prefix)?.parse().ok()
}

async fn write_bytes(client: &mut TcpStream, mut length: u64) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).await?;
    let chunk = vec![b'x'; CHUNK];
    while length > 0 {
        let part = length.min(CHUNK as u64);
        client.write_all(&chunk[..part as usize]).await?;
        length -= part;
    }
    Ok(())
}
