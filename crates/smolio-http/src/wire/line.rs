//! `Line`: what is known of a connection while hyper has it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use futures_io::{AsyncRead, AsyncWrite};

use crate::stream::Stream;

/// How far the request is that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Sending {
    /// All of it is written, or about to be.
    Done,
    /// The peer has to take more of it.
    Writing,
    /// Its body has nothing to send for now.
    Starved,
}

/// Shared by those who drive a connection, its stream, and the body that goes over it. All of them are in one future, so
/// nothing here has to be in order with anything else.
#[derive(Debug)]
pub(crate) struct Line {
    /// Something was written, or taken from the body, since somebody asked.
    has_written: AtomicBool,
    /// The next read is to ask the system.
    is_distrusted: AtomicBool,
    sending: AtomicU8,
    /// What went wrong with the request's body.
    body_failure: Mutex<Option<io::Error>>,
}

impl Line {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            has_written: AtomicBool::new(false),
            is_distrusted: AtomicBool::new(false),
            sending: AtomicU8::new(Sending::Done as u8),
            body_failure: Mutex::new(None),
        })
    }

    pub(crate) fn sending(&self) -> Sending {
        match self.sending.load(Relaxed) {
            0 => Sending::Done,
            1 => Sending::Writing,
            _ => Sending::Starved,
        }
    }

    pub(super) fn set_sending(&self, sending: Sending) {
        self.sending.store(sending as u8, Relaxed);
    }

    /// Whether something was written since this was last asked.
    pub(crate) fn take_written(&self) -> bool {
        self.has_written.load(Relaxed) && self.has_written.swap(false, Relaxed)
    }

    pub(super) fn note_progress(&self) {
        self.has_written.store(true, Relaxed);
    }

    pub(super) fn distrust(&self) {
        self.is_distrusted.store(true, Relaxed);
    }

    /// Keeps the error, and gives hyper something to end the connection with.
    pub(super) fn fail_body(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        *self.failure() = Some(error);
        kind.into()
    }

    pub(super) fn take_body_failure(&self) -> Option<io::Error> {
        self.failure().take()
    }

    fn failure(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.body_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that tells its line what happens.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    line: Arc<Line>,
}

impl Watched {
    pub(super) fn new(stream: Stream, line: Arc<Line>) -> Self {
        Self { stream, line }
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(1..)) = written {
            self.line.note_progress();
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.line.is_distrusted.load(Relaxed) {
            self.line.is_distrusted.store(false, Relaxed);
            self.stream.distrust();
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buffer);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.wrote(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
