//! Any bytes as the frames that come over a WebSocket, of either side: messages within the limit, then an error that stays.

#![no_main]

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures_lite::{AsyncRead, AsyncWrite, future::block_on};
use libfuzzer_sys::fuzz_target;
use smolio_http::fuzzing;

const LIMIT: usize = 300;

/// What comes in pieces; what is written is forgotten.
struct Peer {
    input: Vec<u8>,
    position: usize,
    piece: usize,
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let rest = &self.input[self.position..];
        let count = rest.len().min(buffer.len()).min(self.piece);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((first, input)) = input.split_first() else {
        return;
    };
    let peer = Peer {
        input: input.to_vec(),
        position: 0,
        piece: 1 + usize::from(first >> 1),
    };
    block_on(async {
        let mut socket = fuzzing::websocket(peer, first & 1 == 0, LIMIT).await;
        let error = loop {
            match socket.receive().await {
                Ok(message) => assert!(message.as_bytes().len() <= LIMIT),
                Err(error) => break error,
            }
        };
        assert_eq!(socket.receive().await.unwrap_err().kind(), error.kind());
        assert!(socket.send("late").await.is_err());
    });
});
