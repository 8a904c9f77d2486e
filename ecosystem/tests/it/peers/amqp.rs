//! AMQP 0-9-1, as far as a connection, a channel, a queue and a message to it.

use std::{future::Future, io, net::SocketAddr};

use futures::AsyncWriteExt;

use super::{Reader, read, serve};

const METHOD: u8 = 1;
const FRAME_END: u8 = 0xCE;

pub(crate) async fn amqp<G, T>(client: impl FnOnce(SocketAddr) -> G) -> anyhow::Result<T>
where
    G: Future<Output = anyhow::Result<T>>,
{
    serve(script, client).await
}

async fn script(mut reader: Reader) -> io::Result<()> {
    if read(&mut reader).await? != *b"AMQP\0\0\x09\x01" {
        return Err(io::Error::other("the header of version 0-9-1 was expected"));
    }
    // connection.start: the version, no properties, PLAIN, en_US.
    let start = [
        &[0, 9][..],
        &long_text(b""),
        &long_text(b"PLAIN"),
        &long_text(b"en_US"),
    ]
    .concat();
    send(&mut reader, 0, (10, 10), &start).await?;
    loop {
        let (kind, channel, payload) = frame(&mut reader).await?;
        // Headers, bodies and heartbeats need no answer.
        if kind != METHOD {
            continue;
        }
        let class = u16::from_be_bytes([payload[0], payload[1]]);
        let method = u16::from_be_bytes([payload[2], payload[3]]);
        let (answer, arguments) = match (class, method) {
            // connection.start-ok: tune, with any number of channels, frames of 128 KiB, and no heartbeat.
            (10, 11) => (
                (10, 30),
                [&[0, 0][..], &131_072_u32.to_be_bytes(), &[0, 0]].concat(),
            ),
            // connection.tune-ok, basic.publish.
            (10, 31) | (60, 40) => continue,
            // connection.open, connection.close.
            (10, 40) => ((10, 41), vec![0]),
            (10, 50) => ((10, 51), Vec::new()),
            // channel.open, channel.close.
            (20, 10) => ((20, 11), long_text(b"")),
            (20, 40) => ((20, 41), Vec::new()),
            // queue.declare: its name, no messages, no consumers.
            (50, 10) => ((50, 11), [&[4][..], b"jobs", &[0; 8]].concat()),
            other => return Err(io::Error::other(format!("{other:?} was not expected"))),
        };
        send(&mut reader, channel, answer, &arguments).await?;
    }
}

async fn frame(reader: &mut Reader) -> io::Result<(u8, u16, Vec<u8>)> {
    let [kind, high, low] = read(reader).await?;
    let length = u32::from_be_bytes(read(reader).await?) as usize;
    let mut payload = reader.read_exactly(length + 1).await?;
    payload.truncate(length);
    Ok((kind, u16::from_be_bytes([high, low]), payload))
}

async fn send(
    reader: &mut Reader,
    channel: u16,
    (class, method): (u16, u16),
    arguments: &[u8],
) -> io::Result<()> {
    let length = u32::try_from(arguments.len() + 4).expect("it is short");
    let mut frame = vec![METHOD];
    frame.extend(channel.to_be_bytes());
    frame.extend(length.to_be_bytes());
    frame.extend(class.to_be_bytes());
    frame.extend(method.to_be_bytes());
    frame.extend(arguments);
    frame.push(FRAME_END);
    reader.get_mut().write_all(&frame).await
}

fn long_text(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("it is short");
    [&length.to_be_bytes()[..], text].concat()
}
