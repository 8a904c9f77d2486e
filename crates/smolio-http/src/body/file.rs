//! A file as a body: opened again when it is sent again.

use std::{
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use async_fs::File;
use bytes::Bytes;
use futures_lite::AsyncRead;

use super::pieces::PIECE;

/// A file that is sent, or will be.
pub(super) struct FileBody {
    path: Arc<PathBuf>,
    /// What it was when the body was made.
    length: u64,
    left: u64,
    state: State,
    buffer: Vec<u8>,
}

enum State {
    Closed,
    Opening(Pin<Box<dyn Future<Output = io::Result<File>> + Send>>),
    Open(File),
}

impl FileBody {
    pub(super) async fn open(path: PathBuf) -> io::Result<Self> {
        let file = File::open(&path).await?;
        let metadata = file.metadata().await?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self {
            path: Arc::new(path),
            length: metadata.len(),
            left: metadata.len(),
            state: State::Open(file),
            buffer: Vec::new(),
        })
    }

    /// The same from its beginning. It is opened when it is wanted.
    pub(super) fn again(&self) -> Self {
        Self {
            path: self.path.clone(),
            length: self.length,
            left: self.length,
            state: State::Closed,
            buffer: Vec::new(),
        }
    }

    /// How much has not been sent yet.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match &mut self.state {
                _ if self.left == 0 => return Poll::Ready(None),
                State::Closed => {
                    let path = self.path.clone();
                    self.state = State::Opening(Box::pin(async move { File::open(&*path).await }));
                }
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(file) => self.state = State::Open(file),
                    Err(error) => {
                        self.left = 0;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Open(file) => {
                    let wanted = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
                    self.buffer.resize(wanted, 0);
                    let count = ready!(Pin::new(file).poll_read(cx, &mut self.buffer))?;
                    if count == 0 {
                        self.left = 0;
                        let error = io::Error::new(
                            io::ErrorKind::UnexpectedEof,
                            format!("{} has become shorter", self.path.display()),
                        );
                        return Poll::Ready(Some(Err(error)));
                    }
                    self.left -= count as u64;
                    return Poll::Ready(Some(Ok(Bytes::copy_from_slice(&self.buffer[..count]))));
                }
            }
        }
    }
}
