//! Redis, as far as `SET` and `GET`: one value, whatever its name.

use std::{future::Future, io, net::SocketAddr};

use super::{Reader, serve};
use futures::AsyncWriteExt;

const LONGEST_LINE: usize = 1024;

pub(crate) async fn resp<G, T>(client: impl FnOnce(SocketAddr) -> G) -> anyhow::Result<T>
where
    G: Future<Output = anyhow::Result<T>>,
{
    serve(script, client).await
}

async fn script(mut reader: Reader) -> io::Result<()> {
    let mut value = Vec::new();
    loop {
        let mut command = command(&mut reader).await?;
        let answer = match command[0].to_ascii_uppercase().as_slice() {
            b"SET" => {
                value = command.swap_remove(2);
                b"+OK\r\n".to_vec()
            }
            b"GET" => [format!("${}\r\n", value.len()).as_bytes(), &value, b"\r\n"].concat(),
            // `CLIENT SETINFO`, which every connection begins with.
            _ => b"+OK\r\n".to_vec(),
        };
        reader.get_mut().write_all(&answer).await?;
    }
}

/// An array of texts: `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`.
async fn command(reader: &mut Reader) -> io::Result<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    for _ in 0..number(reader).await? {
        let length = number(reader).await?;
        let mut part = reader.read_exactly(length + 2).await?;
        part.truncate(length);
        parts.push(part);
    }
    Ok(parts)
}

/// The number in a line that begins with its kind.
async fn number(reader: &mut Reader) -> io::Result<usize> {
    let line = reader.read_until("\r\n", LONGEST_LINE).await?;
    let digits = line.trim_ascii_end().get(1..).unwrap_or_default();
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| io::Error::other("a length was expected"))
}
