//! The client that servers are measured with: bare sockets and as much HTTP as it takes to see where an
//! answer ends, so that the server is what is waited for. It is the same for all of them.

use std::io;
use std::net::Ipv4Addr;

use rustix::time::ClockId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::library::{Library, Tokio, Workers};
use crate::rows::{Scale, time_per_operation};

const CONNECTIONS: u64 = 64;
const REQUESTS: u64 = 64_000;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const LENGTH: &[u8] = b"\r\ncontent-length: ";

/// What an answer costs when there are always as many requests under way as there are connections.
pub(super) fn time_per_answer(port: u16, path: &'static str, scale: Scale) -> f64 {
    Tokio::run(Workers::One, async move {
        let requests = scale.of(REQUESTS);
        time_per_operation(ClockId::Monotonic, requests, || async move {
            let tasks: Vec<_> = (0..CONNECTIONS)
                .map(|_| Tokio::spawn(ask(port, path, requests / CONNECTIONS)))
                .collect();
            for task in tasks {
                task.await.expect("the server answers");
            }
        })
        .await
    })
}

/// Sends a request, waits for its answer, and sends the next.
async fn ask(port: u16, path: &str, requests: u64) -> io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    server.set_nodelay(true)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n"
    );
    let mut answer = Vec::with_capacity(1024);
    for _ in 0..requests {
        server.write_all(request.as_bytes()).await?;
        answer.clear();
        while !is_whole(&answer)? {
            if server.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
    Ok(())
}

/// Whether all of an answer is there.
fn is_whole(answer: &[u8]) -> io::Result<bool> {
    let Some(end) = find(answer, END_OF_HEAD) else {
        return Ok(false);
    };
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return Err(io::Error::other("the answer is not what was asked for"));
    }
    let head = answer[..end].to_ascii_lowercase();
    let length = find(&head, LENGTH).and_then(|start| {
        let digits = head[start + LENGTH.len()..]
            .split(|&byte| byte == b'\r')
            .next()?;
        std::str::from_utf8(digits).ok()?.parse::<usize>().ok()
    });
    let length =
        length.ok_or_else(|| io::Error::other("the answer does not say how long it is"))?;
    Ok(answer.len() >= end + END_OF_HEAD.len() + length)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nx: y\r\n\r\nabc";
        for length in 0..answer.len() {
            assert!(!is_whole(&answer[..length]).unwrap());
        }
        assert!(is_whole(answer).unwrap());
        assert!(is_whole(b"HTTP/1.1 404 Not Found\r\n\r\n").is_err());
        assert!(is_whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
