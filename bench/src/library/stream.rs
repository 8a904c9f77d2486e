//! TCP as the echo row needs it: tokio has traits of its own for reading and writing, the smol
//! ecosystem has others.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// Any free port of the loopback device.
const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// A connected TCP socket.
pub(crate) trait Stream: Sized + Send + 'static {
    /// The listening socket that belongs to it.
    type Listener: Send;

    /// Listens on a free port of the loopback device.
    fn listen() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send;

    /// Waits for the next client.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self>> + Send;

    /// Connects.
    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<Self>> + Send;

    /// Reads what is there; zero at the end of the stream.
    fn read(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Fills the buffer.
    fn read_exact(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Writes all of it.
    fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

impl Stream for tokio::net::TcpStream {
    type Listener = tokio::net::TcpListener;

    async fn listen() -> io::Result<(Self::Listener, SocketAddr)> {
        let listener = tokio::net::TcpListener::bind(LOOPBACK).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self> {
        Ok(listener.accept().await?.0)
    }

    async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::connect(address).await
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        tokio::io::AsyncReadExt::read(self, buffer).await
    }

    async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        tokio::io::AsyncReadExt::read_exact(self, buffer).await?;
        Ok(())
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        tokio::io::AsyncWriteExt::write_all(self, bytes).await
    }
}

/// The sockets of plain smol and of ours.
impl Stream for async_net::TcpStream {
    type Listener = async_net::TcpListener;

    async fn listen() -> io::Result<(Self::Listener, SocketAddr)> {
        let listener = async_net::TcpListener::bind(LOOPBACK).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self> {
        Ok(listener.accept().await?.0)
    }

    async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::connect(address).await
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        smol::io::AsyncReadExt::read(self, buffer).await
    }

    async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        smol::io::AsyncReadExt::read_exact(self, buffer).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        smol::io::AsyncWriteExt::write_all(self, bytes).await
    }
}
