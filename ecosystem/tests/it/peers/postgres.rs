//! PostgreSQL's protocol, version 3, as far as a simple query: whatever is asked, the answer is one row with the text 42.

use std::{future::Future, io, net::SocketAddr};

use futures::AsyncWriteExt;

use super::{Reader, read, serve};

/// The startup message has no kind, but this number where others have their text.
const VERSION_3: [u8; 4] = [0, 3, 0, 0];
/// Of the type `text`, as the system's catalogue numbers it.
const TEXT: i32 = 25;

pub(crate) async fn postgres<G, T>(client: impl FnOnce(SocketAddr) -> G) -> anyhow::Result<T>
where
    G: Future<Output = anyhow::Result<T>>,
{
    serve(script, client).await
}

async fn script(mut reader: Reader) -> io::Result<()> {
    let length = u32::from_be_bytes(read(&mut reader).await?) as usize;
    let startup = reader.read_exactly(length - 4).await?;
    if !startup.starts_with(&VERSION_3) {
        return Err(io::Error::other(
            "a startup message of version 3 was expected",
        ));
    }
    let mut greeting = message(b'R', &0_i32.to_be_bytes()); // nobody needs a password
    greeting.extend(message(b'S', b"server_version\x0017.0\0"));
    greeting.extend(message(b'S', b"client_encoding\0UTF8\0"));
    greeting.extend(message(b'K', &[0; 8]));
    greeting.extend(ready());
    reader.get_mut().write_all(&greeting).await?;
    loop {
        let [kind] = read(&mut reader).await?;
        let length = u32::from_be_bytes(read(&mut reader).await?) as usize;
        reader.read_exactly(length - 4).await?;
        match kind {
            b'Q' => reader.get_mut().write_all(&answer()).await?,
            b'X' => return Ok(()),
            kind => {
                return Err(io::Error::other(format!(
                    "{:?} was not expected",
                    kind as char
                )));
            }
        }
    }
}

fn answer() -> Vec<u8> {
    let mut column = 1_i16.to_be_bytes().to_vec(); // one column
    column.extend(b"answer\0");
    column.extend([0; 6]); // of no table
    column.extend(TEXT.to_be_bytes());
    column.extend((-1_i16).to_be_bytes()); // as long as it likes
    column.extend((-1_i32).to_be_bytes());
    column.extend(0_i16.to_be_bytes()); // as text
    let mut row = 1_i16.to_be_bytes().to_vec();
    row.extend(2_i32.to_be_bytes());
    row.extend(b"42");
    [
        message(b'T', &column),
        message(b'D', &row),
        message(b'C', b"SELECT 1\0"),
        ready(),
    ]
    .concat()
}

fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("it is short");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}
