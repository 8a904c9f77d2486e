//! A source that is made up: bytes that come in pieces, with waits between them, and perhaps a failure on the way.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use futures_lite::AsyncRead;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Bytes(Vec<u8>),
    /// Pending, once.
    Wait,
    Fail(io::ErrorKind),
}

/// After its steps the stream has ended.
#[derive(Debug)]
pub(crate) struct Source(VecDeque<Step>);

impl Source {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect())
    }

    /// Waits before each byte and before the end.
    pub(crate) fn byte_by_byte(bytes: &[u8]) -> Self {
        let bytes = bytes
            .iter()
            .flat_map(|byte| [Step::Wait, Step::Bytes(vec![*byte])]);
        Self::new(bytes.chain([Step::Wait]))
    }

    /// Each of the texts is a piece.
    pub(crate) fn pieces(texts: &[&str]) -> Self {
        Self::new(
            texts
                .iter()
                .map(|text| Step::Bytes(text.as_bytes().to_vec())),
        )
    }
}

impl AsyncRead for Source {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.pop_front() {
            None => Poll::Ready(Ok(0)),
            // Those who poll it do so without being woken.
            Some(Step::Wait) => Poll::Pending,
            Some(Step::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(Step::Bytes(mut bytes)) => {
                let rest = bytes.split_off(bytes.len().min(room.len()));
                if !rest.is_empty() {
                    self.0.push_front(Step::Bytes(rest));
                }
                room[..bytes.len()].copy_from_slice(&bytes);
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }
}

/// Polls once.
pub(crate) fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The value of a future that is dropped after each poll that finds it pending, and made anew; and how often it was dropped.
pub(crate) fn dropped_at_each_poll<T>(mut poll_a_new_one: impl FnMut() -> Poll<T>) -> (T, u32) {
    let mut drops = 0;
    loop {
        match poll_a_new_one() {
            Poll::Ready(value) => return (value, drops),
            Poll::Pending => drops += 1,
        }
        assert!(drops < 1_000_000, "it never ends");
    }
}
