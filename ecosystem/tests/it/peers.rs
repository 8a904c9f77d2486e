//! Those that are talked to, on loopback: enough of a server each that a client connects, asks once, and goes.

mod amqp;
mod http;
mod postgres;
mod resp;

use std::{
    future::Future,
    io::{self, ErrorKind},
    net::SocketAddr,
};

use smolio::net::{StreamReader, TcpConnection, TcpStream, start_server};

pub(crate) use amqp::amqp;
pub(crate) use http::{http, https};
pub(crate) use postgres::postgres;
pub(crate) use resp::resp;

pub(crate) type Reader = StreamReader<TcpStream>;

/// Serves with `script` until `client`, which is given the address, is done. What a client breaks off is its own affair.
async fn serve<S, F, C, G, T>(script: S, client: C) -> anyhow::Result<T>
where
    S: Fn(Reader) -> F + Sync,
    F: Future<Output = io::Result<()>> + Send,
    C: FnOnce(SocketAddr) -> G,
    G: Future<Output = anyhow::Result<T>>,
{
    let handle = async |connection: TcpConnection| match script(StreamReader::new(
        connection.stream,
    ))
    .await
    {
        Err(error) if is_end(&error) => Ok(()),
        result => result,
    };
    let server = start_server("127.0.0.1:0", handle).await?;
    let address = server.local_addresses()[0];
    server.serve_until(client(address)).await.reason
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

async fn read<const N: usize>(reader: &mut Reader) -> io::Result<[u8; N]> {
    let bytes = reader.read_exactly(N).await?;
    Ok(bytes.try_into().expect("as many as were asked for"))
}
